"""The rounds: who leaves, when it ends, that ties stay ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.judging import judge
from deep_code_reasoning.experiments.prediction import (
    Expectation,
    Hypothesis,
    Observation,
    Outcome,
    Prediction,
    SqlCheck,
)
from deep_code_reasoning.experiments.tournament import Config, Tournament, play
from deep_code_reasoning.experiments.trial import Trial


@dataclass
class Known:
    """In the place of evidence: the answer of a query is the number that it says, its weight the one beside it."""

    asked: list[list[str]] = field(default_factory=list)

    def outcomes(self, predictions: Sequence[Prediction]) -> list[Outcome]:
        self.asked.append([one.statement for one in predictions])
        found = []
        for one in predictions:
            assert isinstance(one.check, SqlCheck)
            value, weight = map(float, one.check.sql.split())
            found.append(judge(one, Observation(("n",), ((value,),), weight_db=weight)))
        return found


def says(name: str, holds: bool, weight: float = 6.0, *, essential: bool = False) -> Prediction:
    return Prediction(name, SqlCheck(f"{int(holds)} {weight}"), Expectation("n", "=", 1), essential)


def played(hypotheses: Sequence[Hypothesis], more: Any = None, **config: int) -> tuple[Tournament, Known]:
    known = Known()
    return play(hypotheses, Config(**config), cast("Examination", known), more), known


def test_the_refuted_leave_and_their_other_predictions_are_not_looked_up() -> None:
    good = Hypothesis("good", "x", (says("g1", True, essential=True), says("g2", True, 3)))
    bad = Hypothesis("bad", "x", (says("b1", False, essential=True), says("b2", True)))
    result, known = played([bad, good])
    assert known.asked == [["b1", "g1"], ["g2"]]
    assert result.rounds[0].left == ("bad",)
    assert (result.winner and result.winner.hypothesis.statement, result.ended) == ("good", "one is left")
    assert [(one.hypothesis.statement, len(one.outcomes)) for one in result.ranking] == [("good", 2), ("bad", 1)]


def test_ties_stay_ties_and_have_no_winner() -> None:
    one, two = (Hypothesis(name, "x", (says(name, True, essential=True),)) for name in "ab")
    three = Hypothesis("c", "x", (says("c", True, 3, essential=True),))
    result, _ = played([three, one, two])
    assert (result.places, result.winner) == ((1, 1, 3), None)
    assert [one.verdict for one in result.ranking] == ["supported"] * 3
    assert result.probabilities[0] == result.probabilities[1] > result.probabilities[2]


def test_the_rounds_and_the_places_are_bounded() -> None:
    many = [Hypothesis(f"h{n}", "x", (says(f"p{n}", True, n / 10, essential=True),)) for n in range(30)]
    result, known = played(many, max_hypotheses=20, max_rounds=1)
    assert (len(result.ranking), result.left_out, len(known.asked)) == (20, 10, 1)
    assert result.ended == "all 1 rounds were played"
    assert result.ranking[0].hypothesis.statement == "h19"


def test_later_rounds_ask_for_more_until_nothing_changes() -> None:
    asked: list[int] = []

    def more(survivors: Sequence[Trial], number: int) -> list[tuple[Prediction, ...]]:
        asked.append(number)
        return [(says(f"more {number} {one.hypothesis.statement}", True, 0.0),) for one in survivors]

    two = [Hypothesis(name, "x", (says(name, True, essential=True),)) for name in "ab"]
    result, _ = played(two, more, max_rounds=5)
    assert asked == [2, 3]  # the second brought nothing new, nor did the third
    assert result.ended == "nothing changed"


def test_without_hypotheses_there_is_nothing_to_rank() -> None:
    result, known = played([])
    assert (result.ranking, result.none_of_them, known.asked) == ((), 1.0, [])
    assert result.ended == "there were no hypotheses"


PREDICTIONS = st.lists(st.tuples(st.booleans(), st.floats(-13, 20), st.booleans()), max_size=4)


@given(st.lists(PREDICTIONS, max_size=8), st.integers(2, 20), st.integers(1, 5))
def test_whatever_competes(given_: list[list[tuple[bool, float, bool]]], most: int, rounds: int) -> None:
    made = [
        Hypothesis(f"h{n}", "x", tuple(says(f"p{n}.{k}", h, w, essential=e) for k, (h, w, e) in enumerate(some)))
        for n, some in enumerate(given_)
    ]
    result, _ = played(made, max_hypotheses=most, max_rounds=rounds)
    assert len(result.ranking) == min(len(made), most)
    assert len(result.rounds) <= rounds
    alive = [one.verdict != "refuted" for one in result.ranking]
    assert alive == sorted(alive, reverse=True)
    weights = [one.counted.weight_db for one in result.ranking]
    for side in (True, False):
        of_side = [weight for weight, is_alive in zip(weights, alive, strict=True) if is_alive == side]
        assert of_side == sorted(of_side, reverse=True)
    assert result.winner is None or (result.winner is result.ranking[0] and result.winner.verdict == "supported")
    told = result.as_json()
    assert [one["place"] for one in told["ranking"]] == sorted(one["place"] for one in told["ranking"])


@pytest.mark.parametrize("essential", [True, False])
def test_one_hypothesis_is_looked_up_to_its_end(essential: bool) -> None:
    only = Hypothesis("only", "x", (says("p", True, essential=essential), says("q", True)))
    result, known = played([only])
    assert [name for batch in known.asked for name in batch] == ["p", "q"]
    assert result.winner is (result.ranking[0] if essential else None)
