"""How a model did on a kind of task so far, from the ledger."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackRecord:
    """Reported outcomes of escalations that `model` answered, and its calls. None where no call tells."""

    task: str
    model: str
    solved: int
    partly: int
    wrong: int
    refused_or_failed: int
    median_seconds: float | None
    mean_dollars: float | None
