"""More requests enter than before.

## What it detects
A service whose entry requests (traces that begin there) come at a clearly higher rate in the incident than in the
baseline, and the operation that brings most of the growth.

## Why it matters
A system near its capacity slows down out of proportion to the load: queues fill, timeouts and retries add more. Then
nothing is broken, and neither a rollback nor a code change helps. It may also be the innocent background of another
fault, which shows only under load; the diagnosis weighs that.

## How it is computed
Traces are counted by entry service and operation in 30 slices of both windows. The rates are compared as a ratio
with its 99 % confidence interval, widened by the dispersion of the slices (quasi-Poisson), because requests come in
bursts; the title names the ratio and the interval's lower end. Reported when the whole interval lies above 1.25:
whoever scales at 80 % utilisation, the default target of Kubernetes' autoscaler, has that much headroom, and less
growth should do no harm. Critical when it lies above 2.
False alarms: at most 0.5 % a service and comparison, when the rate has not grown at all far fewer.
Where traces are sampled, what is left of them is compared per second and share kept, so that another sampling rate is
no surge. TRACE002 tells which services are not compared, because the share kept cannot be known.

## Not this when
One of the windows is missing or empty. Sampling that changed unrecognised looks the same, so does a service whose
callers stopped being traced. Clients that retry add entry requests as well: look for a retry storm first.

## What to do
Shed or limit the operation named, scale what saturates first, and find who calls: a campaign, a crawler, a job, a
client that retries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.sampling.sampling import Sampling
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.rates import RateRatio, rate_ratio
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

SLICES = 30
HEADROOM = 1.25
DOUBLED = 2.0


@dataclass
class Requests:
    """What entered at a service, or at one of its operations; slices by window."""

    slices: dict[str, list[int]] = field(
        default_factory=lambda: {phase: [0] * SLICES for phase in ("incident", "baseline")}
    )
    stood_for: dict[str, float] = field(default_factory=lambda: {"incident": 0.0, "baseline": 0.0})
    symptomatic: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, phase: str, at: int, requests: int, stood_for: float, symptomatic: int, example: str) -> None:
        self.slices[phase][min(at, SLICES - 1)] += requests
        self.stood_for[phase] += stood_for
        self.symptomatic += symptomatic
        if phase == "incident":
            self.examples.append(example)

    def total(self, phase: str) -> int:
        return sum(self.slices[phase])

    def kept_share(self, phase: str) -> float:
        """Of the requests, those whose traces were not dropped by a sampler."""
        return self.total(phase) / self.stood_for[phase] if self.stood_for[phase] else 1.0


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    if not (incident.baseline and incident.incident and incident.baseline.seconds and incident.incident.seconds):
        return []
    services: dict[str | None, Requests] = defaultdict(Requests)
    operations: dict[tuple[str | None, str], Requests] = defaultdict(Requests)
    for service, operation, phase, at, *counted in tables.rows(sql_beside(__file__), slices=SLICES, **bounds(incident)):
        services[service].add(phase, at, *counted)
        operations[service, operation].add(phase, at, *counted)
    if not any(requests.total("baseline") for requests in services.values()):
        return []
    everything = tables.rows("SELECT COUNT(*) FILTER (WHERE symptomatic), COUNT(*) FROM trace_outcomes")[0]
    sampling = Sampling(tables)
    services = {service: requests for service, requests in services.items() if sampling.comparable(service)}
    found = list(_surges(incident, services, operations, *everything))
    return sorted(found, key=lambda finding: -float(finding.numbers["added_per_second"]))


def _surges(
    incident: Incident,
    services: dict[str | None, Requests],
    operations: dict[tuple[str | None, str], Requests],
    symptomatic: int,
    traces: int,
) -> Iterator[Finding]:
    """A finding a service that grew as a whole, else one for each of its operations that did."""
    for service, requests in services.items():
        own = {operation: some for (at, operation), some in operations.items() if at == service}
        ratio = _ratio(incident, requests)
        if ratio.low > HEADROOM:
            yield _finding(incident, service, _driver(incident, own), requests, ratio, symptomatic, traces)
            continue
        for operation, some in own.items():
            ratio = _ratio(incident, some)
            if ratio.low > HEADROOM:
                yield _finding(incident, service, operation, some, ratio, symptomatic, traces)


def _ratio(incident: Incident, requests: Requests) -> RateRatio:
    now, before = incident.incident, incident.baseline
    assert now and before
    return rate_ratio(
        requests.slices["incident"],
        now.seconds * requests.kept_share("incident"),
        requests.slices["baseline"],
        before.seconds * requests.kept_share("baseline"),
    )


def _added(incident: Incident, requests: Requests) -> float:
    """Requests a second more than before."""
    now, before = incident.incident, incident.baseline
    assert now and before
    return requests.stood_for["incident"] / now.seconds - requests.stood_for["baseline"] / before.seconds


def _driver(incident: Incident, operations: dict[str, Requests]) -> str | None:
    """The operation that brings more than half of the growth."""
    added = Counter({operation: max(0.0, _added(incident, some)) for operation, some in operations.items()})
    operation, most = added.most_common(1)[0]
    return operation if most > sum(added.values()) / 2 else None


def _finding(
    incident: Incident,
    service: str | None,
    operation: str | None,
    requests: Requests,
    ratio: RateRatio,
    symptomatic: int,
    traces: int,
) -> Finding:
    now, before = incident.incident, incident.baseline
    assert now and before
    entered = requests.total("incident")
    times, least = figure(ratio.ratio), figure(ratio.low)
    where = f"{service or 'an unnamed service'}" + (f" ({operation})" if operation else "")
    return Finding(
        code=RULE.code,
        title=f"requests enter at {where} at {times} times the usual rate (at least {least} times)",
        severity="critical" if ratio.low > DOUBLED else "warning",
        role="cause",
        subject=Subject(service=service, operation=operation),
        interval=now,
        numbers={
            "rate_ratio": round(ratio.ratio, 3),
            "rate_ratio_low": round(ratio.low, 3),
            "dispersion": round(ratio.dispersion, 2),
            "requests_per_second": round(requests.stood_for["incident"] / now.seconds, 3),
            "baseline_requests_per_second": round(requests.stood_for["baseline"] / before.seconds, 3),
            "added_per_second": round(_added(incident, requests), 3),
            "kept_share": round(requests.kept_share("incident"), 4),
            "baseline_kept_share": round(requests.kept_share("baseline"), 4),
        },
        evidence=tuple(Evidence(f"trace:{trace}", "one of the requests") for trace in sorted(requests.examples)[:3]),
        support=Support(requests.symptomatic, symptomatic, entered - requests.symptomatic, traces - symptomatic),
    )


RULE = Rule(
    code="TRAF001",
    name="traffic-surge",
    title="Requests enter at a clearly higher rate than in the baseline.",
    severity="warning",
    role="cause",
    needs=("spans", "topology"),
    detect=detect,
)
