"""Numbers of each commit that the weights of weights.toml are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deep_code_reasoning.changes.relevance import traits
from deep_code_reasoning.changes.relevance.commit_text import CommitText, Query
from deep_code_reasoning.changes.relevance.similarity import Matches, match

NAMES = (
    "subject",
    "paths",
    "code",
    "everything",
    "best_word",
    "names_its_file",
    "newer_commits",
    "newer_commits_far",
    "hours",
    "newer_commits_told_much",
    "only_documents",
    "only_tests",
    "is_revert",
    "lines",
    "taken_back",
    "touched_again",
)
NEVER_AGAINST = NAMES[:6]
"""A word or a file that a report shares with a commit never speaks against it: no negative weights."""
USUAL_TELLING = 3.1
"""log(1 + telling) of a usual report: one that says more lets age count less."""
USUAL_AGE = 3.0


@dataclass(frozen=True)
class Features:
    values: np.ndarray  # commits x NAMES
    matches: Matches
    named: tuple[str | None, ...]  # a file of the commit that the report names
    taken_back: dict[int, int]  # by which newer commit


def features(query: Query, commits: Sequence[CommitText]) -> Features:
    """Of commits given newest first. Differences between commits matter alone: what all share changes nothing."""
    matches = match(query.text, commits)
    newer, hours = traits.ages(commits, query.at)
    back = traits.taken_back(commits)
    names = traits.named_files(query.text)
    named = tuple(traits.named_file(commit, names) for commit in commits)
    log_newer = np.log1p(newer)
    columns = {
        "subject": np.log1p(matches.subject),
        "paths": np.log1p(matches.paths),
        "code": np.log1p(matches.code),
        "everything": np.log1p(matches.everything),
        "best_word": np.log1p(matches.best),
        "names_its_file": [file is not None for file in named],
        "newer_commits": log_newer,
        "newer_commits_far": np.minimum(newer / traits.LONG_AGO, 1.0),
        "hours": np.log1p(hours),
        "newer_commits_told_much": (log_newer - USUAL_AGE) * (np.log1p(matches.telling) - USUAL_TELLING),
        "only_documents": [traits.only_documents(commit) for commit in commits],
        "only_tests": [traits.only_tests(commit) for commit in commits],
        "is_revert": [traits.is_revert(commit) for commit in commits],
        "lines": [traits.log_lines(commit) for commit in commits],
        "taken_back": [place in back for place in range(len(commits))],
        "touched_again": traits.touched_again(commits),
    }
    values = np.column_stack([np.asarray(columns[name], dtype=float) for name in NAMES])
    return Features(values, matches, named, back)
