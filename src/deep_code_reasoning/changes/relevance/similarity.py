"""How well commits match the words of a report: BM25 over their subjects, paths, code, and all of them together.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009); all fields together are BM25F,
which adds up weighted counts before they saturate. The rarity of a word is counted on the candidates themselves, so
that a project's own words, which are in most of its commits, tell little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deep_code_reasoning.changes.relevance.commit_text import CommitText
from deep_code_reasoning.changes.relevance.terms import spelled, terms, terms_of, weight, words

FIELDS = ("subject", "body", "paths", "added", "removed", "functions")
FIELD_WEIGHTS = (3.0, 1.0, 2.0, 0.3, 0.3, 1.0)
K1 = 1.2
B = 0.75
MESSAGE_CHARACTERS = 20_000
COMMIT_PATCH_CHARACTERS = 64_000
FILE_PATCH_CHARACTERS = 16_000
LINE_CHARACTERS = 400
QUERY_TERMS = 400
FILES = 1_000


@dataclass(frozen=True)
class Matches:
    """The terms of a report in n commits."""

    terms: tuple[str, ...]
    words: tuple[str, ...]  # as the report spells them
    subject: np.ndarray  # BM25, n floats
    paths: np.ndarray
    code: np.ndarray
    everything: np.ndarray
    best: np.ndarray  # what the best single term gives
    by_term: np.ndarray  # n rows of what each term gives, over all fields
    holding: np.ndarray  # commits that hold each term
    telling: float  # how much the report says: the rarity of its terms, weighted, added up


def match(text: str, commits: Sequence[CommitText]) -> Matches:
    asked = Counter(dict(terms(text[:MESSAGE_CHARACTERS]).most_common(QUERY_TERMS)))
    names, spelling = tuple(asked), spelled(text[:MESSAGE_CHARACTERS])
    counts, lengths = _counts(names, commits)
    weights = np.array([weight(name) * (1 + np.log(asked[name])) for name in names])
    anywhere = counts.max(axis=0) > 0
    told = counts[:3].max(axis=0) > 0
    rarity, told_rarity = _rarity(anywhere) * weights, _rarity(told) * weights
    field_weights = np.array(FIELD_WEIGHTS)
    together = np.tensordot(field_weights, counts, axes=1)
    by_term = _saturated(together, field_weights @ lengths) * rarity
    code = _saturated(counts[3] + counts[4], lengths[3] + lengths[4])
    return Matches(
        names,
        tuple(spelling[name] for name in names),
        subject=_saturated(counts[0], lengths[0]) @ told_rarity,
        paths=_saturated(counts[2], lengths[2]) @ told_rarity,
        code=code @ rarity,
        everything=by_term.sum(axis=1),
        best=by_term.max(axis=1, initial=0.0),
        by_term=by_term,
        holding=anywhere.sum(axis=0),
        telling=float((_rarity(anywhere) * np.array([weight(name) for name in names])).sum()),
    )


class _Places(dict[str, tuple[int, ...]]):
    """Where the terms of a word stand among those asked for; worked out once for each word."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = {name: place for place, name in enumerate(names)}

    def __missing__(self, word: str) -> tuple[int, ...]:
        self[word] = places = tuple(self._names[term] for term in terms_of(word) if term in self._names)
        return places


def _counts(names: Sequence[str], commits: Sequence[CommitText]) -> tuple[np.ndarray, np.ndarray]:
    """fields x commits x terms, and fields x commits: all words of a field."""
    counts = np.zeros((len(FIELDS), len(commits), len(names)))
    lengths = np.zeros((len(FIELDS), len(commits)))
    places = _Places(names)
    for number, commit in enumerate(commits):
        for field, text in enumerate(_fields(commit)):
            found = words(text)
            lengths[field, number] = len(found)
            for word, count in Counter(found).items():
                for place in places[word]:
                    counts[field, number, place] += count
    return counts, lengths


def _fields(commit: CommitText) -> tuple[str, ...]:
    subject, _, body = commit.message[:MESSAGE_CHARACTERS].partition("\n")
    paths, added, removed, functions = [], [], [], []
    left = COMMIT_PATCH_CHARACTERS
    for file in commit.files[:FILES]:
        paths += [file.path] if file.old_path is None else [file.path, file.old_path]
        patch = file.patch[: min(FILE_PATCH_CHARACTERS, left)]
        left -= len(patch)
        for line in patch.split("\n"):
            if line[:1] == "+":
                added.append(line[1:LINE_CHARACTERS])
            elif line[:1] == "-":
                removed.append(line[1:LINE_CHARACTERS])
            elif line[:2] == "@@":
                functions.append(line.split("@@", 2)[-1][:LINE_CHARACTERS])
    return subject, body, *("\n".join(lines) for lines in (paths, added, removed, functions))


def _rarity(held: np.ndarray) -> np.ndarray:
    """Of the terms in the columns, from whether each commit holds them: never below zero."""
    commits, holding = len(held), held.sum(axis=0)
    return np.log(1 + (commits - holding + 0.5) / (holding + 0.5))


def _saturated(counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    norm = 1 - B + B * lengths / max(float(lengths.mean()), 1e-9)
    return counts / (counts + K1 * norm[:, None])
