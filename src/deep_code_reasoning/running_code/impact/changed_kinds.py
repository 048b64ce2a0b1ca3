"""What a change does to the code in scope: functions it touched, patterns on its syntax, kinds by its words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from deep_code_reasoning.changes.diffs import words
from deep_code_reasoning.changes.diffs.delta import delta_of
from deep_code_reasoning.changes.diffs.kinds import kinds_of
from deep_code_reasoning.changes.diffs.pattern import Match
from deep_code_reasoning.changes.diffs.seen import ChangedFile, Seen, matches_of
from deep_code_reasoning.running_code.impact.patch import patch_of
from deep_code_reasoning.running_code.impact.report import TYPES, ImpactType
from deep_code_reasoning.running_code.impact.scope import FileState

LONGEST = 160
NOT_CODE = "a test, documentation, a copy or generated: no impact is told of it"


@dataclass(frozen=True)
class KindSeen:
    """`line` in the file afterwards, or before where `is_removal`. `by`: "syntax", or "words" of the changed lines."""

    types: tuple[ImpactType, ...]
    name: str
    what: str
    path: str
    line: int | None = None
    function: str | None = None
    text: str = ""
    is_removal: bool = False
    by: str = "syntax"


def changes_in(files: Sequence[FileState]) -> tuple[Seen, list[KindSeen], dict[str, str]]:
    """What the syntax shows, the kinds of change, and the files left out with why.

    A file that did not change is read as if all of it were new: what is found is there, not added.
    """
    left_out = {one.path: NOT_CODE for one in files if not words.runs([one.path]) or words.is_foreign(one.path)}
    read = [one for one in files if one.path not in left_out]
    seen = matches_of(_given(one) for one in read)
    found: list[KindSeen] = []
    for one in read:
        own = tuple(match for match in seen.matches if match.path == one.path)
        if one.is_diff:
            found += _of_change(one, replace(seen, matches=own))
        else:
            found += [_of_match(match, match.pattern, match.words) for match in own]
    return seen, [one for one in dict.fromkeys(found) if one.types], {**left_out, **seen.unread}


def _given(one: FileState) -> ChangedFile:
    if one.is_diff:
        return ChangedFile(one.path, patch_of(one.before or b"", one.after or b""), one.before, one.after)
    return ChangedFile(one.path, patch_of(b"", one.after or b""), None, one.after)


def _of_change(one: FileState, seen: Seen) -> Iterator[KindSeen]:
    patch = patch_of(one.before or b"", one.after or b"")
    delta = delta_of(patch)
    for kind in kinds_of(delta, [one.path], seen):
        if kind.at:
            yield from (_of_match(match, kind.name, match.words) for match in kind.at)
        else:
            yield KindSeen(types_of(kind.name), kind.name, kind.words, one.path, by="words")
    yield from _own(one.path, delta.removed, delta.added)


def _of_match(match: Match, name: str, what: str) -> KindSeen:
    return KindSeen(
        types_of(name), name, what, match.path, match.line, match.function, match.text, match.is_removal, "syntax"
    )


def _own(path: str, removed: Sequence[str], added: Sequence[str]) -> Iterator[KindSeen]:
    for name, (told, pattern, types) in _own_kinds().items():
        sides = [[line for line in lines if pattern.search(line)] for lines in (removed, added)]
        plain = [{" ".join(line.split()) for line in lines} for lines in sides]
        for line in (*(line for line in sides[1] if " ".join(line.split()) not in plain[0]), *sides[0]):
            if plain[0] != plain[1]:
                yield KindSeen(types, name, told, path, text=line.strip()[:LONGEST], by="words")
                break


@cache
def types_of(kind: str) -> tuple[ImpactType, ...]:
    return tuple(name for name in TYPES if kind in _data()[name].split())


@cache
def _own_kinds() -> Mapping[str, tuple[str, re.Pattern[str], tuple[ImpactType, ...]]]:
    return {
        name: (entry["words"], re.compile(entry["pattern"]), (entry["type"],)) for name, entry in _data()["own"].items()
    }


@cache
def _data() -> dict:
    return tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
