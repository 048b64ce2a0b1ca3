"""Ranked source code as plain data: what a ranking hands to a brief, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deep_code_reasoning.context.manifest import NotRanked


class RankedChunk(Protocol):
    """Lines from 1, both included, as they were when the file was indexed; `name` of what they are, "" if of nothing.
    `score` compares pieces of all files of one ranking."""

    @property
    def line(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def reasons(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class RankedFile:
    """`path` lies on disk and is read when the brief is built. `blob` is git's id of the content that was indexed, so
    that a change since is seen; "" where unknown."""

    path: Path
    score: float
    reasons: tuple[str, ...]
    blob: str = ""
    chunks: tuple[RankedChunk, ...] = ()


@dataclass(frozen=True)
class RankedCode:
    """The files of a ranking, the best first, and what it did not look through."""

    files: tuple[RankedFile, ...] = ()
    not_ranked: tuple[NotRanked, ...] = ()


def best_chunks_first(files: Sequence[RankedFile]) -> list[tuple[RankedFile, RankedChunk]]:
    """The pieces of all files; of equals those of the better file, from the top."""
    pairs = [(place, file, chunk) for place, file in enumerate(files) for chunk in file.chunks]
    ordered = sorted(pairs, key=lambda pair: (-pair[2].score, pair[0], pair[2].line, pair[2].end_line))
    return [(file, chunk) for _, file, chunk in ordered]
