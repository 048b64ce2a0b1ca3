"""What a detector saw and what follows from it: the shapes that every layer above the store shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.unread import Unread

Severity = Literal["info", "warning", "critical"]
SuspectKind = Literal["change", "code", "resource", "dependency", "traffic", "external"]
VerdictKind = Literal["change", "code", "resource", "dependency", "traffic", "external", "unknown", "none"]


@dataclass(frozen=True)
class Location:
    """A place in source code; `line` counts from 1."""

    file: str
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True)
class Subject:
    """Whom a finding is about. `peer` is the other side of an edge (the callee, the second host)."""

    service: str | None = None
    operation: str | None = None
    resource: str | None = None
    host: str | None = None
    peer: str | None = None
    location: Location | None = None


@dataclass(frozen=True)
class Evidence:
    """A reference that can be opened with `dcr show REF`.

    `ref` is one of `trace:<trace_id>`, `span:<trace_id>/<span_id>`, `log:<number>`, `template:<id>`,
    `metric:<service>/<name>`, `commit:<repository>@<sha>`, `deploy:<id>`, `code:<path>:<line>`.
    """

    ref: str
    note: str = ""


@dataclass(frozen=True)
class Support:
    """A counted two-by-two table: in how many of the traces (or windows, see `unit`) is the pattern present?

    `symptomatic` are those that show the incident's symptom (error at the entry, or slower than the baseline's
    99th percentile), `healthy` the others. The evidence model reads nothing else of a finding's strength.
    """

    symptomatic_with: int
    symptomatic: int
    healthy_with: int
    healthy: int
    unit: str = "trace"


@dataclass(frozen=True)
class Contrast:
    """In how many of the traces that ran the subject at all is the pattern present, in the incident and before it?

    What is left to go by where the symptom is not to be seen in traces: wrong answers, say, that nobody calls an error.
    """

    incident_with: float
    incident: float
    baseline_with: float
    baseline: float


@dataclass(frozen=True)
class Finding:
    """One pattern seen once. `id` is `<code>-<n>`, n counting from 1 within a diagnosis, strongest first.

    `role` says what the pattern can be: a "cause" may start an incident, a "mechanism" is a step on the way, a
    "symptom" follows from something else, "context" only helps to read the rest. `numbers` holds what was measured,
    unit in the key (`offset_ms`).
    """

    code: str
    title: str
    severity: Severity
    role: Literal["cause", "mechanism", "symptom", "context"]
    subject: Subject
    interval: TimeWindow | None = None
    numbers: dict[str, float | int | str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    support: Support | None = None
    contrast: Contrast | None = None
    id: str = ""


@dataclass(frozen=True)
class Argument:
    """Why a finding speaks for or against a suspect; `weight` is in decibans (10 log10 of a likelihood ratio)."""

    finding: str
    weight: float
    reason: str


@dataclass(frozen=True)
class Suspect:
    """A candidate root cause. `score` is the posterior probability of docs/decisions' evidence model, 0..1."""

    rank: int
    kind: SuspectKind
    score: float
    summary: str
    service: str | None = None
    operation: str | None = None
    resource: str | None = None
    location: Location | None = None
    commit: str | None = None
    in_favour: tuple[Argument, ...] = ()
    against: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class ChangeEffect:
    """What a change made requests do, as `finding` measured it; calls are those of one request that runs the code.

    `rate_ratio`: calls after over calls before, with its 95 % interval. `share_of_rise`: the part of what entry
    operations became slower by that is this. None of what was not measured.
    """

    finding: str
    what: str
    calls: tuple[float, float] | None = None
    rate_ratio: tuple[float, float, float] | None = None
    added_ms: float | None = None
    share_of_rise: float | None = None


@dataclass(frozen=True)
class RankedChange:
    """`score` is its probability. `why_not`: what speaks for the first one and not, or less, for this one.

    `location`: where in the code it does what it did. `effect`: only of the one that is to blame.
    """

    rank: int
    sha: str
    repository: str
    service: str | None
    score: float
    reasons: tuple[str, ...]
    why_not: tuple[str, ...] = ()
    location: Location | None = None
    effect: ChangeEffect | None = None


@dataclass(frozen=True)
class RuledOut:
    """A finding that looks like a cause and is not, and the counted reason."""

    finding: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    kind: VerdictKind
    summary: str
    confidence: float
    service: str | None = None
    operation: str | None = None
    commit: str | None = None
    onset: TimeWindow | None = None
    blast_radius: tuple[str, ...] = ()
    remediation: str | None = None
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimeSplit:
    """A mean of both windows, and parts that add up to its change: traffic (more of the slow entry operations, more of
    their slow variants), calls that operations get from their callers, own time of a call."""

    before_ms: float
    after_ms: float
    entry_mix_ms: float
    variant_mix_ms: float
    calls_ms: float
    self_time_ms: float


@dataclass(frozen=True)
class EntryChange:
    """An entry operation of both windows; pairs are before and after. Tails: the mean of its slowest twentieth and
    hundredth."""

    service: str
    operation: str
    requests: tuple[int, int]
    mean: TimeSplit
    tail_95: TimeSplit
    tail_99: TimeSplit


@dataclass(frozen=True)
class ContextChange:
    """An operation where it stands on the way from an entry (`path`; its middle may be a count).

    `overall_ms` is its part of the change of the mean over all requests; `calls_ms` (with what the additional calls
    bring below it), `self_time_ms` and `tail_95_ms` are parts of the change of its entry operation.
    """

    path: tuple[str, ...]
    service: str
    operation: str
    overall_ms: float
    calls_ms: float
    self_time_ms: float
    tail_95_ms: float
    calls_a_parent: tuple[float, float]
    critical_path_ms_a_call: tuple[float, float]
    self_time_ms_a_call: tuple[float, float]
    critical_path_share: tuple[float, float]


@dataclass(frozen=True)
class Differential:
    """What changed the duration of requests, largest first. `work` is the mean of all self times, also those beside
    the critical path; what `contexts` leaves out comes to `other_contexts_ms`."""

    requests: tuple[int, int]
    mean: TimeSplit
    tail_95: TimeSplit
    tail_99: TimeSplit
    work: TimeSplit
    entries: tuple[EntryChange, ...]
    contexts: tuple[ContextChange, ...]
    other_contexts: int
    other_contexts_ms: float


@dataclass(frozen=True)
class Diagnosis:
    """`no_change`: the probability that none of the changes is to blame; None where there were none to weigh."""

    investigation: str
    verdict: Verdict
    incident: Incident
    suspects: tuple[Suspect, ...] = ()
    changes: tuple[RankedChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    unread: tuple[Unread, ...] = ()
    differential: Differential | None = None
    no_change: float | None = None
