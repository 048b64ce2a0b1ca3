"""The search itself, without processes: against a slow oracle on random histories, and its promised error rate."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.changes.bisect import ancestry as ancestry_module
from deep_code_reasoning.changes.bisect.ancestry import Ancestry
from deep_code_reasoning.changes.bisect.calibration import evidence_of_difference
from deep_code_reasoning.changes.bisect.posterior import Posterior, Runs, chance_bad

histories = st.integers(1, 14).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, max(0, i - 1)), max_size=min(i, 3), unique=True) for i in range(n)))
)


def contained(parents: tuple[list[int], ...], commit: int) -> set[int]:
    return {commit}.union(*(contained(parents, parent) for parent in parents[commit]))


def beta(failed: int, passed: int) -> Fraction:
    """B(failed + 1/2, passed + 1/2) / pi: a product of odd numbers over a factorial."""
    odd = [Fraction(math.prod(range(1, 2 * k, 2)), 2**k) for k in (failed, passed)]
    return odd[0] * odd[1] / math.factorial(failed + passed)


@settings(max_examples=150, deadline=None)
@given(st.data(), histories)
def test_probabilities_and_choices_are_those_of_the_definition(data: st.DataObject, parents: tuple) -> None:
    n = len(parents)
    drawn = data.draw(st.dictionaries(st.integers(0, n - 1), st.tuples(st.integers(0, 5), st.integers(0, 5))))
    tested = {x: Runs(*counts) for x, counts in drawn.items()}
    bad_end, good_end = Runs(4, 1), Runs(1, 4)
    posterior = Posterior(Ancestry(parents), bad_end, good_end, dict(tested))
    weights = posterior.weights()

    likelihoods, rates = [], []
    for first_bad in range(n):
        sides = [[bad_end.failed, bad_end.passed], [good_end.failed, good_end.passed]]
        for x, counts in tested.items():
            side = sides[0] if first_bad in contained(parents, x) else sides[1]
            side[0] += counts.failed
            side[1] += counts.passed
        likelihoods.append(beta(*sides[0]) * beta(*sides[1]))
        rates.append([(f + 0.5) / (f + p + 1) for f, p in sides])
    expected = [float(part / sum(likelihoods)) for part in likelihoods]
    assert weights == pytest.approx(expected, rel=1e-9)

    def entropy(p: float) -> float:
        return -sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)

    within = [*(contained(parents, x) for x in range(n)), set(), set(range(n))]  # the good end, the bad end
    told = []
    for place in within:
        failing = [rates[c][0 if c in place else 1] for c in range(n)]
        told.append(entropy(np.dot(expected, failing)) - np.dot(expected, [entropy(rate) for rate in failing]))
    chosen = posterior.choose(weights, barred=())
    assert chosen is None or told[chosen[0]] == pytest.approx(max(told), abs=1e-6)
    assert chosen is not None or max(told) < 1e-4


@settings(max_examples=30, deadline=None)
@given(histories)
def test_sums_over_ancestors_in_blocks_are_those_in_one_table(parents: tuple) -> None:
    weights = np.random.default_rng(1).random((len(parents), 2))
    whole = Ancestry(parents).sums(weights)
    expected = [[sum(weights[c, k] for c in contained(parents, x)) for k in range(2)] for x in range(len(parents))]
    assert whole == pytest.approx(np.array(expected))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ancestry_module, "_HELD_CELLS", 0)
        patch.setattr(ancestry_module, "BLOCK_COLUMNS", 3)
        patch.setattr(ancestry_module, "_BLOCK_ROWS", 2)
        assert Ancestry(parents).sums(weights) == pytest.approx(whole, abs=1e-5)


def merged(n: int, rng: random.Random) -> list[list[int]]:
    """A history with branches: most commits follow the last, some branch off, some merge."""
    parents: list[list[int]] = [[]]
    for i in range(1, n):
        recent = range(max(0, i - 6), i)
        parents.append(sorted({rng.choice(recent) for _ in range(rng.choice((1, 1, 2)))}))
    tips = set(range(n)) - {p for of in parents for p in of}
    return [*parents, sorted(tips)]


def simulated(rng: random.Random, parents: list[list[int]], bad: float, good: float, error: float) -> tuple[bool, int]:
    """Calibration and search with an imagined command; whether the answer is right, and the runs of the search."""
    pairs: list[tuple[bool, bool]] = []
    while not pairs or evidence_of_difference(pairs) < math.log(1 / error):
        pairs.append((rng.random() < bad, rng.random() < good))
    bad_end, good_end = (Runs(sum(side), len(side) - sum(side)) for side in zip(*pairs, strict=True))
    history = Ancestry(parents)
    posterior = Posterior(history, bad_end, good_end)
    first_bad, at, runs = rng.randrange(len(parents)), None, 0
    while (answer := posterior.first_bad(posterior.weights(), error)) is None:
        chosen = posterior.choose(posterior.weights(), (), (), at)
        assert chosen
        at, runs = chosen[0], runs + 1
        is_bad = at == posterior.at_bad_end or (at < len(history) and bool(history.of(at)[first_bad]))
        posterior.add(at, rng.random() < (bad if is_bad else good))
    return answer == first_bad, runs


@pytest.mark.slow
@pytest.mark.parametrize(("bad", "good"), [(0.1, 0.0), (0.5, 0.0), (0.9, 0.0), (0.9, 0.1), (0.5, 0.2)])
def test_of_200_bisections_no_more_are_wrong_than_promised(bad: float, good: float) -> None:
    """With 5 % wrong in the long run, more than 17 of 200 would be once in a hundred times (binomial)."""
    rng = random.Random(5)
    answers = [simulated(rng, merged(30, rng), bad, good, error=0.05)[0] for _ in range(200)]
    assert answers.count(False) <= 17


def test_a_command_that_never_errs_takes_hardly_more_runs_than_halving() -> None:
    rng = random.Random(3)
    runs = [simulated(rng, [[i - 1] if i else [] for i in range(128)], 1.0, 0.0, 0.05) for _ in range(30)]
    assert all(right for right, _ in runs)
    assert sum(count for _, count in runs) / len(runs) <= 2 * 7


def test_runs_under_way_send_the_next_one_elsewhere() -> None:
    posterior = Posterior(Ancestry([[i - 1] if i else [] for i in range(64)]), Runs(9, 0), Runs(0, 9))
    weights = posterior.weights()
    first = posterior.choose(weights, ())
    assert first
    second = posterior.choose(weights, (), [first[0]])
    third = posterior.choose(weights, (), [first[0], second[0]] if second else [])
    assert second and third
    assert abs(first[0] - 31) <= 1
    assert abs(first[0] - second[0]) >= 10
    assert abs(second[0] - third[0]) >= 10


def test_ends_that_fail_alike_are_hardly_ever_taken_for_different() -> None:
    """Looked at after each of 200 pairs, at most 5 % would be; the test is conservative."""
    rng = random.Random(11)
    alarms = 0
    for _ in range(100):
        pairs = [(rng.random() < 0.3, rng.random() < 0.3) for _ in range(200)]
        alarms += any(evidence_of_difference(pairs[:n]) >= math.log(20) for n in range(4, 200, 7))
    assert alarms <= 5
    assert evidence_of_difference([(True, False)] * 3) < math.log(20) < evidence_of_difference([(True, False)] * 4)


def test_one_commit_by_itself() -> None:
    ends = Runs(20, 0), Runs(0, 20)
    assert chance_bad(Runs(1, 0), *ends) > 0.95
    assert chance_bad(Runs(0, 1), *ends) < 0.05
    assert chance_bad(Runs(0, 0), *ends) == 0.5
    assert chance_bad(Runs(0, 5), Runs(10, 90), Runs(0, 100)) > 0.3
    assert chance_bad(Runs(0, 60), Runs(10, 90), Runs(0, 100)) < 0.05
