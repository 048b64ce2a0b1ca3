"""What went into a brief, what did not, and which secrets were taken out: the answer to "what did you send?"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Something a specialist can read and cite by `id`; `tokens` with its delimiters, `reason` why it is in."""

    id: str
    kind: str
    title: str
    tokens: int
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """What did not fit or could not be read, in the order in which a larger budget would take it."""

    id: str
    kind: str
    title: str
    tokens: int
    reason: str


@dataclass(frozen=True)
class Redaction:
    """One secret: it stands as `placeholder` in the brief, `count` times. Equal secrets share a placeholder."""

    kind: str
    placeholder: str
    count: int


@dataclass(frozen=True)
class Manifest:
    """`tokens` is the estimate of the whole text (context/tokens.py); never above nine tenths of `budget_tokens`."""

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    redactions: tuple[Redaction, ...]
    tokens: int
    budget_tokens: int
