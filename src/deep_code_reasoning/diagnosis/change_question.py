"""Which changes a person's words are about: the question put to the investigation against messages and diffs.

The weights of changes/relevance were fitted on reverts, whose reasons are such words. What they say of age and size is
left out here, since the ranking of changes has priors of its own: only what the words add to it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import NamedTuple

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.diagnosis import evidence_model as model

LEAST_DB = -6.0
"""Who asks need not use the words of the change. A judgement."""


class Asked(NamedTuple):
    """Decibans that the question adds, and the words that it has in common with the change."""

    weight: float
    words: str


def asked_of(question: str | None, candidates: Sequence[Candidate]) -> dict[str, Asked]:
    """By sha. Of n commits one with the probability p has 10 log10(n p)."""
    if not question or not question.strip() or len(candidates) < 2:
        return {}
    import numpy as np

    from deep_code_reasoning.changes.relevance import CommitText, FileText, Query, rank

    texts = [
        CommitText(
            one.sha,
            one.time,
            one.message,
            tuple(FileText(path, patch=one.patch if not number else "") for number, path in enumerate(one.paths)),
        )
        for one in candidates
    ]
    with_words = {one.commit.sha: one for one in rank(Query(question), texts)}
    without = {one.commit.sha: one.score for one in rank(Query(""), texts)}
    gained = np.array([with_words[one.sha].score - without[one.sha] for one in candidates])
    odds = np.exp(gained - gained.max())
    shares = (1 - model.MODEL_ERROR) * odds / odds.sum() + model.MODEL_ERROR / len(odds)
    return {
        one.sha: Asked(
            max(LEAST_DB, min(model.CAP_DB, 10 * log10(len(odds) * float(share)))), with_words[one.sha].reasons[0]
        )
        for one, share in zip(candidates, shares, strict=True)
    }
