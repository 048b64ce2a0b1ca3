"""What a hypothesis predicts, how that is looked up, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Comparison = Literal[">", ">=", "<", "<=", "=", "!="]
Value = float | int | str | bool
Result = Literal["held", "failed", "could not be checked"]
HELD: Result = "held"
FAILED: Result = "failed"
UNCHECKED: Result = "could not be checked"


@dataclass(frozen=True)
class Expectation:
    """What `column` has to be in every row, for the prediction to hold. Judged here (judging.py), by no model."""

    column: str
    comparison: Comparison
    value: Value

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {self.value}"


@dataclass(frozen=True)
class FindingCheck:
    """Does the detector `code` find its pattern, at one of `places` (anywhere, where none are named)?

    `kind` of patterns.toml, where the detector has more than one; empty: any.

    `aspect`: "found" counts findings, "cause" those that the diagnosis did not rule out as causes, "counts" is what
    the failing and the other traces say of the strongest, in decibans, "linked" what of that it adds to a suspect of
    the diagnosis, and "rival" how likely the diagnosis holds a
    suspect that has no part in them.
    """

    code: str
    places: tuple[str, ...] = ()
    kind: str = ""
    aspect: Literal["found", "cause", "counts", "linked", "rival"] = "found"


@dataclass(frozen=True)
class ChangeCheck:
    """How likely is one of these changes to blame? `shas` and `services` as the hypothesis names them; all, if none."""

    shas: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class SqlCheck:
    """One read-only statement over the evidence. `{from_ns}` and `{to_ns}` stand for the incident's window; where both
    are there it is asked of the baseline as well: what holds then too tells nothing."""

    sql: str


Check = FindingCheck | ChangeCheck | SqlCheck


@dataclass(frozen=True)
class Prediction:
    """`essential`: the hypothesis falls with it. `author`: "derived" by us, else the specialist's name."""

    statement: str
    check: Check
    expected: Expectation
    essential: bool = False
    author: str = "derived"


@dataclass(frozen=True)
class Observation:
    """What the evidence says. `weight_db`: what was counted of it speaks for the hypothesis, in decibans; None where
    nothing was counted over traces. `before`: the same of the baseline. `told`: in words, with the figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool = False
    weight_db: float | None = None
    before: Observation | None = None
    told: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unobservable:
    """Why the evidence says nothing: `kind` is no_signal, no_rows, refused, too_slow or failed."""

    reason: str
    kind: Literal["no_signal", "no_rows", "refused", "too_slow", "failed"] = "no_signal"


@dataclass(frozen=True)
class Outcome:
    """`observed` is what stood in the column (the first row that decides), `reason` says it in words.

    `weight_db`: decibans for the hypothesis, 0 where it could not be checked or tells nothing.
    """

    prediction: Prediction
    result: Result
    reason: str
    observed: Any = None
    weight_db: float = 0.0
    evidence: tuple[str, ...] = ()
    why_not: str = ""

    def as_json(self) -> dict[str, Any]:
        check, one = self.prediction.check, self.prediction
        how: dict[str, Any] = {"sql": check.sql} if isinstance(check, SqlCheck) else {"reads": _reads(check)}
        return {
            "statement": one.statement,
            "essential": one.essential,
            "result": self.result,
            "reason": self.reason,
            "expected": str(one.expected),
            "observed": self.observed,
            "weight_db": round(self.weight_db, 2),
            "author": one.author,
            **how,
            "evidence": list(self.evidence),
        }


def _reads(check: FindingCheck | ChangeCheck) -> str:
    if isinstance(check, ChangeCheck):
        return "the ranked changes of the diagnosis"
    where = f" at {' or '.join(check.places)}" if check.places else ""
    return f"findings of {check.code}{where}"


@dataclass(frozen=True)
class Hypothesis:
    """`origin`: who says so (the caller, the diagnosis, a specialist). `reading`: what its text was taken to claim."""

    statement: str
    origin: str
    predictions: tuple[Prediction, ...] = ()
    reading: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
