"""Ranked source code as plain data: what a ranking hands to a brief, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deep_code_reasoning.context.manifest import NotRanked

HALVES_AT = 12_000


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
    """The pieces of all files; of equals those of the better file, from the top.

    A piece counts for less the more of its file comes before it (half behind HALVES_AT lines), so that a huge file in
    front does not keep the best pieces of a hundred others out of a large budget.
    """
    weighed = []
    for place, file in enumerate(files):
        before = 0
        for chunk in sorted(file.chunks, key=lambda one: (-one.score, one.line, one.end_line)):
            weighed.append((-chunk.score * HALVES_AT / (HALVES_AT + before), place, len(weighed), file, chunk))
            before += chunk.end_line - chunk.line + 1
    return [(file, chunk) for *_, file, chunk in sorted(weighed, key=lambda one: one[:3])]
