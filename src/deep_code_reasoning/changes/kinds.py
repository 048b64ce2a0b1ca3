"""Reads kinds.toml: what kinds of change a patch is, and which of them can bring a symptom about."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.changes.delta import Delta

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

    def holds(self, delta: Delta, paths: Sequence[str]) -> bool:
        if self.path and not any(self.path.search(path) for path in paths):
            return False
        if self.bump:
            return STEPS.index(delta.bump) >= STEPS.index(self.bump)
        if self.number:
            return any(
                self.number.search(number.name) and self.moved in ("any", number.moved) for number in delta.numbers
            )
        out, put = "\n".join(delta.removed), "\n".join(delta.added)
        if self.removed and self.added:
            one, other = _words(self.removed, out), _words(self.added, put)
            return bool(one and other) and one != other
        if self.removed:
            return _only_here(self.removed, out, put)
        return bool(self.added) and _only_here(self.added, put, out)


def _only_here(pattern: re.Pattern[str], here: str, there: str) -> bool:
    """Something that the pattern finds on one side and that does not stand on the other."""
    plain = there.lower()
    return any(match[0].lower() not in plain for match in pattern.finditer(here))


def _words(pattern: re.Pattern[str], text: str) -> set[str]:
    """What the pattern finds, each to the ends of its word."""
    return {
        re.split(r"[^\w.-]", text[: match.start()])[-1]
        + match[0]
        + re.split(r"[^\w.-]", text[match.end() :], maxsplit=1)[0]
        for match in pattern.finditer(text)
    }


@cache
def _data() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def kinds() -> tuple[Kind, ...]:
    def pattern(entry: dict, name: str) -> re.Pattern[str] | None:
        return re.compile(entry[name], re.IGNORECASE | re.MULTILINE) if name in entry else None

    return tuple(
        Kind(
            entry["name"],
            entry["words"],
            frozenset(entry["symptom"]),
            *(pattern(entry, name) for name in ("removed", "added", "number")),
            entry.get("moved", "any"),
            entry.get("bump"),
            pattern(entry, "path"),
        )
        for entry in _data()["kind"]
    )


def kinds_of(delta: Delta, paths: Sequence[str]) -> tuple[Kind, ...]:
    return tuple(kind for kind in kinds() if kind.holds(delta, paths))


def symptoms_in(texts: Iterable[str]) -> frozenset[str]:
    """The groups of [symptoms] that one of the texts shows."""
    told = "\n".join(texts)
    return frozenset(name for name, pattern in _data()["symptoms"].items() if re.search(pattern, told, re.IGNORECASE))


def fitting(kinds: Iterable[Kind], symptoms: Collection[str]) -> tuple[Kind, ...]:
    return tuple(kind for kind in kinds if kind.symptom & set(symptoms))
