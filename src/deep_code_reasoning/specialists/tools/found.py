"""What a tool hands over: items of evidence, not yet redacted, fenced or cut."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True)
class Found:
    """`id` is what the model cites; of kind "code" the text is numbered lines."""

    id: str
    kind: str
    title: str
    text: str


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every tool's arguments. Their words for the model are in the tool's .toml."""


class Paged(Arguments, frozen=True, kw_only=True):
    """`start`: the line of the whole answer to begin with, from 1."""

    start: int = 1
