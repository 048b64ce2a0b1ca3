"""Hypotheses against each other: each round checks predictions, the refuted leave, the rest are ranked by what counts.

The first round checks what a hypothesis stands or falls with, the second the rest. Later ones need new predictions,
which only a specialist can add. It ends when one is left and all it predicts is checked, when nothing changes, or when
the rounds are over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.prediction import HELD, FindingCheck, Hypothesis, Outcome, Prediction
from deep_code_reasoning.experiments.trial import Trial
from deep_code_reasoning.experiments.weights import probabilities

TIE_DB = 1e-6
More = Callable[[Sequence[Trial], int], Sequence[Sequence[Prediction]]]
"""New predictions that tell the survivors apart, a list a survivor, at most so many each; empty lists: none."""


@dataclass(frozen=True)
class Config:
    """As the call has it; each within the bounds of the original server."""

    max_hypotheses: int = 6
    max_rounds: int = 3
    parallel_sessions: int = 4


@dataclass(frozen=True)
class Round:
    number: int
    checked: int
    left: tuple[str, ...]
    standing: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "round": self.number,
            "predictions_checked": self.checked,
            "refuted": list(self.left),
            "standing": [{"hypothesis": text, "weight_db": round(weight, 2)} for text, weight in self.standing],
        }


@dataclass(frozen=True)
class Tournament:
    """`ranking`: all that took part, the survivors first; `places` count from 1, equals share one. `probabilities`
    are of the causes: hypotheses that blame the same have the same one. `winner` is None where nobody is supported, or
    two that blame different causes are even."""

    ranking: tuple[Trial, ...]
    places: tuple[int, ...]
    probabilities: tuple[float, ...]
    none_of_them: float
    rounds: tuple[Round, ...]
    ended: str
    winner: Trial | None = None
    left_out: int = 0
    config: Config = field(default_factory=Config)

    def as_json(self) -> dict[str, Any]:
        return {
            "winner": self.winner.hypothesis.statement if self.winner else None,
            "ranking": [
                {"place": place, **tested.as_json(), "probability": round(share, 4)}
                for place, tested, share in zip(self.places, self.ranking, self.probabilities, strict=True)
            ],
            "none_of_them": round(self.none_of_them, 4),
            "rounds": [one.as_json() for one in self.rounds],
            "ended": self.ended,
            "left_out": self.left_out,
        }


def play(
    hypotheses: Sequence[Hypothesis],
    config: Config,
    examination: Examination,
    more: More | None = None,
) -> Tournament:
    """The best `max_hypotheses` by their order; what is left out is counted. Raises CancelledError."""
    different = _different(hypotheses)
    field_ = [Trial(one, ()) for one in different[: config.max_hypotheses]]
    waiting = [_in_rounds(one.hypothesis.predictions) for one in field_]
    rounds: list[Round] = []
    ended = "there were no hypotheses" if not field_ else f"all {config.max_rounds} rounds were played"
    for number in range(1, config.max_rounds + 1):
        alive = [at for at, one in enumerate(field_) if one.verdict != "refuted"]
        if not alive or (len(alive) == 1 and number > 1 and not waiting[alive[0]]):
            ended = ended if not field_ else "one is left" if alive else "none is left"
            break
        batches = [(at, waiting[at].pop(0)) for at in alive if waiting[at]]
        if number > 1 and not batches and more:
            new = more([field_[at] for at in alive], number)
            batches = [(at, tuple(batch)) for at, batch in zip(alive, new, strict=True) if batch]
        if not batches:
            ended = "nothing is left to check"
            break
        before = _standing(field_)
        found = _checked(batches, examination)
        for at, outcomes in found.items():
            field_[at] = field_[at].with_more(outcomes)
        left = [field_[at].hypothesis.statement for at in alive if field_[at].verdict == "refuted"]
        rounds.append(Round(number, sum(map(len, found.values())), tuple(left), _standing(field_)))
        if number > 2 and not left and before == _standing(field_):
            ended = "nothing changed"
            break
    return _ended(field_, rounds, ended, len(different) - len(field_), config)


def _checked(batches: Sequence[tuple[int, Sequence[Prediction]]], examination: Examination) -> dict[int, list[Outcome]]:
    """All of a round at once, so that the threads are shared."""
    flat = examination.outcomes([prediction for _, batch in batches for prediction in batch])
    found, begin = {}, 0
    for at, batch in batches:
        found[at] = flat[begin : begin + len(batch)]
        begin += len(batch)
    return found


def _in_rounds(predictions: Sequence[Prediction]) -> list[tuple[Prediction, ...]]:
    essential = tuple(one for one in predictions if one.essential)
    others = tuple(one for one in predictions if not one.essential)
    return [batch for batch in (essential, others) if batch]


def _different(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Who predicts the same says the same: the first to say so stays."""
    kept: dict[object, Hypothesis] = {}
    for one in hypotheses:
        kept.setdefault(frozenset(one.predictions) or " ".join(one.statement.casefold().split()), one)
    return list(kept.values())


def _standing(field_: Sequence[Trial]) -> tuple[tuple[str, float], ...]:
    alive = [one for one in field_ if one.verdict != "refuted"]
    return tuple((one.hypothesis.statement, one.counted.weight_db) for one in sorted(alive, key=_weight))


def _weight(one: Trial) -> float:
    return -one.counted.weight_db


def _ended(field_: list[Trial], rounds: list[Round], ended: str, left_out: int, config: Config) -> Tournament:
    ranking = sorted(field_, key=lambda one: (one.verdict == "refuted", _weight(one)))
    groups = [cause_of(one) for one in ranking]
    rivals = list(dict.fromkeys(groups))
    weights = [max(w.counted.weight_db for w, g in zip(ranking, groups, strict=True) if g == rival) for rival in rivals]
    by_rival, none = probabilities(weights)
    shares = [by_rival[rivals.index(group)] for group in groups]
    places: list[int] = []
    for at, one in enumerate(ranking):
        even = at > 0 and _is_even(one, ranking[at - 1])
        places.append(places[-1] if even else at + 1)
    first = [one for one, place in zip(ranking, places, strict=True) if place == 1]
    alone = len({cause_of(one) for one in first}) == 1
    winner = first[0] if alone and first[0].verdict == "supported" else None
    return Tournament(
        tuple(ranking), tuple(places), tuple(shares), none, tuple(rounds), ended, winner, left_out, config
    )


def cause_of(one: Trial) -> frozenset[str] | int:
    """The findings that were not ruled out as what it blames: who blames the same is no rival, whatever the words."""
    blamed = [
        outcome.evidence
        for outcome in one.outcomes
        if outcome.result == HELD
        and isinstance(outcome.prediction.check, FindingCheck)
        and outcome.prediction.check.aspect == "cause"
    ]
    ids = frozenset(ref for refs in blamed for ref in refs if ":" not in ref)
    return ids if ids and one.verdict != "refuted" else id(one)


def _is_even(one: Trial, other: Trial) -> bool:
    same_side = (one.verdict == "refuted") == (other.verdict == "refuted")
    return same_side and abs(one.counted.weight_db - other.counted.weight_db) <= TIE_DB
