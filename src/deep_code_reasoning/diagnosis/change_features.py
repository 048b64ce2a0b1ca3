"""What speaks for and against one change, in decibans: each feature by how common it is among the innocent.

A feature that a culprit has with probability p and a share q of all changes has, weighs 10 log10(p / q); q is counted
on all changes of the evidence, also on those made after the onset, which cannot be to blame. The features of one
change are no independent witnesses and are discounted (evidence_model.discounted).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log, log10
from pathlib import Path

from deep_code_reasoning.changes.candidates.candidates import Candidate
from deep_code_reasoning.changes.candidates.same_file import same_file
from deep_code_reasoning.changes.diffs.kinds import Kind
from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.change_question import Asked
from deep_code_reasoning.diagnosis.change_scene import Release, Scene
from deep_code_reasoning.diagnosis.kind_weights import STRENGTH, KindWeights

RARE_WORD_SHARE = 0.15
"""A word says something when at most this share of all changes has it."""

TOLD = 0.7
TOUCHED = 0.5
PLACED = 0.4
"""What a word counts that the message tells, that stands on both sides of a patch, that a path holds; one that
changed counts 1."""

TIES = ("file", "function", "name", "word", "number", "level", "text")
"""What ties a change to this failure. Place, time and kind do not: they fit many failures, so without a tie they speak
for nothing (of changes held against the symptoms of foreign incidents, one in eight fits by its kind)."""

LEAST_TIE_DB = 10.0
"""A change is named only where something ties it to this failure by ten to one, whatever else speaks for it."""

INERT_DB = -15.0
PRESENTATION_DB = -10.0
"""One in thirty, and one in ten, culprits would be such. Guesses, not calibrated."""

FEW_NAMES = 3

LONG_TEXT = 12
"""Characters of a constant text from which it is hardly written twice."""

ROLL_OUT_NANO = 3_600_000_000_000
"""A version serves at most so long after its deploy is told; traces that are sampled show it late."""

CLOCK_NANO = 60_000_000_000


@dataclass(frozen=True)
class Feature:
    in_culprit: float
    words: str
    innocent: float | None = None
    absent: str = ""
    speaks_when_absent: bool = False


@dataclass(frozen=True)
class Weighed:
    """Decibans of one change, the reasons in words, and the strongest of TIES among them (0 for none).

    `gains`: what speaks for it, in words and decibans, by feature.
    """

    weight: float
    reasons: tuple[str, ...]
    tie: float
    gains: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def is_tied(self) -> bool:
        return self.tie > 0

    @property
    def may_be_named(self) -> bool:
        return self.tie >= LEAST_TIE_DB


@cache
def features() -> dict[str, Feature]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: Feature(**entry) for name, entry in data.items()}


def weigh_all(
    candidates: Sequence[Candidate],
    others: Sequence[Candidate],
    scene: Scene,
    asked: Mapping[str, Asked] | None = None,
) -> list[Weighed]:
    """In the order of the candidates. `asked`: by sha, what the question says of them."""
    everyone = [*candidates, *others]
    marks = _Marks(everyone, scene)
    return [_weighed(one, marks, len(everyone), scene, (asked or {}).get(one.sha)) for one in candidates]


def _weighed(one: Candidate, marks: _Marks, count: int, scene: Scene, asked: Asked | None) -> Weighed:
    gains, losses, reasons, tie = dict[str, tuple[str, float]](), 0.0, [], 0.0
    for name, feature in features().items():
        if name == "kind":
            losses += _kind(one, feature, marks, scene, gains, reasons)
            continue
        having = marks.having(name, one)
        share = _share(feature, having - (marks.has(name, one) and name != "word"), count)
        if marks.has(name, one):
            gain = min(model.CAP_DB, 10 * log10(feature.in_culprit / share))
            if gain > 0:
                told = f"{feature.words}{marks.shown(name, one)}"
                gains[name] = (told, gain)
                tie = max(tie, gain) if name in TIES else tie
                reasons.append(f"{told} ({having} of {count} changes, {gain:+.1f} dB)")
        elif feature.speaks_when_absent and marks.is_asked(name):
            loss = max(model.FLOOR_DB, 10 * log10((1 - feature.in_culprit) / max(1 - share, 1 - feature.in_culprit)))
            losses += loss
            if loss <= -1:
                reasons.append(f"{feature.absent} ({loss:+.1f} dB)")
    if asked and asked.weight >= 1:
        gains["asked"] = (f"the question {asked.words}", asked.weight)
        reasons.append(f"the question {asked.words} ({asked.weight:+.1f} dB)")
    elif asked:
        losses += min(0.0, asked.weight)
    weight = sum(model.discounted(sorted((gain for _, gain in gains.values()), reverse=True))) + losses
    weight = (weight if tie else min(weight, 0.0)) + _held_against(one, scene, reasons)
    return Weighed(weight, tuple(reasons), tie, gains)


def _kind(
    one: Candidate,
    feature: Feature,
    marks: _Marks,
    scene: Scene,
    gains: dict[str, tuple[str, float]],
    reasons: list[str],
) -> float:
    """What it is against it to be of no kind that brings a symptom about, as much as a culprit may be of none."""
    weighed = marks.kinds.of(one)
    if weighed is not None:
        gain = min(model.CAP_DB, weighed.gain)
        told = f"{feature.words}: {_told(weighed.kind)}"
        gains["kind"] = (told, gain)
        reasons.append(f"{told} ({weighed.having} of {weighed.count} changes, {gain:+.1f} dB)")
        return 0.0
    if not scene.symptoms:
        return 0.0
    loss = 10 * log10(1 - feature.in_culprit)
    reasons.append(f"{feature.absent} ({loss:+.1f} dB)")
    return loss


def _held_against(one: Candidate, scene: Scene, reasons: list[str]) -> float:
    weight = 0.0
    if one.is_inert:
        weight += INERT_DB
        reasons.append(f"touches only documentation, tests, formatting, comments or log lines ({INERT_DB:+.0f} dB)")
    elif one.is_presentation:
        weight += PRESENTATION_DB
        reasons.append(f"touches only what is shown ({PRESENTATION_DB:+.0f} dB)")
    acquitted = _release(one, [release for release in scene.releases if not release.is_worse])
    if acquitted:
        weight += model.FLOOR_DB
        reasons.append(f"{acquitted.words}, and it went live with that version ({model.FLOOR_DB:+.0f} dB)")
    began = min((scene.began[service] for service in scene.services if service in scene.began), default=None)
    if began is not None and one.since > began:
        weight += model.FLOOR_DB
        reasons.append(f"was not live yet when the first unknown warning came ({model.FLOOR_DB:+.0f} dB)")
    return weight


def _share(feature: Feature, having: int, count: int) -> float:
    """How common it is among the others, with half a count on either side (Jeffreys) and what was counted elsewhere.

    Were this one the culprit, the others would be innocent. Of words the change itself is counted too: one of them is
    always tied the closest.
    """
    if feature.innocent is None:
        return model.share(having, count)
    return (having + STRENGTH * feature.innocent + 0.5) / (count + STRENGTH + 1)


class _Marks:
    """Which change has which feature, and how many others have it (or, of words, as much of it)."""

    def __init__(self, everyone: Sequence[Candidate], scene: Scene) -> None:
        self._scene = scene
        self.kinds = KindWeights(everyone, scene.symptoms, features()["kind"].in_culprit)
        self._names = _rare_names(everyone, scene)
        spread = Counter(word for one in everyone for word in _all_words(one) if word in scene.words)
        most = max(2.0, RARE_WORD_SHARE * len(everyone))
        self._rarity = {word: log((len(everyone) + 1) / (n + 0.5)) for word, n in spread.items() if n <= most}
        self._found = {id(one): self._look(one) for one in everyone}
        self._ties = sorted((found["word"][0] for found in self._found.values()), reverse=True)
        self._counts = Counter(name for found in self._found.values() for name, value in found.items() if value[0])

    def _look(self, one: Candidate) -> dict[str, tuple[float, str]]:
        scene, delta = self._scene, one.delta
        of_service = bool(one.services & scene.services) or bool(not one.services and one.rides & scene.services)
        numbers = {n for r in delta.numbers for n in r.shown - r.was} & scene.numbers
        levels = [r for r in delta.numbers if any(b in r.was and a in r.shown for b, a in scene.levels)]
        named = sorted(delta.names & self._names)[:FEW_NAMES]
        functions = _functions(one, scene)
        texts = _texts(one, scene)
        release = _release(one, [release for release in scene.releases if release.is_worse])
        tie, words = self._tie(one)
        return {
            "service": (of_service, ""),
            "file": (any(same_file(path, file) for path in one.paths for file in scene.files), ""),
            "function": (bool(functions), ""),
            "name": (bool(named), f": {', '.join(named)}"),
            "word": (tie, f": {', '.join(words)}"),
            "number": (bool(numbers), f": {', '.join(f'{n:g}' for n in sorted(numbers)[:FEW_NAMES])}"),
            "text": (bool(texts), f": {texts[0]!r}" if texts else ""),
            "release": (release is not None, f" ({release.words})" if release else ""),
            "level": (bool(levels), f": {levels[0].before:g} → {levels[0].after:g}" if levels else ""),
        }

    def _tie(self, one: Candidate) -> tuple[float, list[str]]:
        """The sum of its words' rarities, as far as each changed, and the words that make most of it."""
        delta, total = one.delta, dict[str, float]()
        for word in _all_words(one) & self._rarity.keys():
            share = (
                1.0 if word in delta.net else TOLD if word in one.told else TOUCHED if word in delta.touched else PLACED
            )
            total[word] = self._rarity[word] * share * self._scene.words[word]
        return round(sum(total.values()), 6), sorted(total, key=lambda word: (-total[word], word))[:FEW_NAMES]

    def has(self, name: str, one: Candidate) -> bool:
        return bool(self._found[id(one)][name][0])

    def shown(self, name: str, one: Candidate) -> str:
        return self._found[id(one)][name][1]

    def having(self, name: str, one: Candidate) -> int:
        """Of words: how many changes are tied as closely."""
        if name == "word" and self.has(name, one):
            tie = self._found[id(one)][name][0]
            return sum(1 for other in self._ties if other >= tie)
        return self._counts[name]

    def is_asked(self, name: str) -> bool:
        if name == "release":
            return any(release.is_worse for release in self._scene.releases)
        return bool(self._scene.services)


def _told(kind: Kind) -> str:
    """With the place, where the syntax tells it."""
    return str(kind.at[0]) if kind.at else kind.words


def _functions(one: Candidate, scene: Scene) -> set[str]:
    """Of the functions that the findings name: those touched, or, where no syntax was read, named in its patch."""
    wanted = {function.lower() for function in scene.functions if len(function) > 3}
    if one.seen and one.seen.is_whole:
        touched = {part.name.rpartition(".")[2].lower() for some in one.seen.functions.values() for part in some}
        return wanted & touched
    patch = one.patch.lower()
    return {function for function in wanted if function in patch}


def _texts(one: Candidate, scene: Scene) -> list[str]:
    """Constant texts of what it touched, as failing lines and spans tell them; the longest first."""
    if not one.seen:
        return []
    told = {" ".join(text.text.split()) for some in one.seen.literals.values() for text in some}
    long = [text for text in told if len(text) >= LONG_TEXT and " " in text]
    return sorted((text for text in long if any(text.lower() in other for other in scene.texts)), key=len, reverse=True)


def _release(one: Candidate, releases: Sequence[Release]) -> Release | None:
    """The version that it went live with. Its requests come some time after its deploy is told, or just before."""
    live = dict(one.live_in)
    for release in releases:
        at = live.get(release.service)
        if at is not None and -CLOCK_NANO <= release.since - at <= ROLL_OUT_NANO:
            return release
    return None


def _all_words(one: Candidate) -> frozenset[str]:
    return one.delta.net | one.delta.touched | one.told | one.placed


def _rare_names(everyone: Sequence[Candidate], scene: Scene) -> frozenset[str]:
    spread = Counter(name for one in everyone for name in one.delta.names & scene.names)
    most = max(1.0, RARE_WORD_SHARE * len(everyone))
    return frozenset(name for name, count in spread.items() if count <= most)
