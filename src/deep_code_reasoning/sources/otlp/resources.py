"""The producers of telemetry: each distinct OTLP resource of a source once, with the clock that stamps its records."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import Rows, columns
from deep_code_reasoning.sources.otlp.lenient import lenient
from deep_code_reasoning.sources.otlp.values import KeyValue, parse, text_of
from deep_code_reasoning.sources.semantic_conventions import Promotion, clock_names

RESOURCE_COLUMNS = columns("resources")
_HOST = RESOURCE_COLUMNS.index("host")
_SERVICE = RESOURCE_COLUMNS.index("service_name")
_OFFSET = RESOURCE_COLUMNS.index("source_offset")
_SNAKE_CASE = b'_value"'  # as in "string_value"


class _Resource(Struct, gc=False, frozen=True):
    attributes: list[KeyValue] | None = None


class Producer(NamedTuple):
    """What every record takes from its resource."""

    number: int
    service_name: str | None
    host: str | None


class Resources:
    """Numbers resources from 0 in order of first appearance; equal ones, attribute order aside, are one."""

    def __init__(self) -> None:
        self.rows = Rows("resources")
        self.unread: list[int] = []  # offsets of resources that are not well-formed
        self.written: list[tuple[bytes, int]] = []  # each as it was written first, with its offset
        self._by_text: dict[bytes, Producer] = {}
        self._by_content: dict[tuple, Producer] = {}
        self._promotion = Promotion("resources", RESOURCE_COLUMNS, {})
        self._decode = msgspec.json.Decoder(_Resource).decode

    def producer(self, resource: Raw, offset: int) -> Producer:
        text = bytes(resource)
        known = self._by_text.get(text)
        if known is None:
            attributes = self._attributes(text, offset)
            content = tuple(sorted((a.key, text_of(a.value) or "") for a in attributes))
            known = self._by_content.get(content)
            if known is None:
                known = self._by_content[content] = self._add(attributes, offset)
                self.written.append((text, offset))
            if len(self._by_text) < 100_000:  # a resource with a varying attribute must not fill the memory
                self._by_text[text] = known
        return known

    def _attributes(self, text: bytes, offset: int) -> list[KeyValue]:
        if not text or text == b"null":
            return []
        try:
            if _SNAKE_CASE not in text:
                return self._decode(text).attributes or []
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        try:
            value = parse(text.decode("utf-8", "replace"))
            return lenient(value, _Resource, lambda reason: None).attributes or []
        except (ValueError, RecursionError):
            self.unread.append(offset)
            return []

    def _add(self, attributes: list[KeyValue], offset: int) -> Producer:
        row: list = [None] * len(RESOURCE_COLUMNS)
        number = row[0] = len(self._by_content)
        row[_OFFSET] = offset
        named = {a.key: text_of(a.value) for a in attributes}
        row[_HOST] = next((named[name] for name in clock_names() if named.get(name)), None)
        self._promotion.place(row, attributes, self.rows.keys, self.rows.values)
        self.rows.add(row)
        return Producer(number, row[_SERVICE], row[_HOST])
