"""The shape of a log body: its words that carry an id, a number, a place or a time replaced by `<*>`.

Words are told by classes of bytes, not by a pattern for each kind of id. White space and separators end a word, as
does a colon, unless it stands in a time, an address or a URL. A word is masked if it stands behind `=` and is no word
of STATES, holds a digit, looks like a path, a URL or an e-mail address, is a day or month next to a masked word, or a
unit behind one. Masked words in a row (a list, a date) become one mask, runs of white space one blank. `db.c:42`
becomes `db.c:<*>`. Bytes above 127 are parts of words: neither letters, digits, capitals nor separators.

`log_shape_kernel` does the same in machine code; change both.
"""

from __future__ import annotations

import re

MASK = b"<*>"
SHAPE_BYTES = 2_048  # of a longer body only so much makes the shape
CALENDAR = frozenset(b"Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
UNITS = frozenset(b"B KB MB GB TB KiB MiB GiB TiB ns us ms s sec secs seconds min minutes bytes".split())
CODE_FILES = frozenset(b"c cc cpp cs go h java js kt php py rb rs scala swift ts".split())
STATES = frozenset(  # what `state=` takes: few values, and an operator asks which
    b"up down true false yes no on off null nil none unknown ok okay good bad fail failed failure failing error "
    b"success succeeded pass passed warn warning critical fatal info debug trace open opened closed closing half_open "
    b"active inactive idle busy ready not_ready pending queued running stopped stopping started starting paused done "
    b"finished complete completed canceled cancelled aborted rejected accepted denied allowed refused expired revoked "
    b"timeout enabled disabled healthy unhealthy degraded alive dead online offline connected disconnected reachable "
    b"unreachable available unavailable locked unlocked valid invalid leader follower candidate primary secondary "
    b"replica master slave full empty new old".split()
)
_SPACES = rb"\x00-\x20"
_SEPARATORS = rb""",;=()\[\]{}"'<>|!?&`"""
SEPARATORS = frozenset(b""",;=()[]{}"'<>|!?&`""")
_TOKEN = re.compile(rb"[%s]+|[%s]|\.\.+|:|(?:(?!\.\.)[^%s%s])+" % (_SPACES, _SEPARATORS, _SPACES, _SEPARATORS))
_COLON = re.compile(rb":")
_DIGIT = re.compile(rb"[0-9]")
_CAPITAL = re.compile(rb"[A-Z]")
_HEX_LETTERS = re.compile(rb"[0-9A-Fa-f]{8,}")
_ABOUT_A_NUMBER = re.compile(rb"(^|[%s])[<>~](?=[0-9])" % _SPACES)  # as in `took <1 sec`
_BEFORE_A_TIME = re.compile(rb",?[%s]+(?:[0-9]|(?:%s)\b)" % (_SPACES, b"|".join(sorted(CALENDAR))))


def shape(body: bytes) -> bytes:
    """At most four times as long as `body`, which is UTF-8 or anything else; a character may end cut off."""
    text = _ABOUT_A_NUMBER.sub(rb"\1", body[:SHAPE_BYTES])
    out = bytearray()
    after_mask = -1  # where the last mask ends in `out`, while only list separators followed it
    for found in _TOKEN.finditer(text):
        token, at = found[0], found.start()
        if token[0] <= 0x20:
            if out and out[-1] != 0x20:
                out += b" "
            continue
        for word, start in _words(token, at) if b":" in token else ((token, at),):
            bare = word.rstrip(b".:-+")
            if not bare:
                out += word[:2] if word[:1] == b"." else word[:1]
                after_mask = -1
                continue
            if _is_value(bare, out) or _varies(bare) or _is_beside_a_mask(bare, text, start, out):
                if after_mask >= 0:
                    del out[after_mask:]
                else:
                    out += MASK
                after_mask = len(out)
            else:
                if bare == b")" and (out == b"(" or out.endswith(b" (")):
                    out += MASK  # `from ()`: the value that others have is empty
                out += bare
                if bare not in (b",", b";", b"|"):
                    after_mask = -1
            if len(bare) < len(word):
                out += word[len(bare) : len(bare) + 1]
                after_mask = -1
    return bytes(out.rstrip(b" "))


def _is_value(word: bytes, out: bytearray) -> bool:
    return out.endswith(b"=") and word[0] not in SEPARATORS and word not in STATES


def _words(token: bytes, at: int) -> list[tuple[bytes, int]]:
    """The words between the colons of `token` that end one, and those colons."""
    words = []
    begin = 0
    for colon in _COLON.finditer(token):
        end = colon.start()
        if end > begin and _holds_together(token[begin:end], token[end + 1 : end + 2]):
            continue
        if end > begin:
            words.append((token[begin:end], at + begin))
        words.append((b":", at + end))
        begin = end + 1
    if begin < len(token):
        words.append((token[begin:], at + begin))
    return words


def _holds_together(before: bytes, following: bytes) -> bool:
    if not following:
        return False
    if following in b"/\\" or _DIGIT.search(before):
        return True
    _, dot, extension = before.rpartition(b".")
    is_host = bool(dot) and extension not in CODE_FILES and not _CAPITAL.search(before)
    return is_host and following.isdigit()


def _varies(word: bytes) -> bool:
    if _DIGIT.search(word):
        return True
    if b"/" in word:
        return (word[:1] == b"/" and len(word) > 1) or word.count(b"/") > 1 or b"." in word or word[:2] == b"~/"
    return b"@" in word[1:-1] or (b"\\" in word and len(word) > 2) or bool(_HEX_LETTERS.fullmatch(word))


def _is_beside_a_mask(word: bytes, text: bytes, start: int, out: bytearray) -> bool:
    is_behind = out.endswith(MASK + b" ")
    if word in UNITS:
        return is_behind
    return word in CALENDAR and (is_behind or bool(_BEFORE_A_TIME.match(text, start + len(word))))
