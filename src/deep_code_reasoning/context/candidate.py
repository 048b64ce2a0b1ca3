"""One piece of evidence on its way into a brief, before anyone knows whether it fits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """`weight`, 0 and up: how much the diagnosis makes of it; `required` goes first and is cut rather than left out."""

    id: str
    kind: str
    title: str
    reason: str
    weight: float
    text: str
    required: bool = False


@dataclass(frozen=True)
class Refused:
    """What was asked for or pointed at and could not be read."""

    id: str
    kind: str
    title: str
    reason: str
