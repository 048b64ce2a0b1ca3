"""One line of logfmt: keys and values, blanks between them, values in quotes where they hold blanks."""

from __future__ import annotations

import re

_PAIR = re.compile(r'([A-Za-z_@][\w.@/:\[\]-]{0,127})=("(?:[^"\\]|\\.)*+"|[^\s"]*+)(?:[ \t]++|$)')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def logfmt_pairs(text: str) -> dict[str, str] | None:
    """The pairs of a line that holds nothing but pairs, else None; of a repeated key the last counts."""
    pairs: dict[str, str] = {}
    position, end = 0, len(text)
    match_at = _PAIR.match
    while position < end:
        match = match_at(text, position)
        if match is None:
            return None
        key, value = match.groups()
        if value[:1] == '"':
            value = value[1:-1]
            if "\\" in value:
                value = _ESCAPE.sub(_unescaped, value)
        pairs[key] = value
        position = match.end()
    return pairs or None


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)
