"""Single fields of many records at once, in whatever spelling: ids, times, enums.

The usual spelling is checked and converted for all together; what has another is looked at alone, by `values`. So a
field is right for the same reasons, and wrong with the same words, as one that is read by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.arrow_tables import array_of
from deep_code_reasoning.sources.otlp.values import BadRecord, enum_number, nanos

_LOWER_HEX = b"0123456789abcdef"
_DIGITS = b"0123456789"
_IS_LOWER_HEX = np.isin(np.arange(256), np.frombuffer(_LOWER_HEX, np.uint8))
_ZERO = ord("0")

Bad = dict[int, str]  # the reason why a record cannot be used, by its place


def ids(texts: pa.StringArray, size: int, read: Callable[[str], str | None], bad: Bad) -> pa.Array:
    """Ids of `size` lower-case hex digits; None stays so. `read` takes those that are spelt otherwise."""
    odd = _odd(texts, size)
    if not len(odd):
        return texts
    alone = texts.to_pylist()
    for index in odd.tolist():
        alone[index] = _each(index, alone[index], read, bad)
    return array_of(alone)


def _odd(array: pa.StringArray, size: int) -> np.ndarray:
    """The places of those that are not `size` lower-case hex digits, or nothing but zeros."""
    content = _content(array)
    ends = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1)
    lengths = np.diff(ends)
    is_odd = lengths != size
    if array.null_count:
        is_odd &= array.is_valid().to_numpy(zero_copy_only=False)
    letters = np.frombuffer(content, np.uint8)
    if content.translate(None, _LOWER_HEX):
        strange = np.flatnonzero(~_IS_LOWER_HEX[letters])
        is_odd[np.searchsorted(ends, strange, side="right") - 1] = True
    for index in np.flatnonzero(lengths == size)[letters[ends[:-1][lengths == size]] == _ZERO].tolist():
        is_odd[index] |= not content[ends[index] : ends[index] + size].strip(b"0")
    return np.flatnonzero(is_odd)


def written(values: Sequence[str | int | None]) -> pa.StringArray:
    """Texts, and numbers as texts."""
    try:
        return array_of(values)
    except pa.ArrowTypeError:
        return array_of([None if value is None else str(value) for value in values])


def times(texts: pa.StringArray, bad: Bad) -> np.ndarray:
    """Nanoseconds since 1970, 0 where absent."""
    if not _content(texts).translate(None, _DIGITS):
        try:
            numbers = texts.cast(pa.int64())
            return (numbers.fill_null(0) if numbers.null_count else numbers).to_numpy()
        except pa.ArrowInvalid:
            pass
    return np.array([_each(place, text, nanos, bad) or 0 for place, text in enumerate(texts.to_pylist())], np.int64)


def enums(values: Sequence[str | int | None], names: Mapping[str, int], count: int, bad: Bad) -> np.ndarray:
    """Which of `count` each is, 0 for a number that is none of them."""
    codes: dict[str | int | None, int] = {}
    unknown: dict[str | int | None, str] = {}
    for value in set(values):
        try:
            number = enum_number(value, names)
        except BadRecord as error:
            number, unknown[value] = 0, str(error)
        codes[value] = number if 0 <= number < count else 0
    if unknown:
        for index, value in enumerate(values):
            if value in unknown:
                bad.setdefault(index, unknown[value])
    return np.array([codes[value] for value in values], np.int32)


def named(codes: np.ndarray, names: Sequence[str | None]) -> pa.DictionaryArray:
    """Codes as texts, each text once."""
    different = list(dict.fromkeys(name for name in names if name is not None))
    places = {name: place for place, name in enumerate(different)}
    indices = np.array([places.get(name, -1) for name in names], np.int32).take(codes)
    mask = indices < 0 if None in names else None
    array = pa.array(indices if mask is None else np.where(mask, 0, indices), mask=mask)
    return pa.DictionaryArray.from_arrays(array, array_of(different))


def _each(index: int, value: Any, read: Callable[[Any], Any], bad: Bad) -> Any:
    try:
        return None if value is None else read(value)
    except BadRecord as error:
        bad.setdefault(index, str(error))
        return None


def _content(array: pa.StringArray) -> bytes:
    """All its texts behind each other."""
    content = array.buffers()[2]
    return content.to_pybytes() if content else b""
