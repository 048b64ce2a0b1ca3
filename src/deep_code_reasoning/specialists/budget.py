"""What was spent so far, against which budgets are held."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """Dollars of the calls whose price is known, tokens in and out of all."""

    dollars: float = 0.0
    tokens: int = 0
