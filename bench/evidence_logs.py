"""Logs of the benchmark: flat JSON lines and plain text lines, seeded."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evidence_traces import SERVICES

START = datetime(2025, 10, 9, 8, tzinfo=UTC)
LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "INFO", "WARN", "ERROR")
MESSAGES = (
    "order %d placed by customer %d",
    "lease on orders/%d renewed for %d ms",
    'GET /api/v1/cart/%d "HTTP/1.1" 200 in %d ms',
    "stock of sku %d below %d",
    "could not reach 10.0.3.%d:5432 after %d attempts: C:\\data is gone",
    "cache miss for Zoë %d, %d bytes",
)
LINES_AT_A_TIME = 10_000


def write_json(path: Path, size: int) -> int:
    """At least `size` bytes of flat JSON objects, one a line. Number of records."""
    return _write(path, size, _json_lines())


def write_text(path: Path, size: int) -> int:
    """At least `size` bytes of lines: time, level, logger, message. Number of records."""
    return _write(path, size, _text_lines())


def _write(path: Path, size: int, lines: Iterator[str]) -> int:
    records = written = 0
    with path.open("wb") as file:
        while written < size:
            block = "".join(next(lines) for _ in range(LINES_AT_A_TIME)).encode()
            # A small file is a part of a block, so that the sizes asked for are those written.
            if written + len(block) > size + len(block) // 2:
                block = b"".join(block.splitlines(keepends=True)[: LINES_AT_A_TIME // 2])
            written += file.write(block)
            records += block.count(b"\n")
    return records


def _events() -> Iterator[tuple[str, str, str, str, random.Random]]:
    chance = random.Random(2)
    now = START
    seconds, prefix = -1, ""
    while True:
        now += timedelta(microseconds=int(chance.random() * 4000))
        if now.second != seconds:
            seconds, prefix = now.second, now.strftime("%Y-%m-%dT%H:%M:%S")
        message = chance.choice(MESSAGES) % (int(chance.random() * 1e6), int(chance.random() * 5000))
        service, level = SERVICES[int(chance.random() * 10)], LEVELS[int(chance.random() * 7)]
        yield f"{prefix}.{now.microsecond // 1000:03d}Z", level, service, message, chance


def _json_lines() -> Iterator[str]:
    quoted = json.encoder.encode_basestring
    for time, level, service, message, chance in _events():
        bits = chance.getrandbits(192)
        yield (
            f'{{"time":"{time}","level":"{level}","service":"{service}","msg":{quoted(message)},'
            f'"trace_id":"{bits >> 64 | 1:032x}","span_id":"{bits & 0xFFFFFFFFFFFFFFFF | 1:016x}",'
            f'"user":{bits & 0xFFFF},"elapsed_ms":{(bits & 0xFFFFF) / 1000},'
            f'"retry":{"true" if bits & 1 else "false"}}}\n'
        )


def _text_lines() -> Iterator[str]:
    for time, level, service, message, _ in _events():
        yield f"{time} {level} shop.{service}.Worker: {message}\n"
