"""Makes characters seen that a terminal or a model would obey, hide or reorder instead of show."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, soft hyphen, Arabic letter mark, Mongolian separator, zero width and bidi, line and
# paragraph separators, invisible operators, interlinear marks, byte order mark, variation selectors, lone surrogates,
# tag characters (which spell invisible ASCII), supplementary variation selectors.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Control characters become control pictures (ESC: ␛), other unseen ones their code point (‹U+202E›)."""
    return _UNSEEN.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"‹U+{code:04X}›"


def one_line(text: str, most: int = 200) -> str:
    """For ids and titles: no line breaks, no quotes that could end an attribute, bounded."""
    line = visible(" ".join(text.split())).replace('"', "'")
    return line if len(line) <= most else line[: most - 1] + "…"
