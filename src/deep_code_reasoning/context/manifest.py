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
class Addition:
    """What a larger budget would add to the brief: so many lines of this item."""

    id: str
    kind: str
    title: str
    tokens: int
    lines: int


@dataclass(frozen=True)
class Redaction:
    """One secret: it stands as `placeholder` in the brief, `count` times. Equal secrets share a placeholder.

    `places`: the items that it stands in."""

    kind: str
    placeholder: str
    count: int
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployed:
    """What went live last as a service (empty: unknown): the commit in full, the version, the time in ISO 8601."""

    service: str
    commit: str
    version: str
    time: str


@dataclass(frozen=True)
class NotRanked:
    """Files of a tree that the ranking of code does not see: why, how many, and the first of them."""

    repository: str
    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Tree:
    """A repository whose files the brief may show, as it was on disk when the brief was built.

    `commit` is its HEAD. `changed_files`: how many of its tracked files are not as committed; None where that could
    not be told. `warning`: what moved since the evidence was loaded, and where another commit than HEAD is live; empty
    where neither is so. `deployed`: the last deploys whose commit is in this repository.
    """

    repository: str
    commit: str
    changed_files: int | None
    warning: str = ""
    deployed: tuple[Deployed, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """`tokens` is the estimate of the whole text (context/tokens.py); never above nine tenths of `budget_tokens`.

    `next_additions`: what the next 50,000 tokens would bring, in the order in which they would be spent. `not_ranked`:
    what an index of code left out, a reason each.
    """

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    redactions: tuple[Redaction, ...]
    tokens: int
    budget_tokens: int
    next_additions: tuple[Addition, ...] = ()
    trees: tuple[Tree, ...] = ()
    not_ranked: tuple[NotRanked, ...] = ()
