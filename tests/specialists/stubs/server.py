"""A server on loopback that plays a list of replies, remembers the requests, and sees a client go."""

from __future__ import annotations

import json
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import MSG_PEEK
from typing import Any

JSON = {"content-type": "application/json"}


@dataclass
class Played:
    """One answer. `seconds` is how long the server takes over it; `cut`: the connection is closed after so many bytes
    of the body, though more were promised."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    cut: int | None = None


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Stub:
    """`left` is set once a client closed its connection before it had its answer."""

    url: str
    play: list[Played]
    seen: list[Seen] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    arrived_at: float = 0
    taking: threading.Lock = field(default_factory=threading.Lock)

    def take(self, seen: Seen) -> Played:
        with self.taking:
            played = self.play[min(len(self.seen), len(self.play) - 1)]
            self.seen.append(seen)
        self.arrived_at = time.monotonic()
        self.arrived.set()
        return played


def plays(body: Any, status: int = 200, **headers: str) -> Played:
    """A JSON body, or one as it is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Played(status, data, JSON | headers)


def streams(events: Sequence[dict[str, Any]], *, ends: bool = True) -> Played:
    """Server-sent events; without `ends`, the last third of them never comes, and the connection is closed in order."""
    kept = events if ends else events[: len(events) * 2 // 3]
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in kept]
    return Played(200, "".join(lines).encode(), {"content-type": "text/event-stream"})


def slowly(played: Played, seconds: float = 20) -> Played:
    return replace(played, seconds=seconds)


HTML = Played(
    200, b"<html><head><title>Welcome</title></head><body>Log in</body></html>", {"content-type": "text/html"}
)
BAD_GATEWAY = Played(502, b"<html><body><h1>Bad gateway</h1></body></html>", {"content-type": "text/html"})
EMPTY = Played(200, b"", JSON)
GARBAGE = Played(200, b"\x00\xff\xfe{]]" * 50, JSON)
A_LIST = Played(200, b"[1, 2]", JSON)


@contextmanager
def stub(*play: Played) -> Iterator[Stub]:
    """Plays one reply a request; a request too many gets the last once more."""
    made = Stub("", list(play))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.closing.set()
        server.shutdown()
        server.server_close()


def _handler(made: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            played = made.take(Seen(self.command, self.path, headers, body.decode()))
            try:
                if self.waits_in_vain(played.seconds):
                    made.left.set()
                    return
                self.send_response(played.status)
                for name, value in {**played.headers, "content-length": str(len(played.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(played.body[: played.cut])
                self.close_connection = self.close_connection or played.cut is not None
            except OSError:
                made.left.set()  # the client has gone: it was cancelled

        def waits_in_vain(self, seconds: float) -> bool:
            """Waits; True as soon as the client has closed its side."""
            until = time.monotonic() + seconds
            while time.monotonic() < until and not made.closing.is_set():
                readable, _, _ = select.select([self.connection], [], [], 0.05)
                if readable and not self.connection.recv(1, MSG_PEEK):
                    return True
            return False

        do_POST = do_GET = do_DELETE = do_PATCH = answer

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler
