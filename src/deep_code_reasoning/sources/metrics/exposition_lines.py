"""A block of an exposition, cut into its samples column by column; what is unusual is left for a look of its own.

A usual line is `key value` or `key value time` with single blanks, where the key ends with the line's last brace.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.metrics.series import Doubles, Longs, numbers, slices

_BLANK, _TAB, _NEWLINE, _RETURN, _HASH, _BRACE = b" \t\n\r#}"
_LAST = 1 << 60  # behind any line; adding to it does not wrap around

NO_TIME = -1
BAD_TIME = -2


class Lines(NamedTuple):
    """`starts` and `ends` of all lines in the block (empty ones too), and which are usual samples."""

    starts: Longs
    ends: Longs
    usual: Longs  # places in `starts`
    keys: pa.DictionaryArray  # binary, one a usual line
    values: Doubles
    times: Longs  # nanoseconds; NO_TIME, BAD_TIME
    unusual: Longs  # places in `starts`, comments among them


def cut(data: bytes) -> Lines:
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    ends = ends - ((ends > starts) & (text[np.maximum(ends - 1, 0)] == _RETURN))
    key_ends, value_ends, is_usual = _marks(text, starts, ends)
    usual = np.flatnonzero(is_usual)
    at, key_end, value_end, end = starts[usual], key_ends[usual], value_ends[usual], ends[usual]
    values, is_number = numbers(slices(data, key_end + 1, value_end))
    times = np.full(len(usual), NO_TIME)
    timed = np.flatnonzero(value_end < end)
    times[timed] = time_nanos(slices(data, value_end[timed] + 1, end[timed]))
    keys = slices(data, at, key_end).dictionary_encode()
    if not is_number.all():
        keys = keys.filter(pa.array(is_number))
        values, times = values[is_number], times[is_number]
        is_usual[usual[~is_number]] = False
        usual = usual[is_number]
    unusual = np.flatnonzero(~is_usual & (ends > starts))
    return Lines(starts, ends, usual, keys, values, times, unusual)


def _marks(text: np.ndarray, starts: Longs, ends: Longs) -> tuple[Longs, Longs, np.ndarray]:
    """(where each line's key ends, where its value ends, whether the line is a usual one)."""
    blanks = np.append(np.flatnonzero((text == _BLANK) | (text == _TAB)), [_LAST] * 3)
    braces = np.append(np.flatnonzero(text == _BRACE), -1)  # the last is what a search before the first finds
    brace = braces[np.searchsorted(braces[:-1], ends) - 1]
    has_brace = brace >= starts
    first_blank = blanks[np.searchsorted(blanks, starts)]
    key_ends = np.where(has_brace, brace + 1, first_blank)
    blank = np.searchsorted(blanks, key_ends)
    value_ends = np.minimum(blanks[np.minimum(blank + 1, len(blanks) - 1)], ends)
    third = blanks[np.minimum(blank + 2, len(blanks) - 1)]
    usual = (blanks[blank] == key_ends) & (key_ends > starts) & (key_ends + 1 < ends)
    usual &= (value_ends > key_ends + 1) & (third >= ends) & ((value_ends == ends) | (value_ends + 1 < ends))
    if len(hashes := np.flatnonzero(text == _HASH)):  # a comment or an exemplar
        place = np.searchsorted(starts, hashes, "right") - 1
        usual[place] = False
    return key_ends, value_ends, usual


def time_nanos(texts: pa.Array) -> Longs:
    """Milliseconds (Prometheus) or seconds (OpenMetrics), told apart by size as `instants.number_nanos` does."""
    from deep_code_reasoning.sources.metrics.times import epochs

    nanos = epochs(texts)
    return np.where(nanos < 0, BAD_TIME, nanos)
