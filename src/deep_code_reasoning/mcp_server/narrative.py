"""The answer in a few paragraphs, for clients that show a model nothing but the structured result.

It does not repeat what stands beside it: the arguments are in `suspects`, what to do in `recommendations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.incident import iso

if TYPE_CHECKING:
    from deep_code_reasoning.answer import Answer, Escalation
    from deep_code_reasoning.finding import Argument, Diagnosis, Suspect

SUSPECTS_TOLD = 3


def narrative(escalation: Escalation) -> str:
    """What happened, who is suspected and why, who says so, and what was not read."""
    answer = escalation.answer
    diagnosis = answer.diagnosis
    suspects = [_suspect(suspect, diagnosis) for suspect in diagnosis.suspects[:SUSPECTS_TOLD]]
    paragraphs = [_verdict(diagnosis), "\n".join(suspects), _speaker(answer), _unread(diagnosis)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _verdict(diagnosis: Diagnosis) -> str:
    verdict = diagnosis.verdict
    facts = [f"verdict: {verdict.kind}, confidence {verdict.confidence:.2f}"]
    if verdict.service:
        facts.append(f"first failing: {verdict.service}" + (f" {verdict.operation}" if verdict.operation else ""))
    if verdict.onset:
        facts.append(f"onset between {iso(verdict.onset.start)} and {iso(verdict.onset.end)}")
    facts.append(f"commit to blame: {verdict.commit or 'none'}")
    if verdict.remediation:
        facts.append(f"remediation: {verdict.remediation}")
    return f"{verdict.summary}\n({'; '.join(facts)})"


def _suspect(suspect: Suspect, diagnosis: Diagnosis) -> str:
    name = suspect.service or suspect.resource or suspect.kind
    said_above = suspect.summary in diagnosis.verdict.summary
    text = f"{suspect.rank}. {name} ({suspect.score:.2f})" + ("" if said_above else f": {suspect.summary}")
    return text + _findings(" - for", suspect.in_favour) + _findings(" - against", suspect.against)


def _findings(label: str, arguments: tuple[Argument, ...]) -> str:
    return f"{label}: {', '.join(dict.fromkeys(argument.finding for argument in arguments))}" if arguments else ""


def _speaker(answer: Answer) -> str:
    if answer.specialist is not None and answer.specialist.provider != "local":
        return f"{answer.specialist.model} says: {answer.specialist.analysis.narrative}"
    if answer.specialist_error:
        return f"The specialist did not answer ({answer.specialist_error}); this is the local analyst's diagnosis."
    return f"This is the local analyst's diagnosis; nothing left this machine ({answer.cost.route})."


def _unread(diagnosis: Diagnosis) -> str:
    if not diagnosis.unread:
        return ""
    count = sum(part.count for part in diagnosis.unread)
    return f"Not read: {count:,} parts of the evidence; see unread."
