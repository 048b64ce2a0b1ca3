"""The words of a hypothesis: which part is the cause, what is denied, which phrases and names are in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.changes.relevance.terms import stem

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_N_PLUS_ONE = re.compile(r"\bn\s*\+\s*1\b", re.IGNORECASE)
_POWER = re.compile(r"\bO\(\s*n\s*(\^|\*\*)\s*\d\s*\)|\bO\(n²\)", re.IGNORECASE)
_ROOT_CAUSE = re.compile(
    r"\b(?:the\s+)?(?:root\s+|likely\s+|real\s+)?cause\s+(?:of\s+([^,.;]*?)\s+)?(?:is|was|may be|might be|could be)\b",
    re.IGNORECASE,
)
_SLACK = 5
_AROUND = 60
MOST_CHARACTERS = 10_000


@dataclass(frozen=True)
class Words:
    """Tokens in their order: camelCase and snake_case parted, in lower case; `stems` beside them."""

    text: str
    tokens: tuple[str, ...]
    stems: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Words:
        text = _POWER.sub(" quadratic ", _N_PLUS_ONE.sub(" nplusone ", text[:MOST_CHARACTERS]))
        found = list(_TOKEN.finditer(text))
        tokens = tuple(one[0].lower() for one in found)
        return cls(text, tokens, tuple(map(stem, tokens)), tuple(one.start() for one in found))

    def near(self, phrase: str) -> tuple[int, ...]:
        """Where all words of the phrase stand closest, in any order and form, with at most five others between them;
        empty where they do not."""
        return _closest(self.stems, stems_of(phrase))

    def named(self, name: str) -> list[int]:
        """The places (of tokens) at which the name stands, its parts one after the other."""
        parts = tuple(token.lower() for token in _TOKEN.findall(name))
        if not parts:
            return []
        return [at for at in range(len(self.tokens) - len(parts) + 1) if self.tokens[at : at + len(parts)] == parts]


@dataclass(frozen=True)
class Parts:
    """`cause` is what the hypothesis blames (all of it, where no word says which); `denied` is taken out of all."""

    cause: Words
    effect: Words
    whole: Words
    denied: str


def parts_of(text: str, phrases: Iterable[str] = ()) -> Parts:
    """The last "because" parts effect from cause; within the cause the first "leads to" ends it.

    A "not" that belongs to one of `phrases` ("not acknowledged") denies nothing.
    """
    text = _ROOT_CAUSE.sub(r" \1 because ", " ".join(text[:MOST_CHARACTERS].split()))
    said, denied = _without_denied(text, phrases)
    cause, effects = said, []
    if found := list(_any_of("because").finditer(cause)):
        effects.append(cause[: found[-1].start()])
        cause = cause[found[-1].end() :]
    if first := _any_of("causes").search(cause):
        before, after = cause[: first.start()], cause[first.end() :]
        if before.strip():
            effects.append(after)
            cause = before
    return Parts(Words.of(cause), Words.of(" . ".join(effects)), Words.of(said), denied)


@cache
def lists() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_name("clauses.toml").read_text(encoding="utf-8"))


@cache
def stems_of(phrase: str) -> tuple[str, ...]:
    """Of the words that tell: little ones only hold a phrase together."""
    tokens = [token.lower() for token in _TOKEN.findall(phrase)]
    little = {"a", "an", "the", "of", "for", "in", "to", "is", "by", "on"}
    return tuple(stem(token) for token in tokens if token not in little) or tuple(map(stem, tokens))


def has_any(words: Words, phrases: Iterable[str]) -> str | None:
    """The longest phrase that is there."""
    found = [phrase for phrase in phrases if words.near(phrase)]
    return max(found, key=lambda phrase: (len(stems_of(phrase)), len(phrase)), default=None)


def _closest(stems: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    best: tuple[int, ...] = ()
    for at, stem_here in enumerate(stems):
        if stem_here not in wanted:
            continue
        window = stems[at : at + len(wanted) + _SLACK]
        if not set(wanted) <= set(window):
            continue
        places = tuple(sorted({at + window.index(one) for one in wanted}))
        if not best or places[-1] - places[0] < best[-1] - best[0]:
            best = places
    return best


def _without_denied(text: str, phrases: Iterable[str]) -> tuple[str, str]:
    kept, denied, at = [], [], 0
    ends = _any_of("ends")
    for found in _any_of("denied").finditer(text):
        after = ends.search(text, found.end())
        end = after.start() if after else len(text)
        own = [phrase for phrase in phrases if stem(found[0].lower()) in stems_of(phrase)]
        around = Words.of(text[max(at, found.start() - _AROUND) : end])
        if found.start() < at or has_any(around, own):
            continue
        kept.append(text[at : found.start()])
        at = end
        denied.append(text[found.start() : at])
    kept.append(text[at:])
    return " ".join(kept), "; ".join(part.strip() for part in denied)


@cache
def _any_of(name: str) -> re.Pattern[str]:
    alternatives = sorted(lists()[name], key=len, reverse=True)
    words = [re.escape(one) if not one[0].isalnum() else rf"\b{re.escape(one)}\b" for one in alternatives]
    return re.compile("|".join(words), re.IGNORECASE)
