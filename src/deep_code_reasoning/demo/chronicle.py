"""What happens in a run, noted in true time as it happens: the source of the truth and of the alert."""

from __future__ import annotations

from dataclasses import dataclass, field

from .alert import Monitor
from .truth import Holder, Overlap


@dataclass(slots=True)
class Chronicle:
    """Payments by minute, and who is inside which critical section."""

    overlaps: list[Overlap] = field(default_factory=list)
    late_renewals: int = 0
    pauses: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    payments: dict[int, list[int]] = field(default_factory=dict)
    _inside: dict[str, dict[int, tuple[Holder, float]]] = field(default_factory=dict)

    def payment(self, now: float, failed: bool) -> None:
        """Count a payment request that ended now."""
        minute = self.payments.setdefault(int(now // 60), [0, 0])
        minute[0] += 1
        minute[1] += failed

    def enter(self, key: str, holder: Holder, now: float) -> None:
        """A holder starts to work on what the lease protects."""
        self._inside.setdefault(key, {})[holder.lease_id] = (holder, now)

    def leave(self, key: str, holder: Holder, now: float) -> None:
        """It ends; any other still inside has overlapped with it."""
        inside = self._inside[key]
        _, entered = inside.pop(holder.lease_id)
        for other, other_entered in inside.values():
            late, later = (holder, other) if entered < other_entered else (other, holder)
            self.overlaps.append(Overlap(key, max(entered, other_entered), now, late, later))
        if not inside:
            del self._inside[key]

    def failures(self, from_s: float, to_s: float) -> tuple[int, int]:
        """(payments, failed) of the whole minutes that begin in an interval."""
        chosen = [counts for minute, counts in self.payments.items() if from_s <= minute * 60 < to_s]
        return sum(total for total, _ in chosen), sum(failed for _, failed in chosen)


WINDOW_MINUTES, MINIMUM_PAYMENTS = 5, 8


def payment_failures(chronicle: Chronicle) -> Monitor:
    """The monitor on the share of failed payments of the last minutes."""

    def share(now_s: float) -> float | None:
        total, failed = chronicle.failures(now_s - WINDOW_MINUTES * 60.0, now_s)
        return failed / total if total >= MINIMUM_PAYMENTS else None

    return Monitor(
        "payment",
        "payment.failure_ratio",
        0.05,
        "Payment failures above 5 % for 5 minutes",
        "POST /payments answers 5xx more often than allowed. Only under high load; no single pod, merchant or "
        "deploy stands out.",
        share,
    )
