"""How often the true commit is named first and among five, with intervals, and whether probabilities hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

DRAWS = 2_000
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True)
class Outcome:
    """The truth's place in a ranking, from 0, and the probability it had where one was given."""

    project: str
    method: str
    known: str  # "text", "file" or "every file"
    place: int
    first: float | None = None  # probability of the commit named first
    weight: float = 1.0  # of a case that is asked several times


def figures(outcomes: Sequence[Outcome], seed: int = 0) -> dict:
    """AC@1, AC@5 with 95 % bootstrap intervals over outcomes, and the mean reciprocal rank."""
    places = np.array([outcome.place for outcome in outcomes])
    weights = np.array([outcome.weight for outcome in outcomes])
    draws = np.random.default_rng(seed).integers(0, len(places), (DRAWS, len(places)))
    found = {"cases": round(weights.sum()), "mrr": round(float(np.average(1 / (places + 1), weights=weights)), 3)}
    for name, top in (("ac1", 1), ("ac5", 5)):
        right = (places < top) * weights
        low, high = np.percentile(right[draws].sum(axis=1) / weights[draws].sum(axis=1), [2.5, 97.5])
        found[name] = round(float(right.sum() / weights.sum()), 3)
        found[f"{name}_95"] = [round(float(low), 3), round(float(high), 3)]
    return found


def table(outcomes: Sequence[Outcome]) -> list[dict]:
    rows = []
    every = sorted({outcome.project for outcome in outcomes})
    for known in dict.fromkeys(outcome.known for outcome in outcomes):
        for project in (*every, None) if len(every) > 1 else every:
            for method in dict.fromkeys(outcome.method for outcome in outcomes):
                part = [
                    outcome
                    for outcome in outcomes
                    if (outcome.known, outcome.method) == (known, method) and project in (None, outcome.project)
                ]
                if part:
                    rows.append({"known": known, "project": project or "all", "method": method, **figures(part)})
    return rows


def lines(rows: Sequence[dict]) -> list[str]:
    told = ["| known | project | method | cases | AC@1 (95 %) | AC@5 (95 %) | MRR |", "|---|---|---|--:|--:|--:|--:|"]
    for row in rows:
        cells = [f"{row[name]:.3f} ({row[name + '_95'][0]:.2f}-{row[name + '_95'][1]:.2f})" for name in ("ac1", "ac5")]
        head = f"| {row['known']} | {row['project']} | {row['method']} | {row['cases']} |"
        told.append(f"{head} {cells[0]} | {cells[1]} | {row['mrr']:.3f} |")
    return told


def reliability(outcomes: Sequence[Outcome], known: str) -> list[dict]:
    """Of the commits named first with a probability in a range: how many there were, the mean, the share right."""
    told = [
        (outcome.first, outcome.place == 0)
        for outcome in outcomes
        if outcome.known == known and outcome.first is not None
    ]
    rows = []
    for low, high in pairwise(EDGES):
        part = [one for one in told if low <= one[0] < high or (high == 1.0 and one[0] == 1.0)]
        if part:
            mean, right = (round(float(np.mean(column)), 3) for column in zip(*part, strict=True))
            rows.append({"from": low, "to": high, "cases": len(part), "mean": mean, "right": right})
    return rows
