"""Splits a stream into JSON documents: usually a line each, also pretty-printed ones that span lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import DOCUMENT_TOO_LARGE, EvidenceStream, Line

BROKEN_JSON = "not well-formed JSON (broken off or damaged)"
BLANK = b" \t\r\n\0\x1e"  # \x1e opens a record in JSON text sequences (RFC 7464); NULs are left by sparse writes
_OPENINGS = (b"{", b"[")
_OPENS_BLOCK = (*_OPENINGS, b",", b":")
_BARE = 2  # bytes of an opening line that holds nothing but brackets


class Record(NamedTuple):
    """One JSON value, an element where the document is an array, with the place of its document."""

    line: int | None
    offset: int
    value: Any


def records(stream: EvidenceStream) -> Iterator[Record | Skipped]:
    """Every record of every document, parsed; a document that does not parse is Skipped."""
    from deep_code_reasoning.sources.otlp.values import parse

    for document in documents(stream.lines(), stream.limits.document_bytes):
        if isinstance(document, Skipped):
            yield document
            continue
        number, offset, text = document
        try:
            value = parse(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            yield Skipped(number, offset, BROKEN_JSON)
            continue
        for record in value if isinstance(value, list) else [value]:
            yield Record(number, offset, record)


def documents(lines: Iterable[Line | Skipped], limit: int) -> Iterator[Line | Skipped]:
    """Every JSON text of up to `limit` bytes with the place of its first line. Whether it parses is not looked at.

    A line that ends in an opening or a comma starts a document of several lines, unless the next line shows that
    it was merely broken off there. It ends with a line that closes at the left margin (what every pretty-printer
    writes) and makes it well-formed, or with the file.
    """
    block: _Block | None = None
    for line in lines:
        if isinstance(line, Skipped):
            if block:
                yield block.document()
                block = None
            yield line
            continue
        if block and block.is_followed_by_another(line.data):
            yield block.document()
            block = None
        if block is None:
            text = line.data.lstrip(BLANK)
            first = Line(line.number, line.offset + len(line.data) - len(text), text.rstrip(BLANK))
            if text[:1] in _OPENINGS and first.data[-1:] in _OPENS_BLOCK:
                block = _Block(first)
            elif text:
                yield first
        elif block.size + len(line.data) > limit:
            yield Skipped(block.first.number, block.first.offset, DOCUMENT_TOO_LARGE)
            block = None
        elif block.closes_with(line.data):
            yield block.document()
            block = None
    if block:
        yield block.document()


class _Block:
    """The lines of one document so far."""

    def __init__(self, first: Line) -> None:
        self.first = first
        self.size = len(first.data)
        self._parts = [first.data]
        self._is_bare = self.size <= _BARE
        self._is_indented: bool | None = None  # known with the second line
        self._next_try = 0

    def is_followed_by_another(self, line: bytes) -> bool:
        """Whether the line cannot belong to this document: it opens one at the margin, where this one is indented."""
        if self._is_indented is None:
            self._is_indented = line[:1] in (b" ", b"\t")
            return not self._is_indented and not self._is_bare
        return self._is_indented and line[:1] in _OPENINGS

    def closes_with(self, line: bytes) -> bool:
        """Adds the line; whether the document is complete with it. All tries together stay linear."""
        self._parts.append(line)
        self.size += len(line) + 1
        if line[:1] not in (b"}", b"]") or self.size < self._next_try:
            return False
        self._next_try = 2 * self.size
        return is_json(self.document().data)

    def document(self) -> Line:
        return Line(self.first.number, self.first.offset, b"\n".join(self._parts).rstrip(BLANK))


def is_json(document: bytes) -> bool:
    """Whether the text is one well-formed JSON value (of a depth that can be parsed)."""
    import msgspec

    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True
