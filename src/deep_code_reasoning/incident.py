"""When the incident was, what was normal before it, and what the caller already knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from deep_code_reasoning.errors import UsageError


@dataclass(frozen=True, order=True)
class TimeWindow:
    """A half-open interval [start, end) in nanoseconds since the Unix epoch."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise UsageError(f"window ends before it starts: {iso(self.start)}/{iso(self.end)}")

    @classmethod
    def parse(cls, text: str) -> TimeWindow:
        """Reads `A/B`, two ISO 8601 instants; one without an offset is taken as UTC.

        Raises UsageError when either half is missing or is not a time.
        """
        halves = text.split("/")
        if len(halves) != 2:
            raise UsageError(
                f"window {text!r}: expected START/END in ISO 8601, as 2026-10-13T09:00:00Z/2026-10-13T09:30:00Z"
            )
        return cls(parse_instant(halves[0]), parse_instant(halves[1]))

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e9

    def as_json(self) -> list[str]:
        return [iso(self.start), iso(self.end)]


@dataclass(frozen=True)
class Alert:
    """What a monitor said when it fired; every field may be absent in the feed."""

    service: str | None = None
    metric: str | None = None
    fired_at: int | None = None
    summary: str | None = None


@dataclass(frozen=True)
class Widening:
    """A window that was not used as given, or holds nothing.

    `window` is "baseline" or "incident", `unit` what is counted.
    """

    window: str
    given: TimeWindow
    used: TimeWindow
    count_given: int
    count_used: int
    unit: str

    def __str__(self) -> str:
        given = f"the {self.window} window given ({iso(self.given.start)} to {iso(self.given.end)})"
        if self.given == self.used:
            return f"{given} holds no {self.unit} of this evidence"
        return (
            f"{given} holds {self.count_given:,} {self.unit}, too few to compare; used was all that is recorded around "
            f"it, {iso(self.used.start)} to {iso(self.used.end)} ({self.count_used:,} {self.unit})"
        )


@dataclass(frozen=True)
class Incident:
    """The windows compared and where they came from.

    `baseline` and `incident` are None when neither the caller nor the onset search could give them; detectors
    that compare then have nothing to compare and report nothing. `onset` is an interval, never a point.
    `origin` says where the windows come from: "given", "alert", "onset" (found, because the evidence changes),
    "silence" (stretches of evidence that lie apart, and are not known to differ) or "none"; `basis` says by what they
    were found. `widened`: windows that were given and are not used as they were.
    """

    baseline: TimeWindow | None = None
    incident: TimeWindow | None = None
    onset: TimeWindow | None = None
    alert: Alert | None = None
    question: str | None = None
    origin: str = "none"
    widened: tuple[Widening, ...] = ()
    basis: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of the windows before trusting what follows from them."""
        return (*map(str, self.widened), *([self.basis] if self.basis else []))


def parse_instant(text: str) -> int:
    """Nanoseconds since the epoch of an ISO 8601 instant; UTC where no offset is given. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"time {text!r}: expected ISO 8601, as 2026-10-13T09:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000


def iso(nanoseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds, as `2026-10-13T09:24:31.204Z`; out of range gives the raw number."""
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{nanoseconds} ns"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1_000_000 % 1000:03d}Z"
