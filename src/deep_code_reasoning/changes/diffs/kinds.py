"""What kinds of change a patch is, and which of them can bring a symptom about.

A kind is seen on the syntax tree (patterns/), or, where there is none, in the words of the changed lines (kinds.toml).
The tree wins: what it saw brings its lines, and what it could have seen and did not is not looked for in words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from deep_code_reasoning.changes.diffs.changed_lines import ChangedLines
from deep_code_reasoning.changes.diffs.delta import Delta, Replaced
from deep_code_reasoning.changes.diffs.needed_words import NeededWords
from deep_code_reasoning.changes.diffs.pattern import Match
from deep_code_reasoning.changes.diffs.pattern_catalogue import all_patterns
from deep_code_reasoning.changes.diffs.seen import Seen

FLAGS = re.IGNORECASE | re.MULTILINE
STEPS = ("none", "patch", "minor", "major")


@dataclass(frozen=True)
class Kind:
    name: str
    words: str
    symptom: frozenset[str]
    removed: re.Pattern[str] | None = None
    added: re.Pattern[str] | None = None
    number: re.Pattern[str] | None = None
    moved: str = "any"
    bump: str | None = None
    path: re.Pattern[str] | None = None
    same_as: frozenset[str] = frozenset()
    """Patterns on the tree that tell the same fact, itself among them."""
    at: tuple[Match, ...] = ()
    """Where the tree shows it; empty when only words do."""

    def holds(self, delta: Delta, paths: Sequence[str], lines: ChangedLines) -> bool:
        if self.path and not any(self.path.search(path) for path in paths):
            return False
        if self.bump:
            return STEPS.index(delta.bump) >= STEPS.index(self.bump)
        if self.number:
            return any(self.tells(number) for number in delta.numbers)
        return self._stands_in(lines)

    def tells(self, number: Replaced | None) -> bool:
        """It is what became of a number that another took the place of."""
        if self.number is None or number is None or self.moved not in ("any", number.moved):
            return False
        return _may_be_in(self.number, number.name) and self.number.search(number.name) is not None

    def _stands_in(self, lines: ChangedLines) -> bool:
        if self.removed and self.added:
            return lines.differs(self.removed, self.added)
        if self.removed:
            return lines.has_only(self.removed, 0)
        return bool(self.added) and lines.has_only(self.added, 1)


def _may_be_in(pattern: re.Pattern[str], text: str) -> bool:
    needed = needed_words()
    return bool(needed.of(text) & needed.bit(pattern))


@cache
def _data() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def kinds() -> tuple[Kind, ...]:
    def pattern(entry: dict, name: str) -> re.Pattern[str] | None:
        return re.compile(entry[name], FLAGS) if name in entry else None

    def kind(entry: dict) -> Kind:
        seen = all_patterns().get(entry["name"])
        return Kind(
            entry["name"],
            seen.words if seen else entry["words"],
            seen.symptoms if seen else frozenset(entry["symptom"]),
            *(pattern(entry, name) for name in ("removed", "added", "number")),
            moved=entry.get("moved", "any"),
            bump=entry.get("bump"),
            path=pattern(entry, "path"),
            same_as=frozenset(entry.get("same_as", ())) | ({entry["name"]} if seen else set()),
        )

    return tuple(kind(entry) for entry in _data()["kind"])


def kinds_of(
    delta: Delta, paths: Sequence[str], seen: Seen | None = None, symptoms: Collection[str] | None = None
) -> tuple[Kind, ...]:
    """Each kind once. `seen`: what matches_of saw on the syntax of the same commit's files.

    `symptoms`: only kinds that bring one of them about.
    """
    told = _on_the_tree(seen.matches if seen else ())
    lines = ChangedLines((delta.removed, delta.added), needed_words())
    names = {name for kind in told for name in (kind.name, *(match.pattern for match in kind.at))}
    found = told + tuple(
        kind
        for kind in kinds()
        if (symptoms is None or not kind.symptom.isdisjoint(symptoms))
        and not (kind.name in names or kind.same_as & names or (seen and seen.is_whole and kind.same_as))
        and kind.holds(delta, paths, lines)
    )
    return found if symptoms is None else fitting(found, symptoms)


@cache
def needed_words() -> NeededWords:
    return NeededWords([pattern for kind in kinds() for pattern in (kind.removed, kind.added, kind.number) if pattern])


def _on_the_tree(matches: Sequence[Match]) -> tuple[Kind, ...]:
    at: dict[Kind, list[Match]] = {}
    by_name = {kind.name: kind for kind in kinds()}
    for match in matches:
        pattern = all_patterns()[match.pattern]
        found = [kind for kind in kinds() if kind.tells(match.replaced)]
        own = by_name.get(pattern.name) or Kind(pattern.name, pattern.words, pattern.symptoms)
        for kind in found or [own]:
            at.setdefault(kind, []).append(match)
    return tuple(replace(kind, at=tuple(some)) for kind, some in at.items())


def symptoms_in(texts: Iterable[str]) -> frozenset[str]:
    """The groups of [symptoms] that one of the texts shows."""
    told = "\n".join(texts)
    return frozenset(name for name, pattern in _data()["symptoms"].items() if re.search(pattern, told, re.IGNORECASE))


@cache
def kind_names(symptoms: frozenset[str]) -> tuple[str, ...]:
    """Of everything that brings one of the symptoms about: kinds, and patterns on the tree that are no kinds."""
    told = {kind.name: kind.symptom for kind in kinds()}
    told |= {name: pattern.symptoms for name, pattern in all_patterns().items()}
    return tuple(name for name, brings in told.items() if brings & symptoms)


def fitting(kinds: Iterable[Kind], symptoms: Collection[str]) -> tuple[Kind, ...]:
    return tuple(kind for kind in kinds if kind.symptom & set(symptoms))
