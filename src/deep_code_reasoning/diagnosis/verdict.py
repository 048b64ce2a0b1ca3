"""The verdict in a person's words, and whether there is one: kind, confidence, first failing service, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.causes import cause_of
from deep_code_reasoning.diagnosis.changes import Culprit
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.suspects import Case, Ranking
from deep_code_reasoning.diagnosis.symptom import WORDS
from deep_code_reasoning.diagnosis.windows import Search
from deep_code_reasoning.finding import Finding, Verdict, VerdictKind
from deep_code_reasoning.incident import Incident, iso

ENOUGH = 0.5
"""Below it, or not above the probability of "none of them", the verdict is unknown."""

ABSOLUTE_ERROR_SHARE = 0.05
"""Without anything to compare with, failing entries are a problem by themselves from one in twenty on."""

RULES_QUOTED = 3
SENTENCES_QUOTED = 2
EXEMPLARS = 2
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def verdict(search: Search, ranking: Ranking, culprit: Culprit, outcomes: Outcomes, radius: tuple[str, ...]) -> Verdict:
    """Nothing abnormal, unknown, or the first suspect's kind; `change` where a commit is to blame."""
    incident = search.incident
    if is_quiet(search, ranking, outcomes):
        return _nothing(search, outcomes)
    if not ranking.suspects:
        alerted = incident.alert.service if incident.alert else None
        return Verdict("unknown", _nothing_found(incident, outcomes), 0.0, service=alerted, onset=incident.onset)
    first, case = ranking.suspects[0], ranking.cases[0]
    known = first.score >= ENOUGH and first.score > ranking.unknown
    kind: VerdictKind = "unknown" if not known else "change" if culprit.sha else first.kind
    remedy = "rollback" if kind == "change" else cause_of(case.head).remedy
    return Verdict(
        kind=kind,
        summary=_summary(search, ranking, culprit, outcomes, radius, known),
        confidence=round(first.score, 3),
        service=first.service,
        operation=first.operation,
        commit=culprit.sha if known else None,
        onset=incident.onset,
        blast_radius=radius,
        remediation=remedy if known else None,
        actions=tuple(_actions(case, culprit, known)),
    )


def is_quiet(search: Search, ranking: Ranking, outcomes: Outcomes) -> bool:
    """No window given or found, and the entries do not fail anyway."""
    if search.incident.incident is not None or search.incident.alert is not None:
        return False
    return not fails_everywhere(outcomes) and not any(
        finding.severity == "critical" for case in ranking.cases[:1] for finding in case.findings
    )


def fails_everywhere(outcomes: Outcomes) -> bool:
    return outcomes.failing > ABSOLUTE_ERROR_SHARE * max(outcomes.incident_traces, 1)


def _nothing(search: Search, outcomes: Outcomes) -> Verdict:
    counted = outcomes.incident_traces
    traces = f"{counted:,} traces, {outcomes.failing:,} of them failing" if counted else "no traces"
    if search.p_value is None:
        text = f"Nothing abnormal was found, but there was too little to search for an onset ({traces})."
        return Verdict("none", text, 0.0)
    text = (
        f"Nothing abnormal: errors, slow entries, error lines and metrics show no stretch of time that differs from "
        f"the rest by more than chance (the most unusual one has p = {search.p_value:.2g}; {traces})."
    )
    return Verdict("none", text, round(model.bayes_bound_of_nothing(search.p_value), 3))


def _nothing_found(incident: Incident, outcomes: Outcomes) -> str:
    when = f" from {iso(incident.incident.start)} on" if incident.incident else ""
    return (
        f"Something is wrong{when} ({outcomes.symptomatic:,} of {outcomes.incident_traces:,} traces show the symptom), "
        "but no detector found a pattern that could be its cause."
        + (f" The alert names {incident.alert.service}." if incident.alert and incident.alert.service else "")
    )


def _summary(
    search: Search, ranking: Ranking, culprit: Culprit, outcomes: Outcomes, radius: Sequence[str], known: bool
) -> str:
    first = ranking.suspects[0]
    parts = [_what_happened(search.incident, outcomes, radius)]
    where = first.service or first.resource or "a part without a name"
    if known:
        parts.append(f"It begins at {where}: {first.summary}.")
        parts.append(
            f"The evidence gives this {first.score:.0%}; {ranking.unknown:.0%} stay with none of the suspects."
        )
    else:
        parts.append(
            f"The cause is not known: the best suspect, {where}, has {first.score:.0%} and {ranking.unknown:.0%} stay "
            f"with none of the suspects. What speaks for it: {first.summary}."
        )
    if culprit.sha and known:
        best = culprit.changes[0]
        parts.append(f"Commit {best.sha[:12]} of {best.repository} is to blame: {'; '.join(best.reasons)}.")
    elif culprit.changes:
        parts.append(f"No change is to blame as far as the evidence goes ({culprit.none:.0%}).")
    return " ".join(part for part in parts if part)


def _what_happened(incident: Incident, outcomes: Outcomes, radius: Sequence[str]) -> str:
    if not outcomes.incident_traces:
        when = f" between {iso(incident.onset.start)} and {iso(incident.onset.end)}" if incident.onset else ""
        return f"Something changed{when}; there are no traces to count."
    share = outcomes.symptomatic / outcomes.incident_traces
    service = incident.alert.service if incident.alert else None
    text = f"{outcomes.symptomatic:,} of {outcomes.incident_traces:,} traces ({share:.1%}) "
    text += WORDS[outcomes.symptom].format(service=service)
    if outcomes.symptom == "any":
        text += f" ({outcomes.failing_entries:,} failed, {outcomes.slow:,} slow)"
    if outcomes.baseline_traces:
        usual = outcomes.baseline_abnormal / outcomes.baseline_traces
        text += f", before it was {usual:.1%} of {outcomes.baseline_traces:,}"
    if incident.onset:
        text += f"; it began between {iso(incident.onset.start)} and {iso(incident.onset.end)}"
    hit = f" {', '.join(radius[:5])} {'are' if len(radius) > 1 else 'is'} hit as well." if radius else ""
    return f"{text}.{hit}"


def _actions(case: Case, culprit: Culprit, known: bool) -> Iterator[str]:
    """The exemplars to open, then what the rules of the chain advise, causes first."""
    if culprit.sha and known:
        best = culprit.changes[0]
        yield f"Roll back {best.sha[:12]} of {best.repository} and watch whether the symptom goes"
    argued = [argument.finding for argument in case.in_favour]
    chain = [finding for finding in case.findings if finding.id in argued]
    strongest = {finding.id: finding for finding in chain}
    for finding_id in argued[:EXEMPLARS]:
        for evidence in strongest[finding_id].evidence[:1] if finding_id in strongest else ():
            note = f" ({evidence.note})" if evidence.note else ""
            yield f"Open {evidence.ref}{note}: dcr show {evidence.ref}"
    codes = list(dict.fromkeys(finding.code for finding in chain))
    for code in codes[:RULES_QUOTED]:
        advice = advice_of(code)
        if advice:
            named = next(finding for finding in chain if finding.code == code)
            yield f"{_place(named)}{advice} [{code}]"


def _place(finding: Finding) -> str:
    where = finding.subject.service or finding.subject.host
    return f"{where}: " if where else ""


def advice_of(code: str) -> str:
    """The first sentences of the rule's "What to do"."""
    from deep_code_reasoning.detectors.registry import page

    _, found, section = page(code).partition("## What to do")
    text = " ".join(section.split("\n## ")[0].split())
    return " ".join(SENTENCE.split(text)[:SENTENCES_QUOTED]) if found else ""
