"""Head sampling as the gateway does it: consistent, by the random bits of the trace id.

OpenTelemetry, "TraceState: Probability Sampling" (th) and W3C Trace Context level 2 (the lower 56 bits of a
trace id are random): a trace is kept when these bits are at least the rejection threshold, and its trace
state says that threshold, so that a reader knows for how many requests each trace stands.
"""

from __future__ import annotations

from dataclasses import dataclass

_RANDOM_BITS = 56


@dataclass(frozen=True, slots=True)
class HeadSampler:
    """`threshold` of 2^56 to reject; `member` is the field of each span (empty: no sampler at all)."""

    threshold: int
    member: str

    @classmethod
    def one_in(cls, count: int) -> HeadSampler:
        """Keeps one trace in `count`, a power of two."""
        threshold = (1 << _RANDOM_BITS) - (1 << _RANDOM_BITS) // count
        digits = f"{threshold:014x}".rstrip("0") or "0"
        return cls(threshold, f',"traceState":"ot=th:{digits}"')

    def keeps(self, trace_id: int) -> bool:
        """Whether the trace with that id is kept."""
        return trace_id & ((1 << _RANDOM_BITS) - 1) >= self.threshold


EVERYTHING = HeadSampler(0, "")
