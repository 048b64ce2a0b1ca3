"""A server on loopback that speaks Gemini's generateContent: it plays a list of replies and remembers the requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Played:
    """One answer; `seconds` is how long the server takes over it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class GeminiStub:
    url: str
    play: list[Played]
    seen: list[Seen] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    arrived_at: float = 0


def says(text: str, *, finish: str = "STOP", cached: int = 0, thinking: int = 0, prompt: int = 1200) -> Played:
    usage = {
        "promptTokenCount": prompt, "candidatesTokenCount": 300, "totalTokenCount": prompt + 300 + thinking,
        "cachedContentTokenCount": cached, "thoughtsTokenCount": thinking,
    }  # fmt: skip
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
    reply = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-4-argon", "responseId": "r1"}
    return Played(body=json.dumps(reply).encode(), headers={"content-type": "application/json"})


def fails(status: int, message: str, code: str, **headers: str) -> Played:
    body = {"error": {"code": status, "message": message, "status": code}}
    return Played(status, json.dumps(body).encode(), {"content-type": "application/json", **headers})


@contextmanager
def gemini_stub(*play: Played) -> Iterator[GeminiStub]:
    """Plays one reply a request; a request too many gets the last once more."""
    stub = GeminiStub("", list(play))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            played = stub.play[min(len(stub.seen), len(stub.play) - 1)]
            stub.seen.append(Seen(self.path, headers, body.decode()))
            stub.arrived_at = time.monotonic()
            stub.arrived.set()
            stub.closing.wait(played.seconds)
            try:
                self.send_response(played.status)
                for name, value in {**played.headers, "content-length": str(len(played.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(played.body)
            except OSError:
                pass  # the client has gone: it was cancelled

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.closing.set()
        server.shutdown()
        server.server_close()
