"""Ranks commits by how likely a text is about them: a conditional logit (McFadden, 1974) over their features.

P(commit) = exp(w . x) / sum over all commits of exp(w . x). The weights w were fitted on reverts of public projects,
whose reasons are such texts, and are in weights.toml with their origin. The probability is conditional on one of the
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
from deep_code_reasoning.changes.relevance.features import NAMES, features
from deep_code_reasoning.changes.relevance.reasons import reasons

ELSEWHERE = -8.0
"""Of commits that touch none of the files known to be involved, or were made after it was noticed: e^-8 is 1 in 3,000.
A judgement, so that one wrong file does not make the truth impossible."""


@dataclass(frozen=True)
class Weights:
    text: np.ndarray  # of NAMES
    file: np.ndarray  # where a file is known that the commit touches


@dataclass(frozen=True)
class Relevance:
    commit: CommitText
    score: float  # natural log of the odds against any other of the commits, but for a constant
    probability: float  # they add up to 1
    reasons: tuple[str, ...]  # the strongest first, for and against


@cache
def fitted_weights() -> Weights:
    document = tomllib.loads(Path(__file__).with_name("weights.toml").read_text(encoding="utf-8"))
    return Weights(*(np.array([document[kind][name] for name in NAMES]) for kind in ("text", "file")))


def rank(query: Query, commits: Sequence[CommitText], weights: Weights | None = None) -> list[Relevance]:
    """The commits, the likeliest first. Their order in `commits` matters where times are equal only: newest first."""
    if not commits:
        return []
    weights = weights or fitted_weights()
    ordered = sorted(commits, key=lambda commit: -commit.time if commit.time is not None else 2**63)
    found = features(query, ordered)
    known = traits.with_renames(query.files, ordered)
    touched = [traits.touched(commit, known) for commit in ordered]
    chosen = weights.file if any(touched) else weights.text
    parts = found.values * chosen
    scores = parts.sum(axis=1) + _outside(query, ordered, touched)
    odds = np.exp(scores - scores.max())
    probabilities = odds / odds.sum()
    return [
        Relevance(
            ordered[place],
            float(scores[place]),
            float(probabilities[place]),
            reasons(place, ordered, found, parts, touched[place], bool(known)),
        )
        for place in np.argsort(-scores, kind="stable")
    ]


def _outside(query: Query, commits: Sequence[CommitText], touched: Sequence[Sequence[str]]) -> np.ndarray:
    any_touched = any(touched)
    after = [query.at is not None and commit.time is not None and commit.time > query.at for commit in commits]
    return np.array(
        [ELSEWHERE * (any_touched and not files) + ELSEWHERE * late for files, late in zip(touched, after, strict=True)]
    )
