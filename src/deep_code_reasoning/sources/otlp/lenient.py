"""The slow road for OTLP/JSON that is not quite OTLP/JSON: snake_case keys, nulls, numbers in odd spellings.

Brings parsed JSON to the message structs of the fast road. An element of a list that cannot be used is dropped and
counted alone, so one broken span does not cost its neighbours.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Raw, Struct
from msgspec.structs import fields

from deep_code_reasoning.sources.otlp.values import BadRecord, WrittenNumber, dump

WRONG_SHAPE = "part of an OTLP message that has another form than OTLP gives it"

S = TypeVar("S", bound=Struct)
Lost = Callable[[str], None]
_Convert = Callable[[Any, Lost], Any]

_OLDER_NAMES = {  # OTLP before 0.19
    "instrumentationLibrarySpans": "scopeSpans",
    "instrumentationLibraryLogs": "scopeLogs",
    "instrumentationLibraryMetrics": "scopeMetrics",
    "instrumentationLibrary": "scope",
}


def lenient(value: Any, message: type[S], lost: Lost) -> S:
    """`value` as an instance of `message`. `lost` is called with a fixed reason for each element left out.

    Raises BadRecord when the message itself has another shape.
    """
    if not isinstance(value, dict):
        raise BadRecord(WRONG_SHAPE)
    plan, absent = _plan(message)
    found: dict[str, Any] = {}
    for key, content in value.items():
        name = _camel(key)
        if content is not None and name in plan:
            found[name] = plan[name](content, lost)
    for name, default in absent.items():
        if name not in found:
            found[name] = default()
    return message(**found)


@cache
def _plan(message: type[Struct]) -> tuple[dict[str, _Convert], dict[str, Callable[[], Any]]]:
    """For each field how its JSON value is converted; for each required one proto3's default when it is missing."""
    hints = get_type_hints(message, include_extras=True)
    absent = {field.name: _default(hints[field.name]) for field in fields(message) if field.required}
    return {name: _converter(kind) for name, kind in hints.items()}, absent


@lru_cache(maxsize=4096)
def _camel(key: str) -> str:
    head, *rest = key.split("_")
    name = head + "".join(part[:1].upper() + part[1:] for part in rest)
    return _OLDER_NAMES.get(name, name)


def _default(kind: Any) -> Callable[[], Any]:
    kinds = _alternatives(kind)
    if any(get_origin(k) is list for k in kinds):
        return list
    return str if str in kinds else int


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _converter(kind: Any) -> _Convert:
    if get_origin(kind) is Annotated:  # what is left as written where it is OTLP's form, and what that is
        return _converter(get_args(kind)[1])
    kinds = _alternatives(kind)
    if Raw in kinds:
        return lambda value, lost: Raw(dump(value).encode("utf-8", "replace"))
    for alternative in kinds:
        if get_origin(alternative) is list:
            return partial(_elements, _converter(get_args(alternative)[0]))
        if isinstance(alternative, type) and issubclass(alternative, Struct):
            return partial(_message, alternative)
    if bool in kinds and str not in kinds:
        return _boolean
    return partial(_scalar, float in kinds, int in kinds)


def _message(message: type[S], value: Any, lost: Lost) -> S:
    return lenient(value, message, lost)


def _elements(convert: _Convert, value: Any, lost: Lost) -> list:
    if not isinstance(value, list):
        raise BadRecord(WRONG_SHAPE)
    elements = []
    for element in value:
        try:
            elements.append(convert(element, lost))
        except BadRecord as error:
            lost(str(error))
    return elements


def _boolean(value: Any, lost: Lost) -> bool:
    if isinstance(value, bool) or value in ("true", "false"):
        return value is True or value == "true"
    raise BadRecord(WRONG_SHAPE)


def _scalar(fractions: bool, integers: bool, value: Any, lost: Lost) -> Any:
    """Text or number, whichever the field may hold; an integer may be written as 5.0 or 5e0."""
    if isinstance(value, WrittenNumber):
        if integers and not fractions:
            number = float(value)
            if not number.is_integer():
                raise BadRecord(WRONG_SHAPE)
            return int(number)
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value if integers or fractions else str(value)
    raise BadRecord(WRONG_SHAPE)
