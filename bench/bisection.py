"""Runs that a bisection needs, by how often the command fails: the posterior search of `dcr bisect` beside Wald's test.

    python bench/bisection.py [--commits 200] [--bisections 100] [--json]

Imagined commands, no processes. Both start from the same comparison of the ends. "Sequential test": as `git bisect`
goes, and at each commit Wald's sequential probability ratio test (1945) between the two rates as the ends showed them,
with an error of 5 % in all, shared out over the steps. Told are runs after the comparison, changes of the commit that
is checked out, and the share of wrong answers. Chosen by it: docs/decisions/0010-noisy-bisection.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from deep_code_reasoning.changes.bisect.ancestry import Ancestry
from deep_code_reasoning.changes.bisect.calibration import evidence_of_difference
from deep_code_reasoning.changes.bisect.posterior import Posterior, Runs

ERROR = 0.05
RATES = ((1.0, 0.0), (0.9, 0.0), (0.5, 0.0), (0.1, 0.0), (0.9, 0.1), (0.5, 0.2))


class Outcome(NamedTuple):
    right: bool
    runs: int
    checkouts: int


def compared(fails_bad: Callable[[], bool], fails_good: Callable[[], bool]) -> tuple[Runs, Runs]:
    pairs: list[tuple[bool, bool]] = []
    while not pairs or evidence_of_difference(pairs) < math.log(1 / ERROR):
        pairs.append((fails_bad(), fails_good()))
    bad, good = (Runs(sum(side), len(side) - sum(side)) for side in zip(*pairs, strict=True))
    return bad, good


def posterior_search(commits: int, first_bad: int, ends: tuple[Runs, Runs], fails: Callable[[bool], bool]) -> Outcome:
    posterior = Posterior(Ancestry([[n - 1] if n else [] for n in range(commits)]), *ends)
    at, runs, checkouts = None, 0, 0
    while (answer := posterior.first_bad(posterior.weights(), ERROR)) is None:
        chosen = posterior.choose(posterior.weights(), (), (), at)
        assert chosen
        checkouts += chosen[0] != at
        at, runs = chosen[0], runs + 1
        posterior.add(at, fails(at != posterior.at_good_end and at >= first_bad))
    return Outcome(answer == first_bad, runs, checkouts)


def sequential_test(commits: int, first_bad: int, ends: tuple[Runs, Runs], fails: Callable[[bool], bool]) -> Outcome:
    bad, good = ((end.failed + 0.5) / (end.total + 1) for end in ends)
    share = ERROR / math.ceil(math.log2(commits))
    enough = math.log((1 - share) / share)
    low, high, runs, checkouts = -1, commits - 1, 0, 0  # low is good, high is bad
    while high - low > 1:
        middle, ratio = (low + high) // 2, 0.0
        checkouts += 1
        while abs(ratio) < enough:
            runs += 1
            ratio += math.log(bad / good) if fails(middle >= first_bad) else math.log((1 - bad) / (1 - good))
        low, high = (low, middle) if ratio > 0 else (middle, high)
    return Outcome(high == first_bad, runs, checkouts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--bisections", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for bad, good in RATES:
        for search in (posterior_search, sequential_test):
            rng = random.Random(7)
            outcomes = []
            for _ in range(options.bisections):

                def fails(is_bad: bool, rates: tuple[float, float] = (good, bad)) -> bool:
                    return rng.random() < rates[is_bad]  # noqa: B023  used up before the next generator is made

                ends = compared(lambda: fails(True), lambda: fails(False))
                outcomes.append(search(options.commits, rng.randrange(options.commits), ends, fails))
            right, runs, checkouts = (sum(values) / len(outcomes) for values in zip(*outcomes, strict=True))
            row = {"bad": bad, "good": good, "search": search.__name__, "runs": runs, "checkouts": checkouts}
            rows.append({**row, "wrong": 1 - right})
            if not options.json:
                told = f"fails {bad:.0%} / {good:.0%}  {search.__name__:17}"
                print(f"{told} {runs:7.1f} runs {checkouts:6.1f} checkouts {1 - right:6.1%} wrong", flush=True)
    if options.json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
