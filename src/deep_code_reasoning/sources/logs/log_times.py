"""Times of log records. Neighbours share their second, so that part is worked out once."""

from __future__ import annotations

import re
from functools import lru_cache

from deep_code_reasoning.sources.instants import MAX_NANOS, any_nanos, iso_nanos

_SECOND = re.compile(r"\d{4}[-/.]\d\d[-/.]\d\d[T _-]\d\d[:.]\d\d[:.]\d\d")
_SECOND_CHARACTERS = 19
_SCALES = tuple(10 ** (9 - digits) for digits in range(10))  # of a fraction with so many digits, to nanoseconds


def log_time(value: object) -> tuple[int, bool] | None:
    """As instants.any_nanos: (nanoseconds, whether a zone is certain) of what a logger writes as its time."""
    return (_quick(value) if type(value) is str else None) or any_nanos(value)


def iso_time(text: str) -> tuple[int, bool] | None:
    """As instants.iso_nanos."""
    return _quick(text) or iso_nanos(text)


def _quick(text: str) -> tuple[int, bool] | None:
    """The usual spelling: two digits a part, at most nine decimals, Z or no zone. None for others, right or wrong."""
    zoned = text[-1:] == "Z"
    fraction = text[_SECOND_CHARACTERS:-1] if zoned else text[_SECOND_CHARACTERS:]
    nanos = _second(text[:_SECOND_CHARACTERS])
    if nanos is None:
        return None
    if fraction:
        digits = fraction[1:]
        if fraction[0] not in ".," or len(digits) > 9 or not digits.isdecimal():
            return None
        nanos += int(digits) * _SCALES[len(digits)]
    return (nanos, zoned) if nanos <= MAX_NANOS else None


@lru_cache(maxsize=4096)
def _second(text: str) -> int | None:
    found = iso_nanos(text) if _SECOND.fullmatch(text) else None
    return found[0] if found else None
