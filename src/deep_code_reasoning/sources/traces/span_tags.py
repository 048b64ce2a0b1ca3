"""Tags of Jaeger's and Zipkin's spans: into columns what has one, into kind, status and scope what says those.

As OpenTelemetry's exporters write these tags (OpenTelemetry specification, "Transformation to non-OTLP formats") and
the collector's Jaeger receiver reads them: an `error` tag outranks `otel.status_code`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deep_code_reasoning.sources.arrow_tables import columns
from deep_code_reasoning.sources.otlp.traces import KINDS, STATUSES
from deep_code_reasoning.sources.otlp.values import AnyValue, KeyValue
from deep_code_reasoning.sources.semantic_conventions import Promotion, whole_number

Pairs = Iterable[tuple[str, str | None]]

SPAN_COLUMNS = columns("spans")
_KIND, _SCOPE = SPAN_COLUMNS.index("kind"), SPAN_COLUMNS.index("scope_name")
_STATUS, _MESSAGE = SPAN_COLUMNS.index("status_code"), SPAN_COLUMNS.index("status_message")
_INTEGERS = {"http_response_status_code": 32, "server_port": 32, "code_line_number": 32, "thread_id": 64}
_SAID_KIND, _SAID_ERROR, _SAID_STATUS = "span.kind", "error", "otel.status_code"
_SAID_MESSAGE, _SAID_SCOPES = "otel.status_description", ("otel.scope.name", "otel.library.name")
_SAID = -1


class Tags:
    """Places tags in rows of one table, as Promotion does attributes."""

    def __init__(self, table: str, names: list[str], bits: dict[str, int]) -> None:
        self._promotion = Promotion(table, names, bits)
        self._slots = dict(self._promotion.slots)

    def place(self, row: list[Any], pairs: Pairs, keys: list[str], values: list[str | None]) -> None:
        """Puts tags into their columns of `row` and appends the others to `keys` and `values`."""
        self._place(row, pairs, keys, values)

    def _place(self, row: list[Any], pairs: Pairs, keys: list[str], values: list[str | None]) -> dict[str, str]:
        """As `place`; what is said of kind, status and scope is returned instead."""
        slot_of, bits = self._slots.get, self._promotion.bits
        said: dict[str, str] = {}
        start, ranked = len(keys), False
        pairs = list(pairs)
        for key, text in pairs:
            slot = slot_of(key)
            if slot is None or text is None:
                keys.append(key)
                values.append(text)
            elif slot == _SAID:
                if key in said:
                    keys.append(key)
                    values.append(text)
                else:
                    said[key] = text
            elif row[slot] is not None:
                ranked = True
                break
            elif slot not in bits:
                row[slot] = text
            elif (number := whole_number(text, bits[slot])) is not None:
                row[slot] = number
            else:
                keys.append(key)
                values.append(text)
        return self._place_ranked(row, pairs, keys, values, start) if ranked else said

    def _place_ranked(
        self, row: list[Any], pairs: Pairs, keys: list[str], values: list[str | None], start: int
    ) -> dict[str, str]:
        """The same where two tags want one column, which is for Promotion to decide."""
        del keys[start:], values[start:]
        said: dict[str, str] = {}
        attributes = []
        for key, text in pairs:
            if text is not None and self._slots.get(key) == _SAID and key not in said:
                said[key] = text
            else:
                attributes.append(KeyValue(key, None if text is None else AnyValue(stringValue=text)))
        self._promotion.place(row, attributes, keys, values)
        return said


class SpanTags(Tags):
    def __init__(self) -> None:
        super().__init__("spans", SPAN_COLUMNS, _INTEGERS)
        for name in (_SAID_KIND, _SAID_ERROR, _SAID_STATUS, _SAID_MESSAGE, *_SAID_SCOPES):
            self._slots[name] = _SAID

    def place(self, row: list[Any], pairs: Pairs, keys: list[str], values: list[str | None]) -> None:
        """As Tags.place; kind, status and scope of the row follow from the tags that say them.

        A tag that says what its column does not know stays an attribute.
        """
        if said := self._place(row, pairs, keys, values):
            for key, text in _told(row, said):
                keys.append(key)
                values.append(text)


def _told(row: list[Any], said: dict[str, str]) -> Pairs:
    """Fills the row's kind, status and scope; yields what they have no room for."""
    kind = said.get(_SAID_KIND)
    if kind is not None:
        if kind.lower() in KINDS:
            row[_KIND] = kind.lower()
        else:
            yield _SAID_KIND, kind
    scopes = [name for name in _SAID_SCOPES if said.get(name)]
    if scopes:
        row[_SCOPE] = said[scopes[0]]
        yield from ((name, said[name]) for name in scopes[1:] if said[name] != row[_SCOPE])
    yield from _status(row, said)


def _status(row: list[Any], said: dict[str, str]) -> Pairs:
    code, message, error = said.get(_SAID_STATUS), said.get(_SAID_MESSAGE), said.get(_SAID_ERROR)
    if code is not None:
        if code.lower() in STATUSES:
            row[_STATUS] = code.lower()
        else:
            yield _SAID_STATUS, code
    if message:
        row[_MESSAGE] = message
    if error is not None and error.lower() != "false":
        row[_STATUS] = "error"
        if error and error.lower() != "true":  # Zipkin's tag holds the message
            if message:
                yield _SAID_ERROR, error
            else:
                row[_MESSAGE] = error
