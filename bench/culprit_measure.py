"""One case through the product's ranking and through what it is compared with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from culprit_cases import Case
from culprit_fit import Choice, fit
from culprit_table import Outcome
from deep_code_reasoning.changes.relevance import CommitText, Query
from deep_code_reasoning.changes.relevance.features import Features, features
from deep_code_reasoning.changes.relevance.ranking import Weights, judge, newest_first

EVERY_FILE = 20
"""Files of a true commit that are tried in turn."""


@dataclass(frozen=True)
class Measured:
    case: Case
    commits: tuple[CommitText, ...]  # newest first, patches left out
    found: Features
    bm25: np.ndarray  # of `commits`
    given: np.ndarray  # place of each of `commits` among the case's candidates
    truth: int  # place in `commits`
    missing: int
    read_seconds: float
    rank_seconds: float
    bm25_seconds: float

    @property
    def files(self) -> list[str]:
        """Of the true commit, in the order of paths."""
        return sorted(file.path for file in self.commits[self.truth].files)


def measure(case: Case, read: dict[str, CommitText], seconds_a_commit: float) -> Measured | None:
    """None when the true commit is not in the history."""
    if case.truth not in read:
        return None
    started = time.perf_counter()
    commits = newest_first([read[sha] for sha in case.candidates if sha in read])
    found = features(Query(case.symptom), commits)
    rank_seconds = time.perf_counter() - started
    started = time.perf_counter()
    bm25 = plain_bm25(case.symptom, commits)
    bm25_seconds = time.perf_counter() - started
    places = {sha: place for place, sha in enumerate(case.candidates)}
    return Measured(
        case,
        tuple(without_patches(commit) for commit in commits),
        found,
        bm25,
        np.array([places[commit.sha] for commit in commits]),
        next(place for place, commit in enumerate(commits) if commit.sha == case.truth),
        len(case.candidates) - len(commits),
        seconds_a_commit * len(commits),
        rank_seconds,
        bm25_seconds,
    )


def without_patches(commit: CommitText) -> CommitText:
    files = tuple(type(file)(file.path, file.old_path, file.insertions, file.deletions) for file in commit.files)
    return CommitText(commit.sha, commit.time, commit.message, files)


def plain_bm25(text: str, commits: Sequence[CommitText]) -> np.ndarray:
    """BM25 as the library bm25s has it, over messages and paths in one, words in lower case without stop words."""
    import bm25s

    documents = [commit.message + "\n" + "\n".join(file.path for file in commit.files) for commit in commits]
    tokens = bm25s.tokenize(documents, stopwords="en", return_ids=False, show_progress=False)
    asked = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)[0]
    index = bm25s.BM25()
    index.index([one or ["-"] for one in tokens], show_progress=False)
    words = [str(word) for word in asked if word in index.vocab_dict]
    return np.asarray(index.get_scores(words)) if words else np.zeros(len(commits))


def text_choices(measured: Sequence[Measured]) -> list[Choice]:
    return [Choice(one.case.repository, one.found.values, one.truth) for one in measured]


def file_choices(measured: Sequence[Measured]) -> list[Choice]:
    """Among the commits that touch the first file of the true one."""
    choices = []
    for one in measured:
        if one.files:
            on = touching(one, one.files[0])
            choices.append(Choice(one.case.repository, one.found.values[on], int(np.searchsorted(on, one.truth))))
    return choices


def touching(one: Measured, file: str) -> np.ndarray:
    """Places of the commits that touch it, under any of its names."""
    nothing = np.zeros(one.found.values.shape[1])
    judged = judge(Query("", (file,)), one.commits, one.found, Weights(nothing, nothing))
    return np.array([place for place, files in enumerate(judged.touched) if files])


def outcomes(measured: Sequence[Measured], weights: dict[str, Weights]) -> list[Outcome]:
    both = _fitted_baseline(measured)
    found: list[Outcome] = []
    for one in measured:
        project = one.case.repository
        methods = {
            "recency": -one.given.astype(float),
            "BM25": one.bm25,
            "BM25 + recency": np.column_stack([np.log1p(one.bm25), np.log1p(one.given)]) @ both[project],
        }
        for method, scores in methods.items():
            found.append(Outcome(project, method, "text", place_of(scores, one.truth, one.given)))
        found.append(_ours(one, weights[project], "text", ()))
        if one.files:
            on = touching(one, one.files[0])
            for method, scores in methods.items():
                truth = int(np.searchsorted(on, one.truth))
                found.append(Outcome(project, method, "file", place_of(scores[on], truth, one.given[on])))
            found.append(_ours(one, weights[project], "file", one.files[:1]))
            found += [_ours(one, weights[project], "every file", [file]) for file in one.files[:EVERY_FILE]]
    return found


def _ours(one: Measured, weights: Weights, known: str, files: Sequence[str]) -> Outcome:
    judged = judge(Query(one.case.symptom, tuple(files)), one.commits, one.found, weights)
    place = place_of(judged.scores, one.truth, np.arange(len(one.commits)))
    return Outcome(one.case.repository, "ours", known, place, float(judged.probabilities.max()), 1 / _count(one, known))


def _count(one: Measured, known: str) -> int:
    return len(one.files[:EVERY_FILE]) if known == "every file" else 1


def place_of(scores: np.ndarray, truth: int, order: np.ndarray) -> int:
    """From 0. Of equal scores the newer commit comes first."""
    ahead = (scores > scores[truth]) | ((scores == scores[truth]) & (order < order[truth]))
    return int(ahead.sum())


def _fitted_baseline(measured: Sequence[Measured]) -> dict[str, np.ndarray]:
    """The weights of BM25 and recency, from the other projects where there are any."""
    choices = [
        Choice(one.case.repository, np.column_stack([np.log1p(one.bm25), np.log1p(one.given)]), one.truth)
        for one in measured
    ]
    found = {}
    for project in {one.case.repository for one in measured}:
        others = [choice for choice in choices if choice.project != project]
        found[project] = fit(others or choices)
    return found
