"""What the runs so far say, and which run would say most next. Knows no processes: counts in, a choice out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from typing import TYPE_CHECKING

from deep_code_reasoning.changes.bisect.calibration import evidence_of_difference
from deep_code_reasoning.changes.bisect.git_range import GitRange
from deep_code_reasoning.changes.bisect.posterior import JEFFREYS, VOUCHED, Posterior, Runs, chance_bad
from deep_code_reasoning.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

FEWEST_PAIRS = 4  # below this many at each end no outcome is significant: the user vouches for the command


@dataclass
class Evidence:
    """The ends are compared first, then where they branched is tested, then the range is searched.

    `repeat`: most runs at one commit. `error`: the chance of a wrong answer, and of taking ends that fail alike for
    different.
    """

    between: GitRange
    repeat: int
    error: float
    searching: bool = False  # the ends differ, and where they branched is good
    skipped: dict[str, str] = field(default_factory=dict)  # commit: why
    seconds: dict[str, float] = field(default_factory=dict)
    _failures: dict[str, list[bool]] = field(default_factory=dict)  # by commit, in the order of the runs

    def add(self, commit: str, failed: bool | None, reason: str, seconds: float) -> None:
        """`failed`: None where the commit cannot be tested, for the `reason`."""
        self.__dict__.pop("weights", None)
        self.__dict__.pop("posterior", None)
        self.seconds[commit] = self.seconds.get(commit, 0.0) + seconds
        if failed is None:
            self.skipped[commit] = reason
        else:
            self._failures.setdefault(commit, []).append(failed)

    def runs(self, commit: str) -> Runs:
        failures = self._failures.get(commit, [])
        return Runs(sum(failures), len(failures) - sum(failures))

    @property
    def prior(self) -> float:
        return VOUCHED if self.repeat < FEWEST_PAIRS else JEFFREYS

    @property
    def tested(self) -> list[str]:
        """Commits of the range that were run, parents before children."""
        return [sha for sha in self.between.shas if sha in self._failures]

    @property
    def total(self) -> int:
        return sum(map(len, self._failures.values()))

    def next_commit(self, under_way: Sequence[str], checked_out: str | None) -> tuple[str, float] | None:
        """The commit to run and the bits that it is expected to tell; None where runs under way must end first, or
        nothing is left to run. Raises UsageError where the ends or their base stand in the way."""
        self._check_ends()
        if not self._ends_differ:
            ends = (self.between.bad, self.between.good)
            counts = {sha: self.runs(sha).total + list(under_way).count(sha) for sha in ends}
            fewest = min(ends, key=lambda sha: counts[sha])
            return (fewest, 1.0) if counts[fewest] < self.repeat else None
        for base in self.between.bases:
            if self._base_is_open(base):
                enough = self.runs(base).total + list(under_way).count(base) >= self.repeat
                return None if enough else (base, 1.0)
        self.searching = True
        return None if self.answer else self._most_telling(under_way, checked_out)

    @property
    def answer(self) -> str | None:
        """The first bad commit, where its probability is high enough."""
        best = self.posterior.first_bad(self.weights, self.error)
        return None if best is None else self.between.shas[best]

    @cached_property
    def weights(self) -> np.ndarray:
        """(n,) the probability of each commit of the range."""
        return self.posterior.weights()

    @cached_property
    def posterior(self) -> Posterior:
        between = self.between
        sides = [self.runs(sha) for sha in (between.good, *between.bases)]
        good = Runs(sum(side.failed for side in sides), sum(side.passed for side in sides))
        inside = {
            number: self.runs(sha)
            for number, sha in enumerate(between.shas)
            if sha in self._failures and sha != between.bad
        }
        return Posterior(between.ancestry, self.runs(between.bad), good, inside, self.prior, self._within)

    @cached_property
    def _within(self) -> dict[int, np.ndarray]:
        """Ancestors of commits that were run; handed from one posterior to the next."""
        return {}

    @property
    def _ends_differ(self) -> bool:
        bad, good = self.runs(self.between.bad), self.runs(self.between.good)
        if self.repeat < FEWEST_PAIRS:
            return bad.failed == bad.total == good.passed == good.total == self.repeat
        failures = self._failures.get(self.between.bad, []), self._failures.get(self.between.good, [])
        evidence = evidence_of_difference(zip(*failures, strict=False))
        return evidence >= log(1 / self.error) and bad.failed * good.total > good.failed * bad.total

    def _check_ends(self) -> None:
        for sha, name in ((self.between.bad, "bad"), (self.between.good, "good")):
            if reason := self.skipped.get(sha):
                raise UsageError(f"bisect: the {name} commit {sha[:12]} cannot be tested: {reason}")
        bad, good = self.runs(self.between.bad), self.runs(self.between.good)
        if not self._ends_differ and min(bad.total, good.total) >= self.repeat:
            turned = " (it fails more often at the good one)" if good.failed > bad.failed else ""
            raise UsageError(
                f"bisect: the command does not tell bad from good: it failed in {bad.failed} of {bad.total} runs at "
                f"the bad commit and in {good.failed} of {good.total} at the good one{turned}, which may be chance; "
                f"it needs to fail more reliably, or --repeat (now {self.repeat}) to be higher; --restart forgets "
                "these runs"
            )

    def _base_is_open(self, base: str) -> bool:
        """Whether a commit where good and bad branched needs more runs. Raises UsageError where it is not good."""
        if reason := self.skipped.get(base):
            raise UsageError(f"bisect: {base[:12]}, where good and bad branched, cannot be tested: {reason}")
        counts = self.runs(base)
        bad = chance_bad(counts, self.runs(self.between.bad), self.runs(self.between.good), self.prior)
        if bad >= 1 - self.error:
            raise UsageError(
                f"bisect: {base[:12]}, where good and bad branched, is bad ({counts.failed} of {counts.total} runs "
                "failed): the good commit holds a fix, or the failure is older; give a good commit before the branch"
            )
        if bad > self.error and counts.total >= self.repeat:
            raise UsageError(
                f"bisect: {base[:12]}, where good and bad branched, stays undecided after {counts.total} runs "
                f"({counts.failed} failed); give a good commit that is an ancestor of the bad one"
            )
        return bad > self.error

    def _most_telling(self, under_way: Sequence[str], checked_out: str | None) -> tuple[str, float] | None:
        """A place of the posterior is a commit; runs at its two ends are runs at the commits given as good and bad."""
        posterior = self.posterior
        shas = (*self.between.shas, self.between.good, self.between.bad)
        places = {sha: place for place, sha in enumerate(shas)}
        made = {sha: self.runs(sha).total + list(under_way).count(sha) for sha in {*self._failures, *under_way}}
        often = {sha for sha, count in made.items() if count >= self.repeat}
        barred = {place for place, sha in enumerate(shas) if sha in often or sha in self.skipped}
        running = [places[sha] for sha in under_way if sha in places]
        chosen = posterior.choose(self.weights, barred, running, places.get(checked_out or ""))
        return (shas[chosen[0]], chosen[1]) if chosen else None
