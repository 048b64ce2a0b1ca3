"""What can be saved of an OTLP/JSON text that breaks off: whole records before the break, whole requests after it.

A collector that is killed leaves half a line; restarted, it writes the next request behind it on the same line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

REQUEST = re.compile(
    rb'\{\s*"(?:resource(?:Spans|Logs|Metrics)|resource_(?:spans|logs|metrics))"\s*:',
)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_RECORD_DEPTH = 3  # arrays around a span, log record or metric: resources, scopes, records


def requests(text: bytes) -> Iterator[tuple[int, bytes]]:
    """The pieces of a text that start like requests, each with its offset; a first piece may start otherwise.

    The pattern holds unescaped quotes, so it cannot occur inside a well-formed string.
    """
    starts = [match.start() for match in REQUEST.finditer(text)]
    if not starts or starts[0] != 0:
        starts.insert(0, 0)
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield start, text[start:end]


def whole_records(text: bytes) -> bytes | None:
    """The text up to its last whole record, with the open brackets closed; None where there is no whole record."""
    open_brackets: list[int] = []
    arrays = 0
    cut, closers = 0, b""
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        if mark == 0x22:  # a string
            continue
        if mark in b"{[":
            open_brackets.append(mark)
            arrays += mark == 0x5B
            continue
        if not open_brackets or open_brackets.pop() != mark - 2:  # "{" and "}", "[" and "]" lie 2 apart
            break
        arrays -= mark == 0x5D
        depth = _RECORD_DEPTH + (open_brackets[:1] == [0x5B])
        if mark == 0x7D and arrays == depth and open_brackets[-1] == 0x5B:
            cut = token.end()
            closers = bytes(bracket + 2 for bracket in reversed(open_brackets))
    return text[:cut] + closers if cut else None
