"""The ranking of files: words of the question first, then their pieces and every other sign, by kind of file.

score = (words / best words + chunk * best piece / best of all pieces + signs) * prior(kind) * service

Words are BM25 over all repositories at once: a word's rarity is counted over their files together, so that files of
ten services compare. Equal scores are in the order of repositories and paths. No model, no random number, no clock.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.index.documents import inverse_frequency
from deep_code_reasoning.code.ranking.chunk_scores import Scored, score_chunks
from deep_code_reasoning.code.ranking.priors import kind_of
from deep_code_reasoning.code.ranking.query import Query, weighted_words
from deep_code_reasoning.code.ranking.ranked import RankedChunk, RankedFile
from deep_code_reasoning.code.ranking.signs import Place, Sign, signs, total
from deep_code_reasoning.code.ranking.weights import Weights

CANDIDATES = 600
"""Files of each repository that words alone are asked for: enough that those of a low prior do not fill the list."""
READ = 30
"""Files whose pieces are compared."""
WORDS_TOLD = 4
FILE_SHARE = 0.5
"""Of a piece's score, how much is its file's."""
NAMED_PIECE = 0.3
"""What is added to a piece that holds a named line or function."""


def rank(
    indexes: Sequence[CodeIndex], query: Query, limit: int = 50, *, weights: Weights | None = None, read: int = READ
) -> list[RankedFile]:
    """The best files of all repositories together. `read`: of how many the pieces are compared and given.

    Deterministic for a state of the repositories. No files where no word, name or place of the query is in any.
    """
    weights = weights or Weights()
    words = weighted_words(query, weights.title, weights.compound)
    rare = _rarities(indexes, words)
    base = _by_words(indexes, {word: words[word] * idf for word, idf in rare.items()}, weights)
    best = max(base.values(), default=0.0) or 1.0
    given = signs(indexes, query, weights)
    scores = {
        place: base.get(place, 0.0) / best + total(given.get(place, ()), weights)
        for place in base.keys() | given.keys()
    }
    factors = {place: _factor(indexes[place[0]], place[1], query, weights) for place in scores}
    first = sorted(scores, key=lambda place: (-scores[place] * factors[place], place))[: max(read, limit)]
    pieces = _pieces(indexes, first[:read], words)
    best_piece = max((one.score * factors[p] for p, some in pieces.items() for one in some), default=0.0) or 1.0
    for place, some in pieces.items():
        scores[place] += weights.chunk * max((one.score for one in some), default=0.0) / best_piece
    final = {place: scores[place] * factors[place] for place in first}
    order = sorted(first, key=lambda place: (-final[place], place))[:limit]
    top = max(final.values(), default=0.0) or 1.0
    return [
        _ranked(indexes[place[0]], place, final[place], top, given.get(place, ()), pieces.get(place, ()), rare)
        for place in order
    ]


def _rarities(indexes: Sequence[CodeIndex], words: Mapping[str, float]) -> dict[str, float]:
    """Word -> inverse document frequency over all repositories; words that are in no file are left out."""
    documents = [index.documents for index in indexes if index.documents]
    count = sum(one.count for one in documents)
    found = {}
    for word in words:
        holding = sum(one.frequency(word) for one in documents)
        if holding or any(one.frequency(word, "path") for one in documents):
            found[word] = inverse_frequency(holding, count)
    return found


def _by_words(indexes: Sequence[CodeIndex], rare: Mapping[str, float], weights: Weights) -> dict[Place, float]:
    in_path = {word: weights.path * weight for word, weight in rare.items()} if weights.path else {}
    found: dict[Place, float] = {}
    for number, index in enumerate(indexes):
        if index.documents is None:
            continue
        for file, score in index.documents.score(rare, in_path, CANDIDATES):
            if path := index.paths.get(file):
                found[number, path] = score
    return found


def _factor(index: CodeIndex, path: str, query: Query, weights: Weights) -> float:
    factor = kind_of(path).factor ** weights.prior
    return factor * weights.service if any(_belongs(index, path, service) for service in query.services) else factor


def _belongs(index: CodeIndex, path: str, service: str) -> bool:
    """The repository, or one of the first folders, is called as the service."""
    wanted = _plain(service)
    return bool(wanted) and wanted in (_plain(index.name), *map(_plain, path.split("/")[:3]))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]|(?:service|svc)$", "", re.sub(r"[-_ ]", "", name.rpartition("/")[2].lower()))


def _pieces(
    indexes: Sequence[CodeIndex], places: Sequence[Place], words: Mapping[str, float]
) -> dict[Place, list[Scored]]:
    wanted: defaultdict[int, list[str]] = defaultdict(list)
    for number, path in places:
        wanted[number].append(path)
    contents = {
        f"{number}/{path}": data
        for number, paths in wanted.items()
        for path, data in indexes[number].read(paths).items()
    }
    found = score_chunks(contents, words)
    return {(int(key.partition("/")[0]), key.partition("/")[2]): some for key, some in found.items()}


def _ranked(
    index: CodeIndex,
    place: Place,
    score: float,
    top: float,
    given: Sequence[Sign],
    pieces: Sequence[Scored],
    rare: Mapping[str, float],
) -> RankedFile:
    path = place[1]
    reasons = dict.fromkeys(sign.reason for sign in sorted(given, key=lambda sign: (-sign.amount, sign.reason)))
    if held := _told(set().union(*(one.words for one in pieces)), rare):
        reasons[held] = None
    best = max((one.score for one in pieces), default=0.0) or 1.0
    chunks = [
        RankedChunk(
            one.chunk.line,
            one.chunk.end_line,
            one.chunk.name,
            FILE_SHARE * score / top + (1 - FILE_SHARE) * (score / top) * one.score / best + NAMED_PIECE * len(named),
            (*named, *filter(None, [_told(one.words, rare)])),
        )
        for one in pieces
        for named in [_named(one, given)]
    ]
    order = sorted(chunks, key=lambda chunk: (-chunk.score, chunk.line))
    return RankedFile(index.name, path, index.blob(path) or "", kind_of(path).name, score, tuple(reasons), tuple(order))


def _named(one: Scored, given: Sequence[Sign]) -> list[str]:
    """The first sign that means this very piece: by its line, else by its name."""
    for sign in given:
        if sign.line and one.chunk.line <= sign.line <= one.chunk.end_line:
            return [sign.reason]
        if sign.function and one.chunk.name and one.chunk.name.rpartition(".")[2] == sign.function:
            return [sign.reason]
    return []


def _told(held: set[str] | frozenset[str], rare: Mapping[str, float]) -> str:
    words = sorted((word for word in held if word in rare), key=lambda word: (-rare[word], word))[:WORDS_TOLD]
    return f"rare words: {', '.join(words)}" if words else ""
