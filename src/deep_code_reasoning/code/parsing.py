"""Bytes of one file to a syntax tree, within limits of size and time. Errors in the text are no failure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.code.language import Language, syntax

if TYPE_CHECKING:
    from tree_sitter import Tree

MOST_BYTES = 1 << 20
LONGEST_LINE = 20_000
"""Bytes. Only minified and generated files have such lines."""
SECONDS = 1.0
_CHUNK = 1 << 16
_buffers: list[bytearray] = []
"""Handed to the parser again and again: py-tree-sitter 0.26 never lets go of what `read` returns, so a new piece of
text for each read would stay for ever. As many as threads have parsed at once."""

TOO_LARGE = "source file larger than 1 MiB (its syntax is not read)"
MINIFIED = "minified or generated source file, a line above 20,000 bytes (its syntax is not read)"
BINARY = "source file with NUL bytes (its syntax is not read)"
TOO_SLOW = "source file that takes more than a second to parse (its syntax is not read)"


@dataclass(frozen=True, eq=False)
class Parsed:
    """`is_fragment`: some lines of a file, put one after another."""

    language: Language
    data: bytes
    tree: Tree
    is_fragment: bool = False


def parse(data: bytes, language: Language, *, before: Parsed | None = None, fragment: bool = False) -> Parsed | str:
    """The tree of a file, or why it has none. `before`: an older state, of which unchanged parts are taken over."""
    if len(data) > MOST_BYTES:
        return TOO_LARGE
    if b"\0" in data:
        return BINARY
    if longest_line(data) > LONGEST_LINE:
        return MINIFIED
    import tree_sitter

    old = _edited(before, data) if before and before.language is language and not fragment else None
    parser = tree_sitter.Parser(syntax(language, fragment=fragment))
    end = time.monotonic() + SECONDS

    buffer = _buffers.pop() if _buffers else bytearray()
    is_parsing = True

    def read(offset: int, _point: object) -> bytes | bytearray:
        if not is_parsing:  # the tree asks for the text of a node, of which it accepts bytes only
            return data[offset : offset + _CHUNK]
        buffer[:] = data[offset : offset + _CHUNK]
        return buffer

    def is_late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > end

    try:
        if old is None:
            tree = parser.parse(read, encoding="utf8", progress_callback=is_late)
        else:
            tree = parser.parse(read, old, encoding="utf8", progress_callback=is_late)
    except ValueError:  # given up
        return TOO_SLOW
    finally:
        is_parsing = False
        _buffers.append(buffer)
    return Parsed(language, data, tree, fragment)


def longest_line(data: bytes) -> int:
    if len(data) <= LONGEST_LINE:
        return 0
    return max(map(len, data.split(b"\n")))


def _edited(before: Parsed, data: bytes) -> Tree:
    """The older tree, told that all between the two states' common start and common end was replaced."""
    old = before.data
    start = _common(old, data)
    tail = _common(old[start:][::-1], data[start:][::-1])
    old_end, new_end = len(old) - tail, len(data) - tail
    tree = before.tree.copy()
    tree.edit(start, old_end, new_end, _point(old, start), _point(old, old_end), _point(data, new_end))
    return tree


def _common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with, by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset), offset - (data.rfind(b"\n", 0, offset) + 1)
