"""How common each kind of change is among commits at large, counted (kind_rates.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def _counted() -> dict[str, dict[str, int]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def rate_of(kind: str, *, on_tree: bool) -> float:
    """The share of commits that are of the kind, by its syntax or by its words; a half of one is added (Jeffreys).

    A kind that has no pattern is told by words, whatever was read.
    """
    counted = _counted()
    table = counted["tree"] if on_tree and kind in counted["tree"] else counted["words"]
    return (table.get(kind, 0) + 0.5) / (table["commits"] + 1)
