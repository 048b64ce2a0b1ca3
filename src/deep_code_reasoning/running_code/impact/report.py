"""What a change reaches, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ImpactType = Literal["breaking", "performance", "behavioral"]
TYPES: tuple[ImpactType, ...] = ("breaking", "performance", "behavioral")


@dataclass(frozen=True)
class Affected:
    """Who is reached: a function that calls, a place that names a route, a service. `how`: by what that is known;
    `confidence`: counted, 1 / number of candidates, multiplied along a chain of calls; None where nothing counts.
    `state`: what becomes of it: broken, means otherwise, to be checked, fits."""

    who: str
    how: str
    confidence: float | None
    file: str = ""
    line: int | None = None
    state: str = ""


@dataclass(frozen=True)
class OperationSeen:
    """An operation that was seen to run one of the functions. `share_of_traces`: of all traces, those it ran in."""

    service: str
    operation: str
    function: str
    how: str
    confidence: float
    calls: int
    calls_per_second: float | None
    errors: int
    p50_ms: float
    p99_ms: float
    share_of_traces: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Impact:
    """`confidence`: the greatest of its `affected` that do not fit any more. None: unknown, as nothing looked at shows
    whom it reaches, or as only words of changed lines tell of it."""

    type: ImpactType
    kind: str
    what: str
    file: str
    line: int | None = None
    function: str | None = None
    text: str = ""
    affected: tuple[Affected, ...] = ()
    operations: tuple[str, ...] = ()
    calls_per_second: float | None = None
    confidence: float | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunctionReached:
    """A function that changed, or that is in scope. `callers`: within the tree, `level` 1 calls it itself."""

    name: str
    file: str
    line: int
    state: str
    callers: tuple[Affected, ...] = ()
    operations: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceReached:
    """A service upstream of those that own the change. `depth` counts calls between services, a queue is none.

    `share_of_calls`: the part of the callee's calls that come from here. `share_of_its_traces`: of the traces it is
    in, those in which the operations in question ran; None where no operation is known.
    """

    service: str
    depth: int
    calls_to: str
    kind: str
    calls: int
    calls_per_second: float | None
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    share_of_calls: float
    share_of_its_traces: float | None = None


@dataclass(eq=False)
class ImpactReport:
    scope: list[dict[str, Any]] = field(default_factory=list)
    impacts: list[Impact] = field(default_factory=list)
    functions: list[FunctionReached] = field(default_factory=list)
    operations: list[OperationSeen] = field(default_factory=list)
    services: list[ServiceReached] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """Service -> by what it is known to run the code."""
    investigation: str | None = None
    not_looked_at: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def narrative(self) -> str:
        changed = sum(one["state"] in ("changed", "added", "deleted") for one in self.scope)
        parts = [f"{len(self.scope)} files in scope, {changed} of them changed; {len(self.functions)} functions."]
        for name in TYPES:
            if found := [one for one in self.impacts if one.type == name]:
                unknown = sum(one.confidence is None for one in found)
                said = f"{len(found)} {name}" + (f" ({unknown} of unknown reach)" if unknown else "")
                first = found[0]
                at = f"{first.file}:{first.line}" if first.line else first.file
                parts.append(f"{said}, the first: {first.what} at {at}.")
        if not self.impacts:
            parts.append("Nothing that breaks, slows or alters was seen in it.")
        if self.operations:
            told = ", ".join(f"{one.service} {one.operation}" for one in self.operations[:3])
            parts.append(f"Run time: {len(self.operations)} operations run it ({told}).")
        elif self.investigation:
            parts.append("Run time: no span, stack or route names the code; who runs it is unknown.")
        if self.services:
            deepest = max(one.depth for one in self.services)
            names = ", ".join(dict.fromkeys(one.service for one in self.services))
            parts.append(f"Services upstream, to {deepest} calls: {names[:300]}.")
        if not self.investigation:
            parts.append("No investigation was given: call rates and services upstream are unknown.")
        parts.append("Told from syntax and telemetry; nothing was run.")
        return " ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """The object `impact/1`."""
        return {
            "schema": "impact/1",
            "narrative": self.narrative(),
            "investigation": self.investigation,
            "scope": self.scope,
            "impacts": [without_empty(asdict(one), "confidence") for one in self.impacts],
            "functions": [without_empty(asdict(one)) for one in self.functions],
            "operations": [without_empty(asdict(one)) for one in self.operations],
            "services": [without_empty(asdict(one)) for one in self.services],
            "owners": self.owners,
            "not_looked_at": self.not_looked_at,
            "seconds": round(self.seconds, 3),
        }


def without_empty(value: Any, *kept: str) -> Any:
    """Without what is None, "" or an empty list, but for the names `kept`; numbers rounded to four digits."""
    if isinstance(value, dict):
        return {
            name: without_empty(inner, *kept)
            for name, inner in value.items()
            if name in kept or inner not in (None, "", (), [])
        }
    if isinstance(value, list | tuple):
        return [without_empty(inner, *kept) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
