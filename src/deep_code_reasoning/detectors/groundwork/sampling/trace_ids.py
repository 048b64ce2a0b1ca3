"""Which share of traces a head sampler kept, read off the ids of those that are left.

Samplers that decide by the trace id keep the ids on one side of a threshold, so the kept ones are even up to it and
none lies beyond. `p` of `n` random ids lie below p with probability p^n, so a threshold shows after a few dozen.
Rules: the lower 64 bits below ratio * 2^64 (OpenTelemetry's TraceIdRatioBased in Go and Python, Jaeger); their
absolute value as a signed number below ratio * 2^63 (Java, .NET); the lower 56 bits at or above a threshold
(consistent probability sampling, W3C trace context level 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

FEWEST_IDS = 20
FALSE_ALARM = 1e-6
"""Random ids that were not sampled are taken for sampled ones so rarely."""

EVEN_ENOUGH = 1.63
"""Kolmogorov's bound at 1 %: ids that are not even up to the threshold are not random, and tell nothing."""

LEAST_SHARE = 1e-5
"""Nobody keeps less; ids that count up from 1 look as if."""


class Threshold(NamedTuple):
    """`share` of the traces kept; `chance` that random ids show it by themselves."""

    share: float
    chance: float


def threshold(ids: Sequence[str]) -> Threshold | None:
    """From the lower 64 bits of trace ids as 16 hex digits; None where they show no threshold."""
    import numpy as np

    try:
        low = np.array([int(text, 16) for text in ids], dtype=np.uint64)
    except ValueError:
        return None
    if len(low) < FEWEST_IDS:
        return None
    unsigned = low.astype(float) / 2.0**64
    signed = np.minimum(unsigned, 1 - unsigned) * 2
    consistent = 1 - (low & np.uint64((1 << 56) - 1)).astype(float) / 2.0**56
    found = [one for values in (unsigned, signed, consistent) if (one := _threshold(values))]
    return min(found, default=None)


def _threshold(values: np.ndarray) -> Threshold | None:
    import numpy as np

    count = len(values)
    highest = float(values.max())
    share, chance = highest * (count + 1) / count, highest**count
    if chance > FALSE_ALARM or not LEAST_SHARE < share < 1:
        return None
    places = np.arange(1, count + 1) / count
    ordered = np.sort(values) / share
    furthest = max(np.abs(places - ordered).max(), np.abs(places - 1 / count - ordered).max())
    return Threshold(share, chance) if furthest * np.sqrt(count) < EVEN_ENOUGH else None
