"""What the diagnosis says: verdict and suspects, each finding, the timeline, what was not read, the question."""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.gather.weights import finding_weights
from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.finding import Diagnosis

_TIMELINE_WEIGHT = 0.65
_UNREAD_WEIGHT = 0.3
_FINDINGS_FIRST = 0.3


def conclusions(diagnosis: Diagnosis, question: str | None) -> Iterator[Candidate]:
    if question:
        yield Candidate("question", "question", "what is asked", "the caller's", 1, question + "\n", required=True)
    yield Candidate(
        "verdict", "verdict", "verdict and ranked suspects of the local diagnosis", "what the evidence says so far", 1,
        conclusion.verdict(diagnosis), required=True,
    )  # fmt: skip
    weights = finding_weights(diagnosis)
    for finding in diagnosis.findings:
        weight = weights[finding.id]
        reason = f"{finding.severity} {finding.role}, weight {weight:.2f}"
        text = conclusion.finding(finding)
        yield Candidate(finding.id, "finding", finding.title, reason, weight + _FINDINGS_FIRST, text)
    if timeline := conclusion.timeline(diagnosis):
        yield Candidate("timeline", "timeline", "timeline", "what came before what", _TIMELINE_WEIGHT, timeline)
    if diagnosis.unread:
        yield Candidate(
            "unread", "unread", "evidence that could not be read", "what the diagnosis does not know", _UNREAD_WEIGHT,
            conclusion.unread(diagnosis),
        )  # fmt: skip
