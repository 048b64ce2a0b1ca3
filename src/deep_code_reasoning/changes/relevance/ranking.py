"""Ranks commits by how likely a text is about them: a conditional logit (McFadden, 1974) over their features.

P(commit) = (1 - doubt) exp(w . x) / sum over all commits of exp(w . x) + doubt / n, the latter for the n commits that
touch a known file, if any does, and were made before it was noticed. The weights w were fitted on reverts of public
projects, whose reasons are such texts, and are in weights.toml with their origin; `doubt` is such that commits ranked
first in projects that the weights do not know are right as often as said. The probability is conditional on one of the
commits given being it: it says nothing of "none of them".
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from deep_code_reasoning.changes.relevance import traits
from deep_code_reasoning.changes.relevance.commit_text import CommitText, Query
from deep_code_reasoning.changes.relevance.features import NAMES, Features, features
from deep_code_reasoning.changes.relevance.reasons import reasons

ELSEWHERE = -8.0
"""Of commits that touch none of the files known to be involved, or were made after it was noticed: e^-8 is 1 in 3,000.
A judgement, so that one wrong file does not make the truth impossible."""


@dataclass(frozen=True)
class Weights:
    text: np.ndarray  # of NAMES
    file: np.ndarray  # among commits that touch a file that is known
    text_doubt: float = 0.0
    file_doubt: float = 0.0


@dataclass(frozen=True)
class Relevance:
    commit: CommitText
    score: float  # natural log of the odds against any other of the commits, but for a constant
    probability: float  # they add up to 1
    reasons: tuple[str, ...]  # the strongest first, for and against


@cache
def fitted_weights() -> Weights:
    document = tomllib.loads(Path(__file__).with_name("weights.toml").read_text(encoding="utf-8"))
    text, file = document["text"], document["file"]
    by_kind = [np.array([kind[name] for name in NAMES]) for kind in (text, file)]
    return Weights(*by_kind, text["doubt"], file["doubt"])


def rank(query: Query, commits: Sequence[CommitText], weights: Weights | None = None) -> list[Relevance]:
    """The commits, the likeliest first. Their order in `commits` matters where times are equal only: newest first."""
    if not commits:
        return []
    ordered = newest_first(commits)
    found = features(query, ordered)
    judged = judge(query, ordered, found, weights or fitted_weights())
    return [
        Relevance(
            ordered[place],
            float(judged.scores[place]),
            float(judged.probabilities[place]),
            reasons(place, ordered, found, judged.parts, judged.touched[place], bool(query.files)),
        )
        for place in np.argsort(-judged.scores, kind="stable")
    ]


def newest_first(commits: Sequence[CommitText]) -> list[CommitText]:
    """Those without a time last."""
    return sorted(commits, key=lambda commit: -commit.time if commit.time is not None else 2**63)


@dataclass(frozen=True)
class Judged:
    """Of commits, newest first."""

    parts: np.ndarray  # commits x NAMES: what each feature adds
    scores: np.ndarray
    probabilities: np.ndarray
    touched: list[list[str]]  # files known to be involved that each touches


def judge(query: Query, ordered: Sequence[CommitText], found: Features, weights: Weights) -> Judged:
    known = traits.with_renames(query.files, ordered)
    touched = [traits.touched(commit, known) if known else [] for commit in ordered]
    chosen, doubt = (weights.file, weights.file_doubt) if any(touched) else (weights.text, weights.text_doubt)
    parts = found.values * chosen
    late = np.array([query.at is not None and commit.time is not None and commit.time > query.at for commit in ordered])
    elsewhere = np.array([any(touched) and not files for files in touched])
    scores = parts.sum(axis=1) + ELSEWHERE * late + ELSEWHERE * elsewhere
    odds = np.exp(scores - scores.max())
    others = ~(late | elsewhere)
    spread = others / others.sum() if others.any() else np.full(len(odds), 1 / len(odds))
    return Judged(parts, scores, (1 - doubt) * odds / odds.sum() + doubt * spread, touched)
