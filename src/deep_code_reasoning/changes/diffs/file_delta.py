"""Both sides of one changed file as syntax: whole files where their contents are at hand, else the hunks of the patch.

Lines of a side count from 1 in the text that was parsed; `Side.real_line` gives those of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from deep_code_reasoning.code.language import Language, language_of
from deep_code_reasoning.code.outline import Outline, Part, outline
from deep_code_reasoning.code.parsing import Parsed, parse

MOST_HUNKS = 200
MOST_HUNK_LINES = 2_000

_HUNK = re.compile(r"^@@+ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass
class Hunk:
    """`removed`, `added`: text of the lines of one side, context included, and whether each is changed.

    `is_exact`: as many lines are there as the head says, so each line's number is known.
    """

    old_start: int
    new_start: int
    removed: list[tuple[str, bool]] = field(default_factory=list)
    added: list[tuple[str, bool]] = field(default_factory=list)
    counts: tuple[int, int] = (0, 0)

    @property
    def is_exact(self) -> bool:
        return self.counts == (len(self.removed), len(self.added))


@dataclass(eq=False)
class Side:
    """`changed`: lines taken out (before) or put in (after). `near`: also those next to a change of the other side."""

    parsed: Parsed
    changed: frozenset[int]
    near: tuple[int, ...]
    numbers: tuple[int | None, ...] | None = None
    """Of a fragment: the line in the file of each of its lines."""

    @cached_property
    def reached(self) -> frozenset[int]:
        """Lines that the change can have made say something else: the changed ones, and those beside what went."""
        return self.changed if self.parsed.is_fragment else self.changed | frozenset(self.near)

    @cached_property
    def outline(self) -> Outline:
        """The functions in which something changed, and everything outside of functions."""
        return outline(self.parsed, self.near)

    @cached_property
    def whole_outline(self) -> Outline:
        return outline(self.parsed)

    def inside(self, function: Part) -> Outline:
        """One function, also where nothing of it changed."""
        return outline(self.parsed, None, function)

    @cached_property
    def lines(self) -> list[bytes]:
        return self.parsed.data.split(b"\n")

    @cached_property
    def source(self) -> str:
        return self.parsed.data.decode("utf-8", "replace")

    def text(self, line: int) -> str:
        return self.lines[line - 1][:2_000].decode("utf-8", "replace") if 0 < line <= len(self.lines) else ""

    def real_line(self, line: int) -> int | None:
        if self.numbers is None:
            return line
        return self.numbers[line - 1] if 0 < line <= len(self.numbers) else None


@dataclass(eq=False)
class FileDelta:
    """`before` is None for a new file, `after` for a deleted one; both are for a file without a grammar.

    `removed_lines`, `added_lines`: the changed lines' text with their numbers, for files of any kind.
    """

    path: str
    language: Language | None
    before: Side | None
    after: Side | None
    is_whole: bool
    removed_lines: tuple[tuple[int | None, str], ...] = ()
    added_lines: tuple[tuple[int | None, str], ...] = ()


def hunks_of(patch: str) -> list[Hunk]:
    """The hunks of a unified diff of one file, with or without lines around the changes."""
    found: list[Hunk] = []
    for line in patch.splitlines():
        if match := _HUNK.match(line):
            if len(found) == MOST_HUNKS:
                break
            old, old_count, new, new_count = match.groups()
            counts = (int((old_count or "1")[:9]), int((new_count or "1")[:9]))
            found.append(Hunk(int(old[:9]), int(new[:9]), counts=counts))
            continue
        if not found and line[:1] in ("+", "-"):
            if line.startswith(("+++", "---")):
                continue
            found.append(Hunk(0, 0, counts=(-1, -1)))
        if not found or len(found[-1].removed) + len(found[-1].added) > MOST_HUNK_LINES:
            continue
        if line[:1] in (" ", "-"):
            found[-1].removed.append((line[1:], line[0] == "-"))
        if line[:1] in (" ", "+"):
            found[-1].added.append((line[1:], line[0] == "+"))
    return found


def file_deltas(
    path: str, patch: str, before: bytes | None = None, after: bytes | None = None
) -> tuple[list[FileDelta], str | None]:
    """What changed in one file, and why no more of it was read.

    With contents one delta, without them one a hunk. A file without a grammar has its changed lines only. With
    `after` alone the file is new, with `before` alone it was deleted; with neither there are only hunks.
    """
    language, hunks = language_of(path), hunks_of(patch)
    removed, added = tuple(_numbered(hunks, 0)), tuple(_numbered(hunks, 1))
    plain = FileDelta(path, None, None, None, True, removed, added)
    if language is None:
        return [plain], None
    if before is None and after is None:
        return [_of_hunk(path, language, hunk) for hunk in hunks], None
    if not all(hunk.is_exact for hunk in hunks):
        return [_of_hunk(path, language, hunk) for hunk in hunks], None
    old = parse(before, language) if before is not None else None
    if isinstance(old, str):
        return [plain], old
    new = parse(after, language, before=old) if after is not None else None
    if isinstance(new, str):
        return [plain], new
    old_near, new_near = _near(hunks, 0), _near(hunks, 1)
    return [
        FileDelta(
            path,
            language,
            Side(old, _changed(hunks, 0), old_near) if old else None,
            Side(new, _changed(hunks, 1), new_near) if new else None,
            True,
            removed,
            added,
        )
    ], None


def _numbered(hunks: list[Hunk], side: int) -> Iterator[tuple[int | None, str]]:
    for hunk in hunks:
        first = (hunk.old_start, hunk.new_start)[side]
        for number, (text, is_changed) in enumerate((hunk.removed, hunk.added)[side], first):
            if is_changed:
                yield (number if hunk.is_exact else None), text


def _changed(hunks: list[Hunk], side: int) -> frozenset[int]:
    return frozenset(number for number, _ in _numbered(hunks, side) if number is not None)


def _near(hunks: list[Hunk], side: int) -> tuple[int, ...]:
    """Changed lines, and for a change that has none on this side the two it lies between."""
    found = set(_changed(hunks, side))
    for hunk in hunks:
        if not any(is_changed for _, is_changed in (hunk.removed, hunk.added)[side]):
            start = (hunk.old_start, hunk.new_start)[side]
            found |= {start, start + 1}
    return tuple(sorted(found))


def _of_hunk(path: str, language: Language, hunk: Hunk) -> FileDelta:
    sides = [_fragment(language, hunk, side) for side in (0, 1)]
    lines = [tuple(_numbered([hunk], side)) for side in (0, 1)]
    return FileDelta(path, language, sides[0], sides[1], False, lines[0], lines[1])


def _fragment(language: Language, hunk: Hunk, side: int) -> Side:
    rows = (hunk.removed, hunk.added)[side]
    first = (hunk.old_start, hunk.new_start)[side]
    texts = [text for text, _ in rows]
    margin = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    data = "\n".join(text[margin:] for text in texts).encode("utf-8", "replace")
    parsed = parse(data, language, fragment=True)
    if isinstance(parsed, str):
        parsed = parse(b"", language, fragment=True)
        assert not isinstance(parsed, str)
    changed = frozenset(number for number, (_, is_changed) in enumerate(rows, 1) if is_changed)
    numbers = tuple(first + number if hunk.is_exact else None for number in range(len(rows)))
    return Side(parsed, changed, tuple(range(1, len(rows) + 1)), numbers)
