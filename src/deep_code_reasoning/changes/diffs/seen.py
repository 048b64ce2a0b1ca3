"""What a commit does, seen on the syntax of its files."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from deep_code_reasoning.changes.diffs import pattern_catalogue, words
from deep_code_reasoning.changes.diffs.file_delta import FileDelta, file_deltas
from deep_code_reasoning.changes.diffs.pattern import Match
from deep_code_reasoning.code.functions import TouchedFunction, functions_touched
from deep_code_reasoning.code.literals import Literal, literals

MOST_FILES = 100
"""Of one commit. A change of more files is a formatting, a rename or an import."""

SECONDS = 5.0
"""For the files of one commit; a usual one takes a hundredth of a second."""

LONG_ENOUGH = 12
"""A line of fewer letters says too little to be known again in another file."""

TOO_LATE = "files of a commit whose others took more than five seconds (their syntax is not read)"
TOO_MANY = f"files of one commit beyond the first {MOST_FILES} (their syntax is not read)"


class ChangedFile(NamedTuple):
    """`before`, `after`: the whole contents; both None where only the patch is at hand."""

    path: str
    patch: str
    before: bytes | None = None
    after: bytes | None = None


@dataclass(frozen=True)
class Seen:
    """`functions` and `literals` by path, of files whose contents were at hand (`functions`) and of changed lines.

    `unread`: path -> why its syntax was not read. `is_whole`: every file that runs was read in full, so a pattern that
    did not match does not hold.
    """

    matches: tuple[Match, ...] = ()
    functions: Mapping[str, tuple[TouchedFunction, ...]] = field(default_factory=dict)
    literals: Mapping[str, tuple[Literal, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = False


def matches_of(files: Iterable[ChangedFile], *, with_literals: bool = False) -> Seen:
    """Of the files of one commit. Tests, documentation, copied and generated code are left out."""
    deltas: list[FileDelta] = []
    unread: dict[str, str] = {}
    found: list[Match] = []
    whole, end = True, time.monotonic() + SECONDS
    for number, file in enumerate(one for one in files if _is_read(one.path)):
        if number >= MOST_FILES or time.monotonic() > end:
            unread[file.path] = TOO_MANY if number >= MOST_FILES else TOO_LATE
            whole = False
            continue
        if _is_inert(file.patch):
            continue
        read, why = file_deltas(file.path, file.patch, file.before, file.after)
        deltas += read
        found += [match for delta in read for match in _found(delta)]
        if why:
            unread[file.path] = why
        whole = whole and not why and all(one.language is not None and one.is_whole for one in read)
    return Seen(
        tuple(_without_moved(found, deltas)),
        _by_path(deltas, _functions),
        _by_path(deltas, _literals) if with_literals else {},
        unread,
        whole and bool(deltas),
    )


def _is_read(path: str) -> bool:
    return bool(words.runs([path])) and not words.is_foreign(path)


def _found(delta: FileDelta) -> list[Match]:
    found = [match for module in pattern_catalogue.modules() for match in module.find(delta)]
    return list(dict.fromkeys(found))


def _is_inert(patch: str) -> bool:
    changed = [line[1:] for line in patch.splitlines() if line[:1] in ("+", "-")]
    return all(words.is_inert_line(line) for line in changed)


def _without_moved(found: list[Match], deltas: list[FileDelta]) -> list[Match]:
    """Without facts whose lines all stand on the other side of another file, or of another hunk of a fragment."""
    if not found or len(deltas) < 2:
        return found
    removed = {"".join(text.split()) for delta in deltas for _, text in delta.removed_lines}
    added = {"".join(text.split()) for delta in deltas for _, text in delta.added_lines}
    return [match for match in found if not _is_moved(match, added if match.is_removal else removed)]


def _is_moved(match: Match, other: Collection[str]) -> bool:
    return any(len(line) >= LONG_ENOUGH for line in match.about) and all(line in other for line in match.about)


def _by_path(deltas: list[FileDelta], read: Callable[[FileDelta], list]) -> dict[str, tuple]:
    found: dict[str, list] = {}
    for delta in deltas:
        found.setdefault(delta.path, []).extend(read(delta))
    return {path: tuple(dict.fromkeys(some)) for path, some in found.items() if some}


def _functions(delta: FileDelta) -> list[TouchedFunction]:
    before, after = delta.before, delta.after
    if not delta.is_whole or (before is None and after is None):
        return []
    return functions_touched(
        before.outline if before else None,
        after.outline if after else None,
        sorted(before.changed) if before else (),
        sorted(after.changed) if after else (),
    )


def _literals(delta: FileDelta) -> list[Literal]:
    """Of the functions touched, and of changed lines outside of functions."""
    found: list[Literal] = []
    for side in (delta.before, delta.after):
        if side is not None:
            spans = [
                range(part.line, part.end_line + 1) for part in side.outline.functions.values() if part.holds(side.near)
            ]
            found += [
                one
                for one in literals(side.outline)
                if one.line in side.changed or any(one.line in span for span in spans)
            ]
    return found
