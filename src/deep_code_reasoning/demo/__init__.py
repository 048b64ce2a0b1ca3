"""A simulated shop that breaks in a known way and writes evidence as real systems do.

It knows nothing of the tools that read the evidence. What was played is returned, never written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from .truth import Played, RegressionTruth, Truth

SCENARIOS = {
    "lease-expiry": "Payments fail under high load: one host's clock runs behind, so the lease of a "
    "distributed lock expires 50 ms before its holder renews it",
    "regression": "Checkouts take 40 % longer since last week's deploys: of 200 commits in ten repositories one, in a "
    "shared library, asks another service in a loop",
}


@overload
def generate(
    scenario: Literal["lease-expiry"],
    directory: Path,
    *,
    seed: int = ...,
    size_bytes: int = ...,
    progress: Callable[[float], None] | None = ...,
) -> Truth: ...


@overload
def generate(
    scenario: Literal["regression"],
    directory: Path,
    *,
    seed: int = ...,
    size_bytes: int = ...,
    progress: Callable[[float], None] | None = ...,
) -> RegressionTruth: ...


@overload
def generate(
    scenario: str,
    directory: Path,
    *,
    seed: int = ...,
    size_bytes: int = ...,
    progress: Callable[[float], None] | None = ...,
) -> Played: ...


def generate(
    scenario: str,
    directory: Path,
    *,
    seed: int = 7,
    size_bytes: int = 10_000_000,
    progress: Callable[[float], None] | None = None,
) -> Played:
    """Play a scenario and write its evidence into `directory`, which must be new or empty.

    The files under `telemetry/` come to `size_bytes` within a tenth (from 10 MB on; a smaller size shortens
    the run). The same scenario, seed and size give the same bytes. `progress` is told the share done, 0 to 1.
    Raises KeyError for an unknown scenario, FileExistsError for a directory with content, FileNotFoundError
    without git.
    """
    if scenario not in SCENARIOS:
        raise KeyError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    from .scenarios import play

    return play(scenario, directory, seed, size_bytes, progress)
