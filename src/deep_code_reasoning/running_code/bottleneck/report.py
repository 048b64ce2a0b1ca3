"""Where the time of a path goes, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from deep_code_reasoning.running_code.impact.report import without_empty

Verdict = Literal["seen", "not seen", "cannot be told"]


@dataclass(frozen=True)
class Measured:
    """An operation below the entry operation, `below` its callers down to it. Milliseconds and calls are for one call
    of the entry operation: `critical_ms` is own time on the critical path, which adds up to its duration; `self_ms` own
    time whether or not something waited for it. `before` is None where the evidence has no window to compare with."""

    service: str
    operation: str
    below: tuple[str, ...]
    entry: str
    critical_ms: float
    self_ms: float
    calls: float
    share: float
    before_critical_ms: float | None = None
    before_calls: float | None = None
    functions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def change_ms(self) -> float | None:
        return None if self.before_critical_ms is None else self.critical_ms - self.before_critical_ms


@dataclass(frozen=True)
class CpuShare:
    """Of all CPU samples, those in which the function itself ran, and those in which it stood."""

    function: str
    file: str
    line: int
    itself: float
    with_calls: float


@dataclass(frozen=True)
class Smell:
    """What syntax shows. `loops`: at least so many loops lie around it on the path from the entry; `io`: calls below it
    that leave the process or wait; `locks`: held around it. `confidence`: of the calls that lead to it."""

    kind: str
    what: str
    function: str
    file: str
    line: int
    loops: int = 0
    io: int = 0
    locks: int = 0
    confidence: float = 1.0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class FindingOnPath:
    id: str
    code: str
    title: str
    severity: str
    because: str
    numbers: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answered:
    """What became of an issue that the caller suspected. `looked_at`: what could have shown it."""

    issue: str
    verdict: Verdict
    because: str
    looked_at: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(eq=False)
class BottleneckReport:
    entry: str
    at: str
    depth: int
    steps: int
    measured: list[Measured] = field(default_factory=list)
    cpu: list[CpuShare] = field(default_factory=list)
    static: list[Smell] = field(default_factory=list)
    findings: list[FindingOnPath] = field(default_factory=list)
    suspected: list[Answered] = field(default_factory=list)
    operations: list[dict[str, Any]] = field(default_factory=list)
    investigation: str | None = None
    windows: dict[str, Any] = field(default_factory=dict)
    not_looked_at: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def narrative(self) -> str:
        parts = [f"From {self.entry} ({self.at}), {self.depth} calls deep: {self.steps} steps."]
        if self.measured:
            first = self.measured[0]
            change = "" if first.change_ms is None else f" ({first.change_ms:+.1f} ms against before)"
            parts.append(
                f"Measured: {first.service} {first.operation} takes {first.critical_ms:.1f} ms of each call of "
                f"{first.entry}, {first.share:.0%} of its time, in {first.calls:.1f} calls{change}."
            )
        elif self.investigation:
            parts.append("Measured: nothing; no span, stack or route names a function of this path.")
        else:
            parts.append("Measured: nothing; no investigation was given.")
        if self.cpu:
            first_cpu = self.cpu[0]
            parts.append(f"CPU: {first_cpu.function} ran in {first_cpu.itself:.0%} of all samples.")
        if self.static:
            parts.append(
                f"Syntax: {len(self.static)} signs, the first: {self.static[0].what} ({self.static[0].function})."
            )
        else:
            parts.append("Syntax: no loop over I/O, no I/O under a lock, no nested loops on the path.")
        if self.findings:
            parts.append(f"Findings on it: {', '.join(one.id for one in self.findings[:8])}.")
        if self.suspected:
            parts.append("Suspected: " + "; ".join(f"{one.issue[:60]}: {one.verdict}" for one in self.suspected) + ".")
        parts.append("Nothing was run; what was measured and what syntax shows are ranked apart.")
        return " ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """The object `bottleneck/1`."""
        measured = [asdict(one) | {"change_ms": one.change_ms} for one in self.measured]
        return {
            "schema": "bottleneck/1",
            "narrative": self.narrative(),
            "entry": {"function": self.entry, "at": self.at},
            "investigation": self.investigation,
            "windows": self.windows,
            "depth": self.depth,
            "steps": self.steps,
            "suspected_issues": [without_empty(asdict(one)) for one in self.suspected],
            "measured": [without_empty(one) for one in measured],
            "cpu": [without_empty(asdict(one)) for one in self.cpu],
            "static": [without_empty(asdict(one)) for one in self.static],
            "findings": [without_empty(asdict(one)) for one in self.findings],
            "operations": [without_empty(one) for one in self.operations],
            "not_looked_at": self.not_looked_at,
            "seconds": round(self.seconds, 3),
        }
