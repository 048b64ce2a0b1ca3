"""What was really played: the answer key of a generated incident, never written beside the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .clock import HostClock
from .visits import Rise


@dataclass(frozen=True, slots=True)
class HostTruth:
    """A host's clock against true time; `offset_ms` is taken at the onset of the load (negative: behind)."""

    name: str
    offset_ms: float
    drift_ppm: float
    clock: HostClock


@dataclass(frozen=True, slots=True)
class Holder:
    """One side of an overlap: the span of the time it believed to hold the lease."""

    trace_id: str
    span_id: str
    service: str
    pod: str
    host: str
    lease_id: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two holders of one key at once, in true seconds after the start; `late` renewed too late."""

    key: str
    from_s: float
    to_s: float
    late: Holder
    other: Holder


@dataclass(frozen=True, slots=True)
class Decoy:
    """An innocent disturbance: kind, services it touches, true intervals in seconds after the start."""

    kind: str
    services: tuple[str, ...]
    intervals_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """A line of a generated repository, path relative to its root."""

    service: str
    path: str
    function: str
    line: int


@dataclass(frozen=True, slots=True)
class Played:
    """What is known of a run of any scenario. Times are true UTC."""

    scenario: str
    seed: int
    size_bytes: int
    started_at: datetime
    ended_at: datetime
    onset_at: datetime | None
    alert_at: datetime
    culprit_service: str
    culprit_commit: str | None
    culprit_code: tuple[CodeLocation, ...]
    decoys: tuple[Decoy, ...]
    heads: dict[str, str]
    deployed: dict[str, str]
    telemetry_bytes: int
    spans: int
    log_records: int
    metric_records: int


@dataclass(frozen=True, slots=True)
class Truth(Played):
    """A run of lease-expiry. Rates are failed payments over all payments."""

    surge_at: datetime
    culprit_host: str
    skew_ms: float
    ttl_ms: int
    margin_ms: int
    hosts: tuple[HostTruth, ...]
    overlaps: tuple[Overlap, ...]
    late_renewals: int
    failed_payments: int
    failure_rate_before: float
    failure_rate_after: float
    truncated_file: str
    truncated_records: int

    def host(self, name: str) -> HostTruth:
        """The host of that name."""
        return next(host for host in self.hosts if host.name == name)


@dataclass(frozen=True, slots=True)
class RegressionTruth(Played):
    """A run of regression. `culprit_commit` is in `culprit_repository`, the library; `culprit_service` runs it
    and `suffering_service` is asked too often. `rises` has the operations of the gateway; `calls_before` and
    `calls_after` are calls of the suffering service a checkout, made by pods without and with the commit.
    `new_pods_s` is when the first pod with it started and when the last one without it went, in seconds after
    the start; `side_by_side_s` the mean checkout in between, by the release of the library that served it.
    `visits`: how many requests were served, of which `spans` shows a sample."""

    culprit_repository: str
    bump_commit: str
    suffering_service: str
    rises: tuple[Rise, ...]
    calls_before: float
    calls_after: float
    lines_before: float
    lines_after: float
    new_pods_s: tuple[float, float]
    side_by_side_s: dict[str, float]
    campaign_at: datetime
    visits: int

    def rise(self, operation: str) -> Rise:
        """The rise of that operation."""
        return next(rise for rise in self.rises if rise.operation == operation)
