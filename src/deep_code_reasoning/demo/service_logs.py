"""Plain log files of the services: a Java and a Python layout with stack traces, JSON lines, a GC log."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from json import JSONEncoder
from pathlib import Path
from typing import TextIO

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _moment(wall_ns: int) -> datetime:
    return datetime.fromtimestamp(wall_ns // 1000 / 1_000_000, UTC)


class LogFile:
    """A text file that can be rotated into a gzip; it is there from its first line on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._file: TextIO | None = None

    def write(self, text: str) -> None:
        if self._file is None:
            self._file = self._open()
        self._file.write(text)
        self.lines += 1

    def rotate(self, suffix: str) -> None:
        """Compress what is there into `<name>.<suffix>.log.gz` and start afresh."""
        if self._file is None:
            return
        self._file.close()
        target = self.path.with_name(f"{self.path.stem}.{suffix}{self.path.suffix}.gz")
        with (
            self.path.open("rb") as plain,
            target.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(plain, packed)
        self._file = self._open()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> TextIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.path.open("w", encoding="utf-8", newline="\n")


def java_line(wall_ns: int, level: str, thread: str, logger: str, message: str, stack: str = "") -> str:
    """A line as Spring Boot's default layout writes it; the stack trace follows on lines of its own."""
    stamp = _moment(wall_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = f"{stamp} {level:>5} 1 --- [{thread:>18}] {logger:<40} : {message}\n"
    return f"{line}{stack}\n" if stack else line


def python_line(wall_ns: int, level: str, logger: str, message: str, stack: str = "") -> str:
    """A line as Python's logging writes it with asctime; the traceback follows on lines of its own."""
    moment = _moment(wall_ns)
    line = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d} {level} [{logger}] {message}\n"
    return f"{line}{stack}\n" if stack else line


def json_line(wall_ns: int, fields: Mapping[str, object]) -> str:
    """One object a line, as a proxy's access log has it."""
    stamp = _moment(wall_ns).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return _encode({"time": stamp, **fields}) + "\n"


def gc_line(wall_ns: int, number: int, cause: str, heap_mb: tuple[int, int, int], pause_s: float) -> str:
    """A line of the unified logging of a JVM (JEP 158): heap before, after and in total, then the pause."""
    stamp = _moment(wall_ns).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    before, after, total = heap_mb
    heap = f"{before}M->{after}M({total}M)"
    return f"[{stamp}][info][gc] GC({number}) Pause {cause} {heap} {pause_s * 1000:.3f}ms\n"
