"""Words that can tie a change to a symptom, and what of a commit does not run in production (words.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
IDENTIFIER = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+"
)
QUOTED = re.compile(r"""['"`]([A-Za-z][\w.\-]{2,60})['"`]""")
STEM = 5
"""Letters of a stem: as many as expire, expired and expiry share. That it also joins words of other roots costs
nothing but rarity, which is counted on stems."""


def stems(text: str) -> frozenset[str]:
    """The first letters of words and of the parts of identifiers, without those that every program has."""
    found = set()
    for word in WORD.findall(text):
        parts = [word, *CAMEL.findall(word)]
        found.update(_stem(part.lower()) for part in parts if len(part) > 2)
    return frozenset(found - common_stems())


def identifiers(text: str) -> frozenset[str]:
    """Names of more than one part, and quoted ones, in lower case: `dashboard_favorites`, `catalogItems`, 'meta'."""
    names = {name.lower() for name in IDENTIFIER.findall(text)} | {name.lower() for name in QUOTED.findall(text)}
    return frozenset(name for name in names if len(name) > 3 and _stem(name) not in common_stems())


def _stem(word: str) -> str:
    return word[:STEM]


@cache
def vocabulary() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def common_stems() -> frozenset[str]:
    lists = vocabulary()
    return frozenset(_stem(word) for name in ("english", "programs", "logs", "sql") for word in lists[name].split())


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(vocabulary()["inert"][name])


def is_inert_line(text: str) -> bool:
    """A blank line, a comment, an import, or one that only logs or counts."""
    return not text.strip(" \t{}()[];,") or any(_pattern(name).search(text) for name in ("comment", "import", "log"))


def runs(paths: Iterable[str]) -> list[str]:
    """The files among `paths` that run in production; lock files follow from others and are left out."""
    return [path for path in paths if not any(_pattern(name).search(path) for name in ("path", "follows"))]


def is_foreign(path: str) -> bool:
    """Copied in from elsewhere, or generated."""
    return bool(_pattern("foreign").search(path))


def is_presentation(path: str) -> bool:
    return bool(_pattern("presentation").search(path))


def is_inert_message(message: str) -> bool:
    return bool(re.compile(vocabulary()["inert"]["message"], re.IGNORECASE).search(message))


def is_setting_only(paths: Iterable[str]) -> bool:
    """Nothing but settings and pinned versions: no code of one's own has to be undone."""
    counted = runs(paths)
    return bool(counted) and all(_pattern("setting").search(path) for path in counted)
