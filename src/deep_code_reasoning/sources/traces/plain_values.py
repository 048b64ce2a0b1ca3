"""Ids, times and values as the trace formats before OTLP write them: zeros left out, microseconds, any JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from deep_code_reasoning.sources.otlp.values import (
    MAX_NANOS,
    BadRecord,
    WrittenNumber,
    dump,
    span_id,
    span_ids,
    trace_id,
)

BAD_TIME = "time that is not microseconds between 1970 and 2262"
_MAX_MICROS = MAX_NANOS // 1000


def padded_ids(trace: str, span: str, parent: str | None) -> tuple[str, str, str | None]:
    """Trace, span and parent id with 32, 16 and 16 lower-case hex digits. Raises BadRecord.

    Zeros in front are dropped by Jaeger before 1.24 and by Zipkin's 64-bit trace ids; base64 is read too.
    """
    try:
        return span_ids(trace.rjust(32, "0"), span.rjust(16, "0"), parent.rjust(16, "0") if parent else None)
    except BadRecord:
        own = _padded(trace, 32, trace_id), _padded(span, 16, span_id)
        return *own, _padded(parent, 16, span_id) if parent and parent.strip("0") else None


def _padded(text: str, digits: int, read: Callable[[str], str]) -> str:
    try:
        return read(text.rjust(digits, "0"))
    except BadRecord:
        return read(text)


def derived_id(span: str, service: str | None) -> str:
    """The id of the half that a service adds to a span it shares with its caller; the same in every file."""
    text = f"{span}/{service or ''}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def micros(value: Any) -> int:
    """Nanoseconds of microseconds as number or text; 0 where absent. Raises BadRecord outside 1970..2262."""
    if type(value) is not int:
        if value is None:
            return 0
        return _written_micros(value)
    if not 0 <= value <= _MAX_MICROS:
        raise BadRecord(BAD_TIME)
    return value * 1000


def _written_micros(value: Any) -> int:
    if not isinstance(value, str) or len(value) > 40:
        raise BadRecord(BAD_TIME)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise BadRecord(BAD_TIME) from None
    if not number.is_finite() or not 0 <= number <= _MAX_MICROS:
        raise BadRecord(BAD_TIME)
    return int(number * 1000)


def text_of_plain(value: Any) -> str | None:
    """A JSON value as the text a column holds: numbers as written, arrays and objects as JSON, None for null."""
    if value is None or type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | WrittenNumber):
        return str(value)
    return dump(value)
