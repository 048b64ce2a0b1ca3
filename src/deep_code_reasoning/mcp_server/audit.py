"""The audit log: one line a tool call, resource read and prompt, for the owner of the machine.

It says who called what, when, with which keys, how large, and how it ended; never what the arguments said: they quote
private code, and a log is copied more easily than a database. The file is the owner's alone, and its size is bounded.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

FILE_NAME = "audit.jsonl"
LARGEST = 10_000_000  # bytes; one older file of this size is kept beside
MOST_NAMES, LONGEST_NAME = 40, 60  # of arguments, in characters: a caller makes them up
AUDITED = frozenset({"tools/call", "resources/read", "prompts/get"})

log = logging.getLogger(__name__)
_lock = threading.Lock()


class Audit:
    """A middleware of the server. A log that cannot be written is told once, and stops no call."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE_NAME
        self._broken = False

    async def __call__(self, context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if context.method not in AUDITED or context.request_id is None:
            return await call_next(context)
        started = time.monotonic()
        outcome = "cancelled"
        try:
            result = await call_next(context)
            outcome = "error" if _is_error(result) else "ok"
            return result
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            self._write(_line(context, outcome, time.monotonic() - started))

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            with _lock:
                _append(self._path, json.dumps(line, separators=(",", ":")))
        except OSError as error:
            if not self._broken:
                log.warning("%s cannot be written: %s", FILE_NAME, error.strerror)
            self._broken = True


def _is_error(result: HandlerResult) -> bool:
    told = result.get("isError") if isinstance(result, dict) else getattr(result, "is_error", False)
    return bool(told)


def _line(context: ServerRequestContext[Any, Any], outcome: str, seconds: float) -> dict[str, Any]:
    params = context.params or {}
    arguments = params.get("arguments")
    client = context.session.client_params
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "process": os.getpid(),
        "client": f"{client.client_info.name} {client.client_info.version}"[:100] if client else "unknown",
        "protocol": context.protocol_version,
        "transport": "http" if context.request is not None else "stdio",
        "method": context.method,
        "name": str(params.get("name") or params.get("uri") or "")[:200],
        "arguments": [name[:LONGEST_NAME] for name in sorted(map(str, arguments))[:MOST_NAMES]]
        if isinstance(arguments, Mapping)
        else [],
        "bytes": len(json.dumps(arguments, default=str)) if arguments else 0,
        "outcome": outcome,
        "seconds": round(seconds, 3),
    }


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, (line + "\n").encode("utf-8", "replace"))  # one write: lines of processes do not mix
        full = os.fstat(descriptor).st_size > LARGEST
    finally:
        os.close(descriptor)
    if full:
        path.replace(path.with_suffix(".1.jsonl"))
