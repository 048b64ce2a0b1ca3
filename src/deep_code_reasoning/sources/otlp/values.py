"""Values as OTLP/JSON writes them, in every spelling that exporters use, brought to one form.

Source: OTLP specification, "JSON Protobuf Encoding", and proto3's JSON mapping (64-bit integers as text or number,
bytes in base64, enums by name or number, NaN and infinities as text).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Raw, Struct

MAX_NANOS = 2**63 - 1  # 2262-04-11T23:47:16Z, what the store's times can hold

BAD_TRACE_ID = "trace id that is not 16 bytes in hex or base64"
BAD_SPAN_ID = "span id that is not 8 bytes in hex or base64"
_HEX = re.compile(r"[0-9A-Fa-f]*")
BAD_TIME = "time that is not nanoseconds between 1970 and 2262"
BAD_NUMBER = "number that cannot be read"
BAD_ENUM = "enum value that OTLP does not know"


_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class BadRecord(ValueError):
    """One record cannot be used; its text is the fixed reason."""


class WrittenNumber(str):
    """A JSON number with a fraction or exponent, as it was written."""

    __slots__ = ()


class AnyValue(Struct, gc=False, frozen=True):
    stringValue: str | None = None
    intValue: str | int | None = None
    boolValue: bool | None = None
    doubleValue: Raw = Raw()
    arrayValue: Raw = Raw()
    kvlistValue: Raw = Raw()
    bytesValue: str | None = None


class KeyValue(Struct, gc=False, frozen=True):
    key: str
    value: AnyValue | None = None


class Scope(Struct, gc=False, frozen=True):
    name: str | None = None


def text_of(value: AnyValue | None) -> str | None:
    """A value as the text a column holds: strings as they are, numbers as written, arrays and maps as JSON.

    bytesValue stays base64. None where nothing is set.
    """
    if value is None:
        return None
    if value.stringValue is not None:
        return value.stringValue
    if (number := value.intValue) is not None:
        return number if isinstance(number, str) else str(number)
    if value.boolValue is not None:
        return "true" if value.boolValue else "false"
    if value.bytesValue is not None:
        return value.bytesValue
    if (text := str(value.doubleValue, "utf-8", "replace")) and text != "null":
        return text.strip('"')
    for raw in (value.arrayValue, value.kvlistValue):
        if (written := bytes(raw)) and written != b"null":
            form = "arrayValue" if raw is value.arrayValue else "kvlistValue"
            return text_of_compound(written.decode("utf-8", "replace"), form)
    return None


def text_of_compound(written: str, form: str) -> str:
    """What is written as an arrayValue or kvlistValue (`form`), without its type wrappers."""
    try:
        return dump(plain({form: parse(written)}))
    except (ValueError, RecursionError, AttributeError, TypeError):
        return written  # not of OTLP's form: kept as it is


def scope_name(written: bytes) -> str | None:
    """The name in an instrumentation scope; None where it has none or cannot be read."""
    try:
        name = parse(written.decode("utf-8", "replace")).get("name")
    except (ValueError, RecursionError, AttributeError):
        return None
    return name if isinstance(name, str) and name else None


def plain(value: Any) -> Any:
    """An AnyValue, parsed as JSON, without its type wrappers: {"arrayValue": ...} becomes a list and so on."""
    if not isinstance(value, dict) or not value:
        return None
    form, content = next((item for item in value.items() if item[1] is not None), ("", None))
    if content is None:
        return None
    match form:
        case "arrayValue" | "array_value":
            return [plain(element) for element in content.get("values") or ()]
        case "kvlistValue" | "kvlist_value":
            pairs = content.get("values") or ()
            return {str(pair.get("key", "")): plain(pair.get("value")) for pair in pairs}
        case "intValue" | "int_value":
            return int(content)
        case "doubleValue" | "double_value" if isinstance(content, str) and math.isfinite(float(content)):
            return WrittenNumber(content)
    return content


def parse(text: str | bytes) -> Any:
    """JSON to Python, fractions kept as written; NaN and control characters in strings are tolerated.

    Raises ValueError and RecursionError.
    """
    return json.loads(text, parse_float=WrittenNumber, strict=False)


def dump(value: Any) -> str:
    """Compact JSON of what `parse` returned."""
    if isinstance(value, WrittenNumber):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k), ensure_ascii=False)}:{dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):  # the constants NaN and Infinity
        return json.dumps(str(value))
    return json.dumps(value)


def span_ids(trace: str, span: str, parent: str | None) -> tuple[str, str, str | None]:
    """Trace id, span id and parent id in lower-case hex, in one step for the usual spelling. Raises BadRecord."""
    if len(trace) == 32 and len(span) == 16 and (not parent or len(parent) == 16):
        try:
            digits = bytes.fromhex(f"{trace}{span}{parent}" if parent else trace + span).hex()
        except ValueError:
            digits = ""
        if len(digits) in (48, 64) and digits[:32] != _NO_TRACE and digits[32:48] != _NO_SPAN:
            return digits[:32], digits[32:48], digits[48:] if digits[48:].strip("0") else None
    return trace_id(trace), span_id(span), parent_id(parent)


def trace_id(text: str) -> str:
    """32 lower-case hex digits. 64-bit ids are padded with zeros in front. Raises BadRecord."""
    return _id(text, 16, BAD_TRACE_ID)


def span_id(text: str) -> str:
    """16 lower-case hex digits. Raises BadRecord."""
    return _id(text, 8, BAD_SPAN_ID)


def parent_id(text: str | None) -> str | None:
    """As `span_id`; None where there is no parent: empty or all zeros."""
    if not text or not text.strip("0"):
        return None
    return span_id(text)


def _id(text: str, size: int, reason: str) -> str:
    try:
        if len(text) == 2 * size or (len(text) == size == 16):
            raw = bytes.fromhex(text).rjust(size, b"\0")
        elif _HEX.fullmatch(text):  # cut or too long: base64 hardly ever looks so, and never with its padding
            raise BadRecord(reason)
        else:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise BadRecord(reason) from None
    if len(raw) != size or not any(raw):
        raise BadRecord(reason)
    return raw.hex()


def nanos(value: str | int | None) -> int:
    """Nanoseconds since 1970; 0 where absent. Raises BadRecord."""
    try:
        number = int(value or 0)
    except ValueError:
        raise BadRecord(BAD_TIME) from None
    if not 0 <= number <= MAX_NANOS:
        raise BadRecord(BAD_TIME)
    return number


def double(value: Any) -> float | None:
    """A number in any spelling, NaN and infinities included; None where absent. Raises BadRecord."""
    if value is None:
        return None
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        raise BadRecord(BAD_NUMBER) from None


def enum_number(value: str | int | None, names: Mapping[str, int]) -> int:
    """The number of an enum given by number, as text or not, or by name. Raises BadRecord."""
    if isinstance(value, int):
        return value
    if value is None or value == "":
        return 0
    if value in names:
        return names[value]
    try:
        return int(value)
    except ValueError:
        raise BadRecord(BAD_ENUM) from None
