"""Times as loggers write them, to nanoseconds since 1970."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MAX_NANOS = 2**63 - 1
_ISO = re.compile(
    r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[T _-]|\s{1,3})(\d\d?)[:.](\d\d)[:.](\d\d)(?:[.,:](\d{1,9})\d{0,9})?"
    r"\s?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


def iso_nanos(text: str) -> tuple[int, bool] | None:
    """(nanoseconds, whether a zone was given) of an ISO 8601 instant and its common cousins, up to 9 decimals.

    A blank instead of T, a comma before the decimals, slashes or dots in the date are taken; without a zone it is
    UTC. None where the text is anything else or lies outside 1970..2262.
    """
    match = _ISO.fullmatch(text.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    seconds = epoch_seconds(int(year), int(month), int(day), int(hour), int(minute), int(second))
    if seconds is None:
        return None
    return in_range((seconds - zone_seconds(zone)) * 1_000_000_000 + decimals(fraction), bool(zone))


def in_range(nanos: int, zoned: bool) -> tuple[int, bool] | None:
    return (nanos, zoned) if 0 <= nanos <= MAX_NANOS else None


def decimals(fraction: str | None) -> int:
    """Nanoseconds of the digits behind the point."""
    return int(fraction[:9].ljust(9, "0")) if fraction else 0


@lru_cache(maxsize=1024)
def zone_seconds(zone: str | None) -> int:
    """Seconds east of UTC of `Z`, `+02`, `+0200` or `+02:00`; 0 for none."""
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def epoch_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """Seconds since 1970 of a UTC time; a leap second (60) counts as the next. None for no such time."""
    start = _day_start(year, month, day)
    if start is None or hour > 24 or minute > 59 or second > 60:
        return None
    return start + hour * 3600 + minute * 60 + second


@lru_cache(maxsize=4096)
def _day_start(year: int, month: int, day: int) -> int | None:
    try:
        return (datetime(year, month, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    except ValueError:
        return None


def month_number(name: str) -> int | None:
    """1..12 of an English month by its first three letters."""
    return _MONTHS.get(name[:3].lower())


def number_nanos(number: float | int) -> int | None:
    """An epoch in seconds, milli-, micro- or nanoseconds, told apart by size (1973 to 2262 do not overlap)."""
    if not 1e8 <= number < 9.3e18:  # earlier than 1973 in seconds: not a time; NaN fails too
        return None
    scale = 1_000_000_000 if number < 1e11 else 1_000_000 if number < 1e14 else 1_000 if number < 1e17 else 1
    if isinstance(number, int):
        nanos = number * scale
    else:
        whole, rest = divmod(number, 1.0)
        nanos = int(whole) * scale + round(rest * scale)
    return nanos if nanos <= MAX_NANOS else None


def any_nanos(value: object) -> tuple[int, bool] | None:
    """(nanoseconds, whether a zone is certain) of whatever a logger puts under its time key."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        nanos = number_nanos(value)
        return None if nanos is None else (nanos, True)
    text = str(value)
    if found := iso_nanos(text):
        return found
    try:
        whole, _, fraction = text.partition(".")
        nanos = number_nanos(int(whole))
        if nanos is not None and fraction and len(whole) <= 11:
            nanos += decimals(fraction) if fraction.isdecimal() else 0
        return None if nanos is None else (nanos, True)
    except ValueError:
        return _from_words(text)


_ACCESS = re.compile(
    r"(\d\d?)[/ -](\w{3})[/ -](\d{4})[: ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?([+-]\d{4}|Z|GMT|UTC))?"
)


def _from_words(text: str) -> tuple[int, bool] | None:
    """`13/Oct/2026:09:00:00 +0000` and `13 Oct 2026 09:00:00`, of access logs and mail headers."""
    match = _ACCESS.search(text[:64])
    month = month_number(match[2]) if match else None
    if not match or month is None:
        return None
    seconds = epoch_seconds(int(match[3]), month, int(match[1]), int(match[4]), int(match[5]), int(match[6]))
    if seconds is None:
        return None
    return in_range((seconds - zone_seconds(match[8])) * 1_000_000_000 + decimals(match[7]), bool(match[8]))
