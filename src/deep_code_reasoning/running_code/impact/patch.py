"""Two states of a file as a unified diff without lines around the changes."""

from __future__ import annotations

from difflib import SequenceMatcher

MOST_COMPARED = 4_000
"""Lines of a side; where more differ between the first and the last change, they count as replaced as a whole."""

_OTHER_ENDS = dict.fromkeys(map(ord, "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), " ")


def patch_of(before: bytes, after: bytes) -> str:
    old, new = _lines(before), _lines(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = (old[start : len(old) - end], new[start : len(new) - end])
    if max(map(len, middle)) > MOST_COMPARED:
        blocks = [("replace", 0, len(middle[0]), 0, len(middle[1]))]
    else:
        blocks = SequenceMatcher(None, *middle, autojunk=False).get_opcodes()
    hunks = []
    for tag, i, j, k, m in blocks:
        if tag == "equal" or (i == j and k == m):
            continue
        head = f"@@ -{_place(start, i, j)} +{_place(start, k, m)} @@"
        hunks += [head, *(f"-{line}" for line in middle[0][i:j]), *(f"+{line}" for line in middle[1][k:m])]
    return "\n".join(hunks)


def _place(start: int, first: int, end: int) -> str:
    """As diff writes it: with no lines of a side, the line before."""
    return f"{start + first + (end > first)},{end - first}"


def _lines(data: bytes) -> list[str]:
    """Parted at newlines alone, as lines of files are counted; what a reader of patches would part as well is a blank.

    The end of line of Windows is none of the line's text."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").translate(_OTHER_ENDS)
    found = text.split("\n")
    return found[:-1] if not found[-1] else found


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
