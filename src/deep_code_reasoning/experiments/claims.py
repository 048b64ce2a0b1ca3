"""What a text claims that can be looked up: patterns that detectors know, changes, and where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.wording import Words, has_any, lists, parts_of, stems_of

_SHA = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")
_CUES = {"service", "svc", "pod", "host", "component", "app", "api", "server", "node"}
_BEFORE = {"at", "in", "on", "inside", "within", "from", "by", "of"}
_MOST_OPERATIONS = 2_000


@dataclass(frozen=True)
class Pattern:
    """An entry of patterns.toml."""

    code: str
    kind: str
    phrases: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    compares: bool = False
    about: str = ""
    only_own: bool = False


@dataclass(frozen=True)
class Claim:
    """`code` of a detector, or "change". `is_cause`: the hypothesis blames it; else it is said to follow.

    `shas`: commits that are named. `linked`: the diagnosis ties it to the cause by counts; then what it says of the
    failing traces speaks for the cause as well. An effect that is only claimed is every rival's.
    """

    code: str
    kind: str
    places: tuple[str, ...] = ()
    is_cause: bool = True
    by: str = ""
    shas: tuple[str, ...] = ()
    linked: bool = False

    def __str__(self) -> str:
        where = f" at {' or '.join(self.places)}" if self.places else ""
        named = f" ({', '.join(sha[:12] for sha in self.shas)})" if self.shas else ""
        side = "" if self.is_cause else ", as an effect"
        return f"{self.kind}{named}{where}{side} [{self.code}]"


@dataclass(frozen=True)
class Reading:
    """`denied`: what the text says is not so; it is not tested."""

    claims: tuple[Claim, ...]
    denied: str = ""


@cache
def patterns() -> tuple[Pattern, ...]:
    data = tomllib.loads(Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8"))
    return tuple(msgspec.convert(entry, Pattern) for entry in data["pattern"])


def kinds() -> list[str]:
    """The kinds of hypotheses that can be tested without a specialist."""
    return [*(pattern.kind for pattern in patterns()), "a commit or a deploy is to blame"]


def read(text: str, scene: Scene) -> Reading:
    """The claims of a text, causes first. Where no part of it is said to be the cause, all of it is."""
    parts = parts_of(text, _phrases())
    claims = [*_claims(parts.cause, scene, is_cause=True)]
    effects = [*_claims(parts.effect, scene, is_cause=False)]
    if not claims:
        return Reading(tuple(_claims(parts.whole, scene, is_cause=True)), parts.denied)
    known = {claim.code for claim in claims}
    return Reading((*claims, *(one for one in effects if one.code not in known)), parts.denied)


def _claims(words: Words, scene: Scene, *, is_cause: bool) -> Iterator[Claim]:
    places = places_in(words, scene)
    best = _named(words)
    shas = tuple(dict.fromkeys(_SHA.findall(words.text.lower())))
    if is_cause and (shas or (not best and (has_any(words, lists()["change"])))):
        yield Claim("change", "a change is to blame", places, True, "a commit" if shas else "a change", shas)
    for code, (phrase, pattern) in best.items():
        yield Claim(code, pattern.kind, places, is_cause, phrase)


def _named(words: Words) -> dict[str, tuple[str, Pattern]]:
    """The patterns, each by its phrase. A word belongs to one phrase alone, to that whose words stand closest: "more
    calls a request" has "more calls", and no "more requests"."""
    found = [
        (phrase, pattern, words.near(phrase))
        for pattern in patterns()
        for phrase in pattern.phrases
        if words.near(phrase)
    ]
    found.sort(key=lambda one: (one[2][-1] - one[2][0] - len(one[2]), -len(one[2])))
    best: dict[str, tuple[str, Pattern]] = {}
    taken: set[int] = set()
    for phrase, pattern, places in found:
        if pattern.code not in best and taken.isdisjoint(places):
            best[pattern.code] = (phrase, pattern)
            taken.update(places)
    order = [pattern.code for pattern in patterns()]
    return dict(sorted(best.items(), key=lambda item: order.index(item[0])))


def places_in(words: Words, scene: Scene) -> tuple[str, ...]:
    """Names of the evidence that the words mention."""
    found: dict[str, None] = {}
    for kind in ("service", "host", "peer", "resource", "repository"):
        for name in scene.names.get(kind, ()):
            if _is_meant(words, name):
                found[name] = None
    for name in scene.names.get("operation", ())[:_MOST_OPERATIONS]:
        if len(Words.of(name).tokens) > 1 and words.named(name):
            found[name] = None
    return tuple(found)


def _is_meant(words: Words, name: str) -> bool:
    """A name of one word that is a word of patterns as well (`lock`, `cache`) must be told apart from it."""
    places = words.named(name)
    length = len(Words.of(name).tokens)
    if length > 1 or not places:
        return bool(places)
    return any(_is_a_name(words, at, is_plain=words.stems[at] in _plain_words()) for at in places)


def _is_a_name(words: Words, at: int, *, is_plain: bool) -> bool:
    start = words.starts[at]
    end = start + len(words.tokens[at])
    before, after = words.text[max(0, start - 1) : start], words.text[end : end + 1]
    if before in ("`", '"', "'") and after in ("`", '"', "'"):
        return True
    next_word = words.tokens[at + 1] if at + 1 < len(words.tokens) else ""
    if next_word in _CUES:
        return True
    if before in ("-", "_") or after in ("-", "_") or before.isalnum() or after.isalnum():  # lock-order, lockOrder
        return False
    last_word = words.tokens[at - 1] if at else ""
    if words.tokens[at] == "order" and last_word in ("in", "of"):  # in order to, out of order
        return False
    return last_word in _BEFORE or not is_plain


@cache
def _phrases() -> tuple[str, ...]:
    return tuple(phrase for pattern in patterns() for phrase in pattern.phrases)


@cache
def _plain_words() -> frozenset[str]:
    return frozenset(one for phrase in (*_phrases(), *lists()["change"]) for one in stems_of(phrase))


def pattern_named(kind: str) -> Pattern | None:
    return next((pattern for pattern in patterns() if pattern.kind == kind), None)


def texts_of(claims: Sequence[Claim]) -> tuple[str, ...]:
    return tuple(map(str, claims))
