"""JSON that has nearly a format's form brought to its structs: what does not fit is left out and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Raw, Struct

from deep_code_reasoning.sources.otlp.values import BadRecord, dump

WRONG_SHAPE = "part of a trace that has another form than its format gives it"

S = TypeVar("S", bound=Struct)
Lost = Callable[[str], None]


def rescued(value: Any, kind: type[S], lost: Lost) -> S:
    """`value`, parsed JSON, as a `kind`. `lost` is called for each member or element that is left out.

    Raises BadRecord where nothing can be made of it.
    """
    if not isinstance(value, dict):
        raise BadRecord(WRONG_SHAPE)
    plan = _plan(kind)
    found: dict[str, Any] = {}
    for name in plan.keys() & value.keys():
        try:
            found[name] = _member(value[name], plan[name], lost)
        except (msgspec.ValidationError, BadRecord):
            lost(WRONG_SHAPE)
    try:
        return kind(**found)
    except TypeError:  # a member is missing that has no default
        raise BadRecord(WRONG_SHAPE) from None


@cache
def _plan(kind: type[Struct]) -> dict[str, Any]:
    return get_type_hints(kind)


def _member(value: Any, hint: Any, lost: Lost) -> Any:
    alternatives = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and Raw not in alternatives:
        return msgspec.convert(None, hint)
    for alternative in alternatives:
        if get_origin(alternative) is list and isinstance(value, list):
            return list(_elements(value, get_args(alternative)[0], lost))
        if isinstance(alternative, type) and issubclass(alternative, Struct):
            return rescued(value, alternative, lost)
        if get_origin(alternative) is dict and isinstance(value, dict):
            content = get_args(alternative)[1]
            return {key: _member(element, content, lost) for key, element in value.items()}
    if hint is Any:
        return value
    if Raw in alternatives:
        return Raw(dump(value).encode("utf-8", "replace"))
    return msgspec.convert(value, hint)


def _elements(value: list, kind: type[Struct], lost: Lost) -> Iterator[Struct]:
    for element in value:
        try:
            yield rescued(element, kind, lost)
        except BadRecord as error:
            lost(str(error))
