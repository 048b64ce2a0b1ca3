"""One piece of evidence on its way into a brief, before anyone knows whether it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Lines of a candidate's text, counted from 0, that are wanted together; `weight` as a candidate's."""

    lines: Sequence[int]
    weight: float


@dataclass(frozen=True)
class ReadFile:
    """Where a file really lies, and the hash of each of its lines: enough to see later what changed, and no secret."""

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """`weight`, 0 and up: how much the diagnosis makes of it; `required` goes first and is cut rather than left out.

    `parts`: which lines of the text are wanted; None where all are. Of code the text is the whole file, a line of it
    a line, and `revision` is said in its title behind the lines that are shown; `file` is the file as it was read.
    """

    id: str
    kind: str
    title: str
    reason: str
    weight: float
    text: str
    required: bool = False
    parts: tuple[Part, ...] | None = None
    revision: str = ""
    file: ReadFile | None = None


@dataclass(frozen=True)
class Refused:
    """What was asked for or pointed at and could not be read."""

    id: str
    kind: str
    title: str
    reason: str
