"""BM25 on the pieces of the files that rank first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from deep_code_reasoning.code.index.documents import inverse_frequency
from deep_code_reasoning.code.index.words import WORD, forms
from deep_code_reasoning.code.ranking.chunks import Chunk, chunks

K1 = 1.2
B = 0.5
"""Pieces are of like length by how they are cut: length counts for less than among files."""


@dataclass(frozen=True)
class Scored:
    """`score` is BM25 over the pieces of all files compared; `words` those of the query it holds."""

    chunk: Chunk
    score: float
    words: frozenset[str]
    tokens: int


class _Counts(dict[str, tuple[int, tuple[str, ...]]]):
    """Word of a text -> (how many words the index has for it, those of them that are asked for)."""

    def __init__(self, asked: Mapping[str, float]) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, word: str) -> tuple[int, tuple[str, ...]]:
        found = forms(word)
        self[word] = result = (len(found), tuple(form for form in found if form in self._asked))
        return result


def score_chunks(contents: Mapping[str, bytes], weights: Mapping[str, float]) -> dict[str, list[Scored]]:
    """Path -> its pieces in the order of the file. `weights`: each word's, without inverse document frequency."""
    counts = _Counts(weights)
    read: list[tuple[str, Chunk, Counter[str], int]] = []
    for path, data in contents.items():
        lines = data.decode("utf-8", "replace").split("\n")
        read.extend(
            (path, chunk, *_count("\n".join(lines[chunk.line - 1 : chunk.end_line]), counts))
            for chunk in chunks(path, data)
        )
    holding = Counter(word for _, _, held, _ in read for word in held)
    mean = sum(length for *_, length in read) / max(1, len(read)) or 1.0
    rare = {word: weights[word] * inverse_frequency(many, len(read)) for word, many in holding.items()}
    found: dict[str, list[Scored]] = {path: [] for path in contents}
    for path, chunk, held, length in read:
        norm = K1 * (1 - B + B * length / mean)
        score = sum(rare[word] * times * (K1 + 1) / (times + norm) for word, times in sorted(held.items()))
        found[path].append(Scored(chunk, score, frozenset(held), length))
    return found


def _count(text: str, counts: _Counts) -> tuple[Counter[str], int]:
    held: Counter[str] = Counter()
    length = 0
    for word, times in Counter(WORD.findall(text)).items():
        number, asked = counts[word]
        length += number * times
        for one in asked:
            held[one] += times
    return held, length
