"""Fits the weights of changes/relevance: a conditional logit by Newton's method, and leave-one-project-out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from deep_code_reasoning.changes.relevance import ranking
from deep_code_reasoning.changes.relevance.features import NAMES, NEVER_AGAINST
from deep_code_reasoning.changes.relevance.ranking import Weights

RIDGE = 5.0
"""Of standardised weights: a normal prior with this precision keeps them small where few cases speak."""
MOST_OF_ONE = 100.0
"""Cases of one project beyond this number share the weight of so many, so that none dominates."""
STEPS = 40
SAME, LEAST_STEP, CONVERGED, NEVER_CERTAIN = 1e-9, 1e-6, 1e-9, 1e-6
NEVER_NEGATIVE = [NAMES.index(name) for name in NEVER_AGAINST]
DOUBTS = [step / 100 for step in range(41)]


@dataclass(frozen=True)
class Choice:
    """One case: features of the candidates, and which of them it was."""

    project: str
    values: np.ndarray  # candidates x features
    truth: int


def fit(choices: Sequence[Choice], ridge: float = RIDGE, never_negative: Sequence[int] = ()) -> np.ndarray:
    """Weights of the features as they are (standardised only while fitting). Of `never_negative` features those that
    come out negative are left out, until none does."""
    width = choices[0].values.shape[1]
    kept, fitted = list(range(width)), np.zeros(0)
    while kept:
        fitted = _fit([Choice(one.project, one.values[:, kept], one.truth) for one in choices], ridge)
        negative = [at for at, value in zip(kept, fitted, strict=True) if at in never_negative and value < 0]
        if not negative:
            break
        kept = [at for at in kept if at not in negative]
    weights = np.zeros(width)
    weights[kept] = fitted if kept else 0.0
    return weights


def _fit(choices: Sequence[Choice], ridge: float) -> np.ndarray:
    width = choices[0].values.shape[1]
    values, there = _stacked(choices)
    spread = values[there].std(axis=0)
    spread[spread < SAME] = np.inf  # the same for all: no weight
    values /= spread
    shares = _shares(choices)
    chosen = values[np.arange(len(choices)), [choice.truth for choice in choices]]
    weights = np.zeros(width)
    value, odds = _likelihood(weights, values, there, chosen, shares, ridge)
    for _ in range(STEPS):
        expected = np.einsum("ijk,ij->ik", values, odds)
        slope = shares @ (chosen - expected) - ridge * weights
        rooted = (values * np.sqrt(odds * shares[:, None])[:, :, None]).reshape(-1, width)
        curve = rooted.T @ rooted - (expected * shares[:, None]).T @ expected + ridge * np.eye(width)
        step, length, before = np.linalg.solve(curve, slope), 1.0, value
        while length > LEAST_STEP:
            value, odds = _likelihood(weights + length * step, values, there, chosen, shares, ridge)
            if value >= before:
                break
            length /= 2
        weights = weights + length * step
        if value - before < CONVERGED:
            break
    return weights / spread


def _stacked(choices: Sequence[Choice]) -> tuple[np.ndarray, np.ndarray]:
    """choices x candidates x features, and which candidates there are."""
    most = max(len(choice.values) for choice in choices)
    values = np.zeros((len(choices), most, choices[0].values.shape[1]))
    there = np.zeros((len(choices), most), dtype=bool)
    for place, choice in enumerate(choices):
        values[place, : len(choice.values)] = choice.values
        there[place, : len(choice.values)] = True
    return values, there


def _shares(choices: Sequence[Choice]) -> np.ndarray:
    counts = Counter(choice.project for choice in choices)
    return np.array([min(1.0, MOST_OF_ONE / counts[choice.project]) for choice in choices])


def _likelihood(weights, values, there, chosen, shares, ridge) -> tuple[float, np.ndarray]:
    scores = np.where(there, values @ weights, -np.inf)
    top = scores.max(axis=1, keepdims=True)
    odds = np.exp(scores - top)
    total = odds.sum(axis=1, keepdims=True)
    logs = chosen @ weights - top[:, 0] - np.log(total[:, 0])
    return float(shares @ logs - ridge / 2 * weights @ weights), odds / total


def projects(choices: Sequence[Choice]) -> list[str]:
    return sorted({choice.project for choice in choices})


def weights_of(text: Sequence[Choice], file: Sequence[Choice]) -> Weights:
    return Weights(
        fit(text, never_negative=NEVER_NEGATIVE),
        fit(file, never_negative=NEVER_NEGATIVE),
        doubt(text),
        doubt(file),
    )


def doubt(choices: Sequence[Choice]) -> float:
    """The part of the probability that is spread evenly, such that the candidates that come first are right as often as
    said: by the likelihood of right and wrong firsts of each project under the weights that the others give."""
    firsts: list[tuple[float, int, bool]] = []
    for project in projects(choices) if len(projects(choices)) > 1 else ():
        weights = fit([one for one in choices if one.project != project], never_negative=NEVER_NEGATIVE)
        for one in choices:
            if one.project == project and len(one.values) > 1:
                scores = one.values @ weights
                odds = np.exp(scores - scores.max())
                firsts.append((float(1 / odds.sum()), len(odds), int(scores.argmax()) == one.truth))
    if not firsts:
        return 0.0
    given, count, right = np.array(firsts).T

    def likelihood(part: float) -> float:
        said = np.clip((1 - part) * given + part / count, NEVER_CERTAIN, 1 - NEVER_CERTAIN)
        return float(np.log(np.where(right, said, 1 - said)).sum())

    return max(DOUBTS, key=likelihood)


def leave_one_out(text: Sequence[Choice], file: Sequence[Choice]) -> dict[str, Weights]:
    """For each project the weights that all others give."""
    return {
        project: weights_of(
            [choice for choice in text if choice.project != project],
            [choice for choice in file if choice.project != project],
        )
        for project in projects(text)
    }


def write_weights(weights: Weights, text: Sequence[Choice], file: Sequence[Choice]) -> Path:
    path = Path(ranking.__file__).with_name("weights.toml")
    today = datetime.now(UTC).date().isoformat()
    lines = [
        "# Weights of features.py, written by bench/culprit.py --write on reverts of public projects: the reason of a",
        "# revert is the text, the 200 commits before it the candidates. [file]: among the commits that touch a file",
        "# that is known, here the first one of the true commit in the order of paths.",
        f"fitted = {today}",
        f"text_cases = {len(text)}",
        f"file_cases = {len(file)}",
        f"ridge = {RIDGE}",
        f"most_of_one_project = {MOST_OF_ONE:.0f}",
        "",
        "[projects] # cases",
    ]
    lines += [f'"{project}" = {sum(choice.project == project for choice in text)}' for project in projects(text)]
    kinds = (("text", weights.text, weights.text_doubt), ("file", weights.file, weights.file_doubt))
    for kind, fitted, doubted in kinds:
        lines += [
            "",
            f"[{kind}]",
            f"doubt = {doubted}",
            *(f"{name} = {value:.4f}" for name, value in zip(NAMES, fitted, strict=True)),
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
