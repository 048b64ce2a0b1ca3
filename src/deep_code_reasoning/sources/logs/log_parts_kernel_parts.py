"""What kernels of log formats share: ISO times, and the number of a severity word.

What is not spelled the usual way is not understood, right or wrong: the plain road then reads it.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import inlined_part, part
from deep_code_reasoning.kernels.memory import HIGHS, ONES, low_bytes, trailing_zeros, word_at
from deep_code_reasoning.kernels.names import find_name
from deep_code_reasoning.sources.logs.log_layout import CLOCK
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


@inlined_part
def clock_second(text, at, end, state):
    """As `iso_second`: what the time read last has in common, up to the minute, is looked at once."""
    day, minute = word_at(text, at), word_at(text, at + 8)
    if day == uint64(state[CLOCK]) and minute == uint64(state[CLOCK + 1]) and at + _SECOND <= end:
        second, mark = two_digits(text, at + 17), text[at + 16]
        if second < 0 or second > 60 or (mark != COLON and mark != DOT):
            return int64(NOT_UNDERSTOOD)
        return state[CLOCK + 2] + second
    found = iso_second(text, at, end)
    if found >= 0:
        state[CLOCK], state[CLOCK + 1], state[CLOCK + 2] = int64(day), int64(minute), found - two_digits(text, at + 17)
    return found


@inlined_part
def eight_digits(word):
    """The number that eight ASCII digits make, the first in the lowest byte.

    Source: Langdale, Lemire, "Parsing series of integers with SIMD", the version without it.
    """
    word = (word & uint64(0x0F0F0F0F0F0F0F0F)) * uint64(2561) >> uint64(8)
    word = (word & uint64(0x00FF00FF00FF00FF)) * uint64(6553601) >> uint64(16)
    return (word & uint64(0x0000FFFF0000FFFF)) * uint64(42949672960001) >> uint64(32)


@inlined_part
def digits_in(word):
    """How many of the bytes of a word, from the first on, are digits."""
    above = word ^ (ONES * uint64(0x30))
    return trailing_zeros((above + ONES * uint64(0x76) | above) & HIGHS) >> 3


@inlined_part
def decimals(text, at, end):
    """(position behind, nanoseconds) of one to nine digits at `at`; NOT_UNDERSTOOD for none or more."""
    word = word_at(text, at)
    count = min(digits_in(word), end - at)
    if count <= 0:
        return int64(NOT_UNDERSTOOD), int64(0)
    mask = low_bytes(count)
    nanos = int64(eight_digits((word & mask) | (ONES * uint64(0x30) & ~mask))) * 10
    at += count
    if count == 8 and at < end:
        digit = int64(text[at]) - 0x30
        if 0 <= digit <= 9:
            nanos += digit
            at += 1
            if at < end and 0x30 <= text[at] <= 0x39:
                return int64(NOT_UNDERSTOOD), int64(0)
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


@inlined_part
def iso_time(text, at, end, state):
    """(position behind, nanoseconds since 1970, ZONED or NO_ZONE) of the ISO time that begins at `at`.

    NOT_UNDERSTOOD as the position: no time, one that log_times.iso_time does not take either, or an odd spelling.
    The caller looks at what follows.
    """
    seconds = clock_second(text, at, end, state)
    if seconds < 0:
        return int64(NOT_UNDERSTOOD), int64(0), NO_ZONE
    at += _SECOND
    nanos = int64(0)
    if at < end and (text[at] == DOT or text[at] == COMMA):
        at, nanos = decimals(text, at + 1, end)
        if at < 0:
            return int64(NOT_UNDERSTOOD), int64(0), NO_ZONE
    if at < end and text[at] == LETTER_Z:
        return at + 1, seconds * NANOS + nanos, ZONED
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
