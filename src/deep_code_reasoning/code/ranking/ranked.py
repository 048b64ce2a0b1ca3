"""What a ranking gives: files and pieces, each with its reasons in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class RankedChunk:
    """Lines from 1, both included. `score` compares pieces of all files of one ranking."""

    line: int
    end_line: int
    name: str
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class RankedFile:
    """`repository` is the name of its index, `blob` the content's id when indexed; `kind` as priors.toml
    has it (tests, docs, vendored, migrations, code, other).

    `score` is in shares of the best score by words alone. `chunks` are in the order of their scores; only of the files
    that rank first, and none of a file that could not be read.
    """

    repository: str
    path: str
    blob: str
    kind: str
    score: float
    reasons: tuple[str, ...]
    chunks: tuple[RankedChunk, ...] = ()


def best_chunks(files: Iterable[RankedFile]) -> list[tuple[RankedFile, RankedChunk]]:
    """The pieces of all files, the best first."""
    pairs = [(file, chunk) for file in files for chunk in file.chunks]
    return sorted(pairs, key=lambda pair: (-pair[1].score, pair[0].repository, pair[0].path, pair[1].line))
