"""A Gemini on loopback that counts: four characters are a token, what an earlier request began with is cached.

It keeps to the wire format of generateContent, so the provider's own SDK speaks to it. Each request is answered with
the number of questions asked in it, after `seconds`. Implicit caching as the service documents it: the longest prefix
that this request shares with an earlier one is read from the cache, if it is 1,024 tokens or more. Explicit caches are
made, extended and deleted as in its API, and read where a request names one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LEAST_CACHED = 1_024
CHARACTERS_A_TOKEN = 4


@dataclass
class Counted:
    text: str
    input_tokens: int
    cached_tokens: int


@dataclass
class CountingGemini:
    """`answer` makes the model's text of a request's messages; `hold` keeps requests waiting until it is set."""

    url: str = ""
    answer: Callable[[list[str]], str] = lambda messages: narrative(f"You asked: {messages[-1][-200:]}")
    status: int = 200
    most_tokens: int = 1_000_000
    implicit: bool = True
    explicit: bool = True
    kept: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    seen: list[Counted] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    hold: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, request: dict[str, Any]) -> tuple[int, bytes]:
        if self.status != 200:
            error = {"error": {"code": self.status, "message": "out of order", "status": "UNAVAILABLE"}}
            return self.status, json.dumps(error).encode()
        messages = [_text(content) for content in request["contents"]]
        name = request.get("cachedContent", "")
        with self.lock:
            if name and name not in self.kept:
                error = {"error": {"code": 403, "message": "CachedContent not found", "status": "PERMISSION_DENIED"}}
                return 403, json.dumps(error).encode()
            whole = "\x1e".join([self.kept[name] if name else _text(request.get("systemInstruction") or {}), *messages])
            if (taken := len(whole) // CHARACTERS_A_TOKEN) > self.most_tokens:
                message = f"The input token count ({taken}) exceeds the maximum number of tokens allowed."
                error = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
                return 400, json.dumps(error).encode()
            shared = max((_shared(whole, one.text) for one in self.seen), default=0) if self.implicit else 0
            shared = max(shared, len(self.kept[name]) if name else 0)
            cached = shared // CHARACTERS_A_TOKEN if shared // CHARACTERS_A_TOKEN >= LEAST_CACHED else 0
            self.seen.append(Counted(whole, len(whole) // CHARACTERS_A_TOKEN, cached))
            counted = self.seen[-1]
        text = self.answer(messages)
        output = len(text) // CHARACTERS_A_TOKEN
        usage = {
            "promptTokenCount": counted.input_tokens, "candidatesTokenCount": output,
            "totalTokenCount": counted.input_tokens + output, "cachedContentTokenCount": counted.cached_tokens,
        }  # fmt: skip
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}
        body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-4-argon", "responseId": "r"}
        return 200, json.dumps(body).encode()

    def cache(self, method: str, path: str, request: dict[str, Any]) -> tuple[int, bytes]:
        """What the API has under /cachedContents."""
        name = path.partition("/v1beta/")[2].partition("?")[0]
        with self.lock:
            self.calls.append(f"{method} {name}")
            if method == "POST":
                text = "\x1e".join(
                    [_text(request.get("systemInstruction") or {}), *(_text(one) for one in request["contents"])]
                )
                if not self.explicit or len(text) // CHARACTERS_A_TOKEN < LEAST_CACHED:
                    error = {"code": 400, "message": "Cached content is too small", "status": "INVALID_ARGUMENT"}
                    return 400, json.dumps({"error": error}).encode()
                name = f"cachedContents/c{len(self.calls)}"
                self.kept[name] = text
            if name not in self.kept:
                return 404, b'{"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}'
            if method == "DELETE":
                del self.kept[name]
                return 200, b"{}"
            ttl = float(request.get("ttl", "300s").removesuffix("s"))
            expires = datetime.fromtimestamp(time.time() + ttl, UTC).isoformat().replace("+00:00", "Z")
            tokens = len(self.kept[name]) // CHARACTERS_A_TOKEN
            made = {"name": name, "usageMetadata": {"totalTokenCount": tokens}, "expireTime": expires}
            return 200, json.dumps(made).encode()


def narrative(text: str, **more: Any) -> str:
    return json.dumps({"narrative": text, **more})


@contextmanager
def counting_gemini(**given: Any) -> Iterator[CountingGemini]:
    """Answers at once, unless `hold` is cleared."""
    service = CountingGemini(**given)
    service.hold.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if "cachedContents" in self.path:
                self._send(*service.cache(self.command, self.path, request))
                return
            if not re.search(r":generateContent", self.path):
                self._send(404, b'{"error": {"code": 404, "message": "not played here", "status": "NOT_FOUND"}}')
                return
            status, body = service.reply(request)
            service.arrived.release()
            service.hold.wait(60)
            self._send(status, body)

        do_PATCH = do_DELETE = do_POST

        def _send(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the client has gone

        def log_message(self, format: str, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield service
    finally:
        service.hold.set()
        server.shutdown()
        server.server_close()


def _text(content: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in content.get("parts", ()))


def _shared(text: str, other: str) -> int:
    """Length of the common prefix."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] == other[:middle] else (low, middle - 1)
    return low
