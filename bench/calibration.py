"""Of the verdicts with confidence 0.8 to 0.9, how many were right? On incidents whose cause is known.

    python bench/calibration.py [--data DIR --truth truth.json] [--seeds 20] [--size 10MB] [--jobs 2]

Incidents come from a set (scored_incidents.py), with its windows where it has them, and from the simulated shop, one a
seed, without windows. A verdict is right when it names the service to blame; `unknown` is judged by its first suspect,
`none` (nothing abnormal) is wrong. Intervals are Wilson's at 95 %. The Brier score is the mean of the squares of
confidence - right, 0 at best; 0.25 is what always saying one half gets. The temperature T that explains the outcomes
best divides the log odds of every confidence (Guo et al., ICML 2017): above 1 they were too sure. The isotonic fit is
the best rising step function (Zadrozny and Elkan, KDD 2002). With fewer than some fifty verdicts neither is more than a
hint, and verdicts on one system are no sample of all systems.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from scored_incidents import SOURCES, Answered, Incident, investigate, over, read_set

sys.path.insert(0, str(SOURCES))
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LOWEST = 1e-6


class Verdict(NamedTuple):
    confidence: float
    is_right: bool


def reliability(verdicts: Sequence[Verdict]) -> list[str]:
    lines = ["| confidence | verdicts | right | share right (95 %) | mean confidence |", "|---|--:|--:|--:|--:|"]
    for low, high in pairwise(BINS):
        inside = [v for v in verdicts if low <= v.confidence < high or v.confidence == high == BINS[-1]]
        if inside:
            right, mean = sum(v.is_right for v in inside), sum(v.confidence for v in inside) / len(inside)
            least, most = wilson(right, len(inside))
            share = f"{right / len(inside):.2f} ({least:.2f}-{most:.2f})"
            lines.append(f"| {low:.1f}-{high:.1f} | {len(inside)} | {right} | {share} | {mean:.2f} |")
    return lines


def wilson(right: int, of: int) -> tuple[float, float]:
    z = 1.96
    middle = right / of + z * z / (2 * of)
    spread = z * math.sqrt(right * (of - right) / of**3 + z * z / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z * z / of)), min(1.0, (middle + spread) / (1 + z * z / of))


def brier(verdicts: Sequence[Verdict]) -> float:
    return sum((v.confidence - v.is_right) ** 2 for v in verdicts) / len(verdicts)


def log_loss(verdicts: Sequence[Verdict], temperature: float = 1.0) -> float:
    """Mean, in nats."""
    return -sum(math.log(p if v.is_right else 1 - p) for v in verdicts for p in [cooled(v, temperature)]) / len(
        verdicts
    )


def cooled(verdict: Verdict, temperature: float) -> float:
    p = min(max(verdict.confidence, LOWEST), 1 - LOWEST)
    return min(max(1 / (1 + math.exp(-math.log(p / (1 - p)) / temperature)), LOWEST), 1 - LOWEST)


def best_temperature(verdicts: Sequence[Verdict]) -> float:
    """Between 1/20 and 20: the loss is convex in 1 / T, so thirds of the interval are dropped."""
    low, high = 0.05, 20.0
    while high - low > 1e-6:
        third = (high - low) / 3
        if log_loss(verdicts, 1 / (low + third)) <= log_loss(verdicts, 1 / (high - third)):
            high -= third
        else:
            low += third
    return 2 / (low + high)


def isotonic(verdicts: Sequence[Verdict]) -> list[tuple[float, float, float]]:
    """(from confidence, to confidence, share right), rising: pooled adjacent violators."""
    blocks: list[list[float]] = []  # lowest, highest, right, count
    for confidence, is_right in sorted(verdicts):
        blocks.append([confidence, confidence, float(is_right), 1.0])
        while len(blocks) > 1 and _pools(blocks[-2], blocks[-1]):
            _, highest, right, count = blocks.pop()
            blocks[-1] = [blocks[-1][0], highest, blocks[-1][2] + right, blocks[-1][3] + count]
    return [(low, high, right / count) for low, high, right, count in blocks]


def _pools(before: list[float], after: list[float]) -> bool:
    """Not rising, or the same confidence."""
    return before[2] / before[3] >= after[2] / after[3] or before[1] == after[0]


def of_set(incident: Incident) -> Answered:
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as state:
        return investigate(incident, [incident.folder], Path(state))


def of_shop(given: tuple[str, int, int]) -> Answered:
    from deep_code_reasoning.demo import generate

    scenario, seed, size = given
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as scratch:
        evidence = Path(scratch) / "evidence"
        truth = generate(scenario, evidence, seed=seed, size_bytes=size)
        incident = Incident(f"{scenario} {seed}", evidence, truth.culprit_service, scenario)
        return investigate(incident, [evidence], Path(scratch) / "state")


def report(title: str, answers: Sequence[Answered]) -> None:
    for answer in answers:
        said = answer.problem or f"{answer.verdict['kind']} {answer.verdict['service']} {answer.confidence:.3f}"
        print(f"{answer.incident.name}: {answer.incident.service}; {said}", file=sys.stderr)
    verdicts = [Verdict(answer.confidence, answer.is_right) for answer in answers if not answer.problem]
    if not verdicts:
        return
    print(f"\n{title}: {len(verdicts)} verdicts, {sum(v.is_right for v in verdicts)} right\n")
    print("\n".join(reliability(verdicts)))
    temperature = best_temperature(verdicts)
    print(f"\nBrier score {brier(verdicts):.3f}, log loss {log_loss(verdicts):.3f} nats")
    print(f"temperature {temperature:.2f}: log loss {log_loss(verdicts, temperature):.3f} nats")
    steps = ", ".join(f"{low:.2f}-{high:.2f} → {share:.2f}" for low, high, share in isotonic(verdicts))
    print(f"isotonic: {steps}", flush=True)


def main() -> None:
    from deep_code_reasoning.cli.demo import parse_size
    from deep_code_reasoning.demo import SCENARIOS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of the incidents")
    parser.add_argument("--truth", type=Path, help="their causes, as JSON")
    parser.add_argument("--limit", type=int, help="only the first so many of the set")
    parser.add_argument("--seeds", type=int, default=0, help="so many generated incidents of each scenario")
    parser.add_argument("--size", default="10MB", help="telemetry of a generated incident")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if bool(given.data) != bool(given.truth) or not (given.data or given.seeds):
        parser.error("give --data and --truth, or --seeds, or both")
    found: list[Answered] = []
    if given.data:
        found += over(read_set(given.data, given.truth, given.limit), of_set, given.jobs)
        report("the set", found)
    if given.seeds:
        size = parse_size(given.size)
        played = [(scenario, seed, size) for scenario in SCENARIOS for seed in range(1, given.seeds + 1)]
        generated = list(over(played, of_shop, given.jobs))
        report("generated", generated)
        if found:
            report("both", [*found, *generated])


if __name__ == "__main__":
    main()
