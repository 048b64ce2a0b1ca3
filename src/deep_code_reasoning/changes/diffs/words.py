"""Words that can tie a change to a symptom, and what of a commit does not run in production (words.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
IDENTIFIER = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+"
)
RUN = re.compile(r"[A-Za-z0-9_-]{3,}")
"""What neither a word nor an identifier reaches beyond."""
QUOTED = re.compile(r"""['"`]([A-Za-z][\w.\-]{2,60})['"`]""")
STEM = 5
"""Letters of a stem: as many as expire, expired and expiry share. That it also joins words of other roots costs
nothing but rarity, which is counted on stems."""

MOST_KNOWN = 1 << 16
"""Runs of letters whose words and names are remembered: those of a history are few and come again and again."""


def stems(text: str) -> frozenset[str]:
    """The first letters of words and of the parts of identifiers, without those that every program has."""
    return _stems_of(frozenset(RUN.findall(text)))


def identifiers(text: str) -> frozenset[str]:
    """Names of more than one part, and quoted ones, in lower case: `dashboard_favorites`, `catalogItems`, 'meta'."""
    return _identifiers_of(frozenset(RUN.findall(text)), text)


def stems_and_identifiers(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Both at once, in little more than the time of one."""
    runs = frozenset(RUN.findall(text))
    return _stems_of(runs), _identifiers_of(runs, text)


def _stems_of(runs: Iterable[str]) -> frozenset[str]:
    return frozenset(set[str]().union(*map(_stems_of_run, runs)) - common_stems())


def _identifiers_of(runs: Iterable[str], text: str) -> frozenset[str]:
    common = common_stems()
    names = set[str]().union(*map(_identifiers_of_run, runs))
    if "'" in text or '"' in text or "`" in text:
        quoted = map(str.lower, QUOTED.findall(text))
        names.update(name for name in quoted if len(name) > 3 and name[:STEM] not in common)
    return frozenset(names)


@lru_cache(MOST_KNOWN)
def _stems_of_run(run: str) -> tuple[str, ...]:
    return tuple(
        part[:STEM].lower() for word in WORD.findall(run) for part in (word, *CAMEL.findall(word)) if len(part) > 2
    )


@lru_cache(MOST_KNOWN)
def _identifiers_of_run(run: str) -> tuple[str, ...]:
    names = map(str.lower, IDENTIFIER.findall(run))
    return tuple(name for name in names if len(name) > 3 and name[:STEM] not in common_stems())


@cache
def vocabulary() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def common_stems() -> frozenset[str]:
    lists = vocabulary()
    return frozenset(word[:STEM] for name in ("english", "programs", "logs", "sql") for word in lists[name].split())


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(vocabulary()["inert"][name])


def is_inert_line(text: str) -> bool:
    """A blank line, a comment, an import, or one that only logs or counts."""
    return not text.strip(" \t{}()[];,") or bool(_at_start().match(text)) or bool(_pattern("log").search(text))


@cache
def _at_start() -> re.Pattern[str]:
    """Comments and imports: both patterns begin where the line does."""
    inert = vocabulary()["inert"]
    return re.compile(f"(?:{inert['comment']})|(?:{inert['import']})")


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
