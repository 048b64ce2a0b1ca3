"""What kernels of log formats share: ISO times, and the number of a severity word.

What is not spelled the usual way is not understood, right or wrong: the plain road then reads it.
"""

from __future__ import annotations

from numba import int64

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.logs.severity import LONGEST_WORD

NOT_UNDERSTOOD = -1
NO_ZONE, ZONED = 0, 1

_SECOND = 19  # bytes of `2026-10-13T09:00:00`
_FIRST_YEAR, _LAST_YEAR = 1970, 2261  # 2262 ends in the middle, as nanoseconds in 63 bits
NANOS = 1_000_000_000
BLANK, PLUS, COMMA, MINUS, DOT, SLASH, COLON = 0x20, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x3A
LETTER_T, LETTER_Z, UNDERSCORE = 0x54, 0x5A, 0x5F


@part
def two_digits(text, at):
    """The number of two digits, NOT_UNDERSTOOD where there are none. Both bytes must lie in the text."""
    tens, ones = int64(text[at]) - 0x30, int64(text[at + 1]) - 0x30
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return int64(NOT_UNDERSTOOD)
    return tens * 10 + ones


@part
def days_from_civil(year, month, day):
    """Days since 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"."""
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468


@part
def days_in_month(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@part
def iso_second(text, at, end):
    """Seconds since 1970 of `2026-10-13T09:00:00`, as instants.epoch_seconds has them; NOT_UNDERSTOOD.

    Separators as in log_times: `-/.` in the date, `T _-` before the clock, `:.` in it.
    """
    if at + _SECOND > end:
        return int64(NOT_UNDERSTOOD)
    century, years = two_digits(text, at), two_digits(text, at + 2)
    month, day = two_digits(text, at + 5), two_digits(text, at + 8)
    hour, minute, second = two_digits(text, at + 11), two_digits(text, at + 14), two_digits(text, at + 17)
    if (century | years | month | day | hour | minute | second) < 0:
        return int64(NOT_UNDERSTOOD)
    first, next, middle = text[at + 4], text[at + 7], text[at + 10]
    if not (MINUS <= first <= SLASH and MINUS <= next <= SLASH):
        return int64(NOT_UNDERSTOOD)
    if middle != LETTER_T and middle != BLANK and middle != UNDERSCORE and middle != MINUS:
        return int64(NOT_UNDERSTOOD)
    first, next = text[at + 13], text[at + 16]
    if (first != COLON and first != DOT) or (next != COLON and next != DOT):
        return int64(NOT_UNDERSTOOD)
    year = century * 100 + years
    if year < _FIRST_YEAR or year > _LAST_YEAR or month < 1 or month > 12 or day < 1:
        return int64(NOT_UNDERSTOOD)
    if day > days_in_month(year, month) or hour > 24 or minute > 59 or second > 60:
        return int64(NOT_UNDERSTOOD)
    return days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second


@part
def decimals(text, at, end):
    """(position behind, nanoseconds) of one to nine digits at `at`; NOT_UNDERSTOOD for none or more."""
    nanos, count = int64(0), int64(0)
    while at < end and count < 10:
        digit = int64(text[at]) - 0x30
        if digit < 0 or digit > 9:
            break
        nanos = nanos * 10 + digit
        count += 1
        at += 1
    if count == 0 or count > 9:
        return int64(NOT_UNDERSTOOD), int64(0)
    while count < 9:
        nanos *= 10
        count += 1
    return at, nanos


@part
def zone(text, at, end):
    """(position behind, seconds east, ZONED or NO_ZONE) of `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00`.

    One blank may come before. Without a zone the position is `at`.
    """
    start = at
    if at < end and text[at] == BLANK:
        at += 1
    if at >= end:
        return start, int64(0), NO_ZONE
    sign = text[at]
    if sign == LETTER_Z:
        return at + 1, int64(0), ZONED
    if at + 3 > end:
        return start, int64(0), NO_ZONE
    if sign != PLUS and sign != MINUS:
        is_utc = sign == 0x55 and text[at + 1] == 0x54 and text[at + 2] == 0x43
        is_gmt = sign == 0x47 and text[at + 1] == 0x4D and text[at + 2] == 0x54
        return (at + 3, int64(0), ZONED) if is_utc or is_gmt else (start, int64(0), NO_ZONE)
    hours = two_digits(text, at + 1)
    if hours < 0:
        return start, int64(0), NO_ZONE
    at += 3
    seconds = hours * 3600
    minutes_at = at + (at < end and text[at] == COLON)
    if minutes_at + 2 <= end:
        minutes = two_digits(text, minutes_at)
        if minutes >= 0:
            seconds += minutes * 60
            at = minutes_at + 2
    return at, -seconds if sign == MINUS else seconds, ZONED


@part
def iso_time(text, at, end):
    """(position behind, nanoseconds since 1970, ZONED or NO_ZONE) of the ISO time that begins at `at`.

    NOT_UNDERSTOOD as the position: no time, one that log_times.iso_time does not take either, or an odd spelling.
    The caller looks at what follows.
    """
    seconds = iso_second(text, at, end)
    if seconds < 0:
        return int64(NOT_UNDERSTOOD), int64(0), NO_ZONE
    at += _SECOND
    nanos = int64(0)
    if at < end and (text[at] == DOT or text[at] == COMMA):
        at, nanos = decimals(text, at + 1, end)
        if at < 0:
            return int64(NOT_UNDERSTOOD), int64(0), NO_ZONE
    at, east, zoned = zone(text, at, end)
    seconds -= east
    if seconds < 0:
        return int64(NOT_UNDERSTOOD), int64(0), NO_ZONE
    return at, seconds * NANOS + nanos, zoned


@part
def severity_at(levels, text, begin, length):
    """The number of a severity word in `severity.level_table()`'s spellings; NOT_UNDERSTOOD for others."""
    if length < 1 or length > LONGEST_WORD:
        return int64(NOT_UNDERSTOOD)
    return find_name(levels, text, begin, length)
