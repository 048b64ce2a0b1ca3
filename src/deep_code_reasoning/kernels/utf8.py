"""UTF-8: whether it is valid, and JSON's escapes undone. Arrow views are not validated, so this comes before."""

from __future__ import annotations

from deep_code_reasoning.kernels.compiling import part
from deep_code_reasoning.kernels.json_text import BACKSLASH, FOREIGN, FULL
from deep_code_reasoning.kernels.memory import HIGHS, bytes_equal_to, put_word, word_at


@part
def is_utf8(text, at, end):
    """Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7)."""
    while 0 <= at < end:
        if at + 8 <= end and word_at(text, at) & HIGHS == 0:
            at += 8
        elif text[at] < 0x80:
            at += 1
        else:
            at = _behind_wide(text, at, end)
    return at == end


@part
def _behind_wide(text, at, end):
    """Behind a character of several bytes; -1 where they are none."""
    byte = text[at]
    low, high = 0x80, 0xBF
    if 0xC2 <= byte <= 0xDF:
        more = 1
    elif 0xE0 <= byte <= 0xEF:
        more = 2
        if byte == 0xE0:
            low = 0xA0
        elif byte == 0xED:
            high = 0x9F
    elif 0xF0 <= byte <= 0xF4:
        more = 3
        if byte == 0xF0:
            low = 0x90
        elif byte == 0xF4:
            high = 0x8F
    else:
        return -1
    if at + more >= end or text[at + 1] < low or text[at + 1] > high:
        return -1
    for ahead in range(2, more + 1):
        if text[at + ahead] < 0x80 or text[at + ahead] > 0xBF:
            return -1
    return at + more + 1


@part
def unescape(text, at, end, side, written):
    """Writes a JSON string's content with its escapes undone behind `written`; the new end, FULL or FOREIGN.

    FOREIGN: an escape that JSON does not have, or half of a surrogate pair.
    """
    if written + (end - at) > side.shape[0]:
        return FULL
    while at < end:
        word = word_at(text, at)
        if at + 8 <= end and written + 8 <= side.shape[0] and bytes_equal_to(word, BACKSLASH) == 0:
            put_word(side, written, word)
            written += 8
            at += 8
            continue
        byte = text[at]
        if byte != BACKSLASH:
            side[written] = byte
            written += 1
            at += 1
            continue
        escape = text[at + 1]
        at += 2
        if escape != 0x75:
            plain = _escaped(escape)
            if plain < 0:
                return FOREIGN
            side[written] = plain
            written += 1
            continue
        code = _four_hex(text, at, end)
        at += 4
        if 0xD800 <= code < 0xDC00:
            if at + 6 > end or text[at] != BACKSLASH or text[at + 1] != 0x75:
                return FOREIGN
            second = _four_hex(text, at + 2, end)
            if second < 0xDC00 or second > 0xDFFF:
                return FOREIGN
            code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00)
            at += 6
        if code < 0 or 0xDC00 <= code <= 0xDFFF:
            return FOREIGN
        written = _put_code(side, written, code)
    return written


@part
def _escaped(escape):
    if escape == 0x22 or escape == 0x5C or escape == 0x2F:
        return escape
    if escape == 0x6E:
        return 0x0A
    if escape == 0x74:
        return 0x09
    if escape == 0x72:
        return 0x0D
    if escape == 0x62:
        return 0x08
    if escape == 0x66:
        return 0x0C
    return -1


@part
def _four_hex(text, at, end):
    if at + 4 > end:
        return -1
    code = 0
    for ahead in range(4):
        byte = text[at + ahead]
        if 0x30 <= byte <= 0x39:
            digit = byte - 0x30
        elif 0x61 <= byte <= 0x66:
            digit = byte - 0x57
        elif 0x41 <= byte <= 0x46:
            digit = byte - 0x37
        else:
            return -1
        code = code * 16 + digit
    return code


@part
def _put_code(side, written, code):
    if code < 0x80:
        side[written] = code
        return written + 1
    if code < 0x800:
        side[written] = 0xC0 | (code >> 6)
        side[written + 1] = 0x80 | (code & 0x3F)
        return written + 2
    if code < 0x10000:
        side[written] = 0xE0 | (code >> 12)
        side[written + 1] = 0x80 | ((code >> 6) & 0x3F)
        side[written + 2] = 0x80 | (code & 0x3F)
        return written + 3
    side[written] = 0xF0 | (code >> 18)
    side[written + 1] = 0x80 | ((code >> 12) & 0x3F)
    side[written + 2] = 0x80 | ((code >> 6) & 0x3F)
    side[written + 3] = 0x80 | (code & 0x3F)
    return written + 4
