"""The answer of a bisection, with what it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from deep_code_reasoning.changes.bisect.evidence import Evidence
from deep_code_reasoning.changes.bisect.journal import Journal
from deep_code_reasoning.changes.bisect.request import BisectionRequest

Decision = Literal["bad", "good", "undecided"]
COMPUTED = (
    "probability given all runs: commits that contain the first bad one fail at one rate and the others at another, "
    "both unknown (prior Beta({prior}, {prior})); each commit of the range alike beforehand"
)


@dataclass(frozen=True)
class Candidate:
    commit: str
    probability: float
    author: str
    time: str  # of the author, ISO 8601
    subject: str


@dataclass(frozen=True)
class Step:
    """Runs at one commit. `probability`: that the commit is bad, by all runs of the bisection."""

    commit: str
    runs: int
    failed: int
    decision: Decision
    probability: float
    seconds: float


@dataclass(frozen=True)
class End:
    commit: str
    runs: int
    failed: int


@dataclass(frozen=True)
class Bisection:
    """`first_bad`: None where the runs do not tell one commit from others; `candidates` are then those that together
    are as probable as asked for, the most probable first."""

    first_bad: Candidate | None
    candidates: tuple[Candidate, ...]
    confidence: float
    wanted: float
    prior: float
    commits: int
    bad: End
    good: End
    bases: tuple[End, ...]
    failure_rates: dict[str, float]
    steps: tuple[Step, ...]
    skipped: dict[str, str]
    notes: tuple[str, ...]
    runs: int
    resumed_runs: int
    seconds: float
    output_folder: str

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        told["confidence"] = {
            "value": self.confidence,
            "wanted": told.pop("wanted"),
            "computed": COMPUTED.format(prior=told.pop("prior")),
        }
        return {"schema": "bisection/1", **told}


def bisection_of(
    evidence: Evidence, request: BisectionRequest, journal: Journal, resumed: int, seconds: float
) -> Bisection:
    between, weights = evidence.between, evidence.weights
    order = weights.argsort(kind="stable")[::-1]
    total, taken = 0.0, 0
    while total < 1 - request.error and taken < len(order):
        total += float(weights[order[taken]])
        taken += 1
    candidates = tuple(_candidate(evidence, int(number)) for number in order[:taken])
    rates = evidence.posterior.rates()
    masses = evidence.posterior.ancestry.sums(weights[:, None])[:, 0]
    chances = dict(zip(between.shas, masses.tolist(), strict=True))
    return Bisection(
        first_bad=candidates[0] if taken == 1 else None,
        candidates=candidates,
        confidence=min(1.0, total),
        wanted=1 - request.error,
        prior=evidence.prior,
        commits=len(between.shas),
        bad=_end(evidence, between.bad),
        good=_end(evidence, between.good),
        bases=tuple(_end(evidence, base) for base in between.bases),
        failure_rates={"with_it": float(weights @ rates.bad), "without_it": float(weights @ rates.good)},
        steps=tuple(_step(evidence, sha, chances[sha], request.error) for sha in evidence.tested if sha != between.bad),
        skipped={sha: reason for sha, reason in evidence.skipped.items() if sha in chances},
        notes=between.notes,
        runs=evidence.total,
        resumed_runs=resumed,
        seconds=seconds,
        output_folder=str(journal.folder / "output"),
    )


def _step(evidence: Evidence, sha: str, chance: float, error: float) -> Step:
    counts = evidence.runs(sha)
    decision: Decision = "bad" if chance >= 1 - error else "good" if chance <= error else "undecided"
    return Step(sha, counts.total, counts.failed, decision, min(1.0, chance), round(evidence.seconds[sha], 3))


def _end(evidence: Evidence, sha: str) -> End:
    counts = evidence.runs(sha)
    return End(sha, counts.total, counts.failed)


def _candidate(evidence: Evidence, number: int) -> Candidate:
    sha = evidence.between.shas[number]
    said = evidence.between.ask("log", "-1", "--no-mailmap", "--format=%an%x1f%aI%x1f%s", sha, "--")
    author, time, subject = [*(said or "").split("\x1f", 2), "", "", ""][:3]
    return Candidate(sha, float(evidence.weights[number]), author, time, subject)
