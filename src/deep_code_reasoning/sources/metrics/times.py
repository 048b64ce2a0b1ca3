"""Columns of times as text to nanoseconds since 1970: the rules of `sources.instants`, many at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.metrics.series import Longs

NOT_A_TIME = -1


def epochs(texts: pa.Array) -> Longs:
    """Epochs in s, ms, us or ns, also with decimals; NOT_A_TIME for anything else (ISO 8601 by `instants` too)."""
    try:
        whole = pc.cast(texts.cast(pa.string()), pa.int64()).to_numpy(zero_copy_only=False)
        return _scaled(whole)
    except (pa.ArrowInvalid, UnicodeDecodeError, TypeError):
        pass
    found = _seconds_with_decimals(texts)
    return found if found is not None else one_by_one(texts)


def instants(texts: pa.Array) -> Longs:
    """Times in any spelling that `instants.any_nanos` knows; NOT_A_TIME for the others. Without a zone: UTC.

    Texts that repeat are looked at once.
    """
    encoded = texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
    distinct = encoded.dictionary
    nanos = _iso(distinct)
    if nanos is None:
        nanos = epochs(distinct)
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(len(nanos))
    return np.append(nanos, NOT_A_TIME)[indices.to_numpy()]


def one_by_one(texts: pa.Array) -> Longs:
    found = []
    for text in texts.to_pylist():
        plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        nanos = any_nanos(plain.strip()) if plain else None
        found.append(nanos[0] if nanos else NOT_A_TIME)
    return np.array(found, np.int64)


def _scaled(numbers: Longs) -> Longs:
    """As `instants.number_nanos`."""
    size = np.select(
        [numbers < 10**8, numbers < 10**11, numbers < 10**14, numbers < 10**17], [0, 10**9, 10**6, 10**3], 1
    )
    nanos = numbers * size  # wraps around where it does not fit; dividing shows it
    return np.where((size == 0) | (nanos < 0) | (nanos // np.maximum(size, 1) != numbers), NOT_A_TIME, nanos)


def _seconds_with_decimals(texts: pa.Array) -> Longs | None:
    """All of them seconds, of ten digits and a point at the same place; None where any is not."""
    if not len(texts):
        return np.empty(0, np.int64)
    try:
        plain = texts.cast(pa.string())
        if texts.null_count or not _matches(plain, r"^\d{9,10}\.\d{1,9}$").all():
            return None
        padded = pc.call_function("utf8_rpad", [plain], pc.PadOptions(20, "0"))
        pattern = pc.ExtractRegexOptions(r"^(?P<whole>\d+)\.(?P<rest>\d{9})")
        parts = pc.call_function("extract_regex", [padded], pattern)
        whole, rest = (pc.cast(parts.field(i), pa.int64()).to_numpy() for i in (0, 1))
        return np.where(whole < 10**8, NOT_A_TIME, whole * 10**9 + rest)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None


def _iso(texts: pa.Array) -> Longs | None:
    """All of them ISO 8601 as Arrow reads it; None where any is not."""
    try:
        plain = texts.cast(pa.string())
        if not len(plain) or plain[0].as_py()[4:5] != "-":
            return None
        is_zoned = _matches(plain, r"(?:Z|[+-]\d\d:?\d\d)$")
        if not is_zoned.all():
            if is_zoned.any():
                return None
            nanos = pc.cast(plain, pa.timestamp("ns"))
        else:
            nanos = pc.cast(plain, pa.timestamp("ns", "UTC"))
        found = nanos.cast(pa.int64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, UnicodeDecodeError, TypeError, AttributeError):
        return None
    return None if texts.null_count else np.where(found < 0, NOT_A_TIME, found)


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    found = pc.call_function("match_substring_regex", [texts], pc.MatchSubstringOptions(pattern))
    return found.to_numpy(zero_copy_only=False)
