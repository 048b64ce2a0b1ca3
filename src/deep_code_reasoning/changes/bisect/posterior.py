"""Which commit is the first bad one, as a probability over all of a range, from runs that may fail by chance.

Hypothesis c: commits that contain c fail at one rate, all others at another. Neither rate is known: both are
integrated out under a prior Beta(a, a), Jeffreys' with a = 1/2, runs at the good and the bad end included. With F
failures and P passes in commits that contain c, f and p in those that do not:

    P(c | runs)  ~  B(F + a, P + a) * B(f + a, p + a)          (all c alike beforehand)

So neither the order of runs nor the place where a search was broken off matters: counts are the whole state. The
commit to run next is the one whose outcome tells most (mutual information with c); for a command that never errs it
halves the candidates as `git bisect` does. Noisy binary search by posterior: Horstein 1963; Burnashev and Zigangirov
1974; Ben-Or and Hassidim, "The Bayesian Learner is Optimal for Noisy Binary Search", FOCS 2008.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, lgamma
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.changes.bisect.ancestry import Ancestry

if TYPE_CHECKING:
    import numpy as np

JEFFREYS = 0.5
VOUCHED = 0.01  # Beta(0.01, 0.01): a command is expected to fail always or never, which one run tells
SAFETY = 2  # the prior's average of wrong answers is what is computed; at some rates it is up to this much higher
STAY_SHARE = 0.5  # a run elsewhere must tell twice as much (1 / share) to be worth a checkout and a build
LEAST_BITS = 1e-5  # a run that tells less than this is not worth making
_BRANCHES = 8  # outcomes of runs under way that are thought through together
_NEGLIGIBLE = 1e-9
_LARGEST_EXPONENT = 700.0


class Rates(NamedTuple):
    """How often the command fails, by hypothesis: in commits that contain the first bad one, and in the others."""

    bad: np.ndarray
    good: np.ndarray


@dataclass
class Runs:
    """Counts at one commit."""

    failed: int = 0
    passed: int = 0

    @property
    def total(self) -> int:
        return self.failed + self.passed


@dataclass
class Posterior:
    """`bad_end` and `good_end` hold runs at commits known to be bad and good, outside the range or at its ends."""

    ancestry: Ancestry
    bad_end: Runs = field(default_factory=Runs)
    good_end: Runs = field(default_factory=Runs)
    runs: dict[int, Runs] = field(default_factory=dict)
    prior: float = JEFFREYS
    _within: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    _counted: tuple[np.ndarray, ...] | None = field(default=None, repr=False)

    @property
    def at_good_end(self) -> int:
        """The number that stands for a run at the good end, where numbers of the range stand for its commits."""
        return len(self.ancestry)

    @property
    def at_bad_end(self) -> int:
        return len(self.ancestry) + 1

    def add(self, place: int, failed: bool) -> None:
        ends = {self.at_good_end: self.good_end, self.at_bad_end: self.bad_end}
        counts = ends[place] if place in ends else self.runs.setdefault(place, Runs())
        counts.failed += failed
        counts.passed += not failed
        self._counted = None

    def weights(self) -> np.ndarray:
        """(n,) the probability of each commit to be the first bad one; they add up to 1."""
        import numpy as np

        scores = self._scores(*self._counts())
        shares = np.exp(scores - scores.max())
        return shares / shares.sum()

    def first_bad(self, weights: np.ndarray, error: float) -> int | None:
        """The commit that stands out enough for at most a share `error` of wrong answers, at any rates."""
        best = int(weights.argmax())
        return best if weights[best] >= 1 - error / SAFETY else None

    def rates(self) -> Rates:
        """Two of (n,): the expected rates, were c the first bad commit."""
        failed, passed, failed_below, passed_below = self._counts()
        bad = (failed + self.prior) / (failed + passed + 2 * self.prior)
        good = (failed_below + self.prior) / (failed_below + passed_below + 2 * self.prior)
        return Rates(bad, good)

    def bits_left(self, weights: np.ndarray) -> float:
        """The entropy of the answer: how many times the candidates would still have to be halved."""
        return float(-(weights @ _log2(weights)))

    def choose(
        self, weights: np.ndarray, barred: Collection[int], under_way: Sequence[int] = (), stay: int | None = None
    ) -> tuple[int, float] | None:
        """Where to run next (a commit's number, `at_good_end` or `at_bad_end`: more about a rate may tell more than
        another commit), and the bits the outcome is expected to tell beyond what runs under way will.

        `barred`: skipped, or run often enough. `stay`: what is checked out; it is kept where another tells little
        more. None where no run tells anything.
        """
        import numpy as np

        considered = np.where(weights < _NEGLIGIBLE, 0.0, weights)
        told = self._told(considered / considered.sum(), under_way)
        told[list(barred)] = 0.0
        best = int(told.argmax())
        if stay is not None and told[stay] >= STAY_SHARE * told[best]:
            best = stay
        return (best, float(told[best])) if told[best] >= LEAST_BITS else None

    def _told(self, weights: np.ndarray, under_way: Sequence[int]) -> np.ndarray:
        """(n + 2,) I(first bad commit; outcome of a run | outcomes of the runs under way) in bits, by place."""
        import numpy as np

        rates = self.rates()
        branches = [(1.0, weights)]  # probability, hypotheses after it
        for place in under_way:
            branches = [part for branch in branches for part in self._outcomes(*branch, place, rates)]
            branches = sorted(branches, key=lambda branch: -branch[0])[:_BRANCHES]
        surprise = Rates(_entropy(rates.bad), _entropy(rates.good))
        told = np.zeros(len(self.ancestry) + 2)
        for probability, shares in branches:
            bad, good = (
                (shares[:, None] * np.stack((rate, left), axis=1)) for rate, left in zip(rates, surprise, strict=True)
            )
            ends = good.sum(axis=0), bad.sum(axis=0)
            expected = np.vstack((ends[0] + self.ancestry.sums(bad - good), *ends))  # failing, surprise left
            told += probability * (_entropy(expected[:, 0]) - expected[:, 1])
        return told

    def _outcomes(
        self, probability: float, weights: np.ndarray, place: int, rates: Rates
    ) -> list[tuple[float, np.ndarray]]:
        import numpy as np

        within = self._ancestors(place) if place < len(self.ancestry) else np.bool_(place == self.at_bad_end)
        failing = np.where(within, rates.bad, rates.good)
        parts = weights * failing, weights * (1 - failing)
        return [(probability * shares.sum(), shares / shares.sum()) for shares in parts]

    def _counts(self) -> tuple[np.ndarray, ...]:
        """Four of (n,): failures and passes at commits that contain c, failures and passes at those that do not."""
        import numpy as np

        if self._counted is None:
            counts = np.array([(c.failed, c.passed) for c in self.runs.values()], np.int64).reshape(-1, 2)
            within = [self._ancestors(commit) for commit in self.runs]
            failed, passed = counts.T @ np.array(within, np.int64).reshape(-1, len(self.ancestry))
            all_failed, all_passed = (int(total) for total in counts.sum(axis=0))
            self._counted = (
                failed + self.bad_end.failed,
                passed + self.bad_end.passed,
                all_failed - failed + self.good_end.failed,
                all_passed - passed + self.good_end.passed,
            )
        return self._counted

    def _scores(self, *counts: np.ndarray) -> np.ndarray:
        most = max(int((counts[side] + counts[side + 1]).max()) for side in (0, 2))
        half, whole = _log_gammas(most.bit_length(), self.prior)
        failed, passed, failed_below, passed_below = counts
        return sum(half[f] + half[p] - whole[f + p] for f, p in ((failed, passed), (failed_below, passed_below)))

    def _ancestors(self, commit: int) -> np.ndarray:
        if commit not in self._within:
            self._within[commit] = self.ancestry.of(commit)
        return self._within[commit]


def chance_bad(counts: Runs, bad_end: Runs, good_end: Runs, prior: float = JEFFREYS) -> float:
    """Of one commit by itself: that it fails at the bad end's rate and not at the good end's; both alike beforehand."""

    def score(end: Runs) -> float:
        together, alone = Runs(end.failed + counts.failed, end.passed + counts.passed), end
        return _log_beta(together, prior) - _log_beta(alone, prior)

    difference = score(good_end) - score(bad_end)
    return 1 / (1 + exp(difference)) if difference < _LARGEST_EXPONENT else 0.0


@cache
def _log_gammas(bits: int, prior: float) -> tuple[np.ndarray, np.ndarray]:
    """Of k + prior and of k + 2 * prior, for k of so many bits."""
    import numpy as np

    half, whole = (np.array([lgamma(k + offset) for k in range(1 << bits)]) for offset in (prior, 2 * prior))
    return half, whole


def _log_beta(counts: Runs, prior: float) -> float:
    parts = counts.failed + prior, counts.passed + prior
    return lgamma(parts[0]) + lgamma(parts[1]) - lgamma(sum(parts))


def _log2(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.log2(np.maximum(values, 1e-300))


def _entropy(chance: np.ndarray) -> np.ndarray:
    import numpy as np

    chance = np.clip(chance, 0, 1)
    return -(chance * _log2(chance) + (1 - chance) * _log2(1 - chance))
