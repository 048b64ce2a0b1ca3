"""The verdict, and whether there is one: kind, confidence, first failing service, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.actions import actions
from deep_code_reasoning.diagnosis.causes import cause_of
from deep_code_reasoning.diagnosis.chains import Order
from deep_code_reasoning.diagnosis.changes import Culprit
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.summary import no_suspect, paragraph
from deep_code_reasoning.diagnosis.suspects import Case, Ranking
from deep_code_reasoning.diagnosis.weighing import UNCOUNTED_DB
from deep_code_reasoning.diagnosis.windows import Search
from deep_code_reasoning.diagnosis.wording import clause
from deep_code_reasoning.finding import Finding, RuledOut, Verdict, VerdictKind
from deep_code_reasoning.incident import Incident

ENOUGH = 0.5
"""Below it, or not above the probability of "none of them", the verdict is unknown."""

ABSOLUTE_ERROR_SHARE = 0.05
"""Without anything to compare with, failing entries are a problem by themselves from one in twenty on."""


def verdict(
    incident: Incident,
    found: Order,
    ranking: Ranking,
    culprit: Culprit,
    outcomes: Outcomes,
    radius: tuple[str, ...],
    acquitted: Sequence[RuledOut],
) -> Verdict:
    """Unknown, or the first suspect's kind; `change` where a commit is to blame.

    What ties it to the failure stands even where two components share the probability of being the first to fail.
    """
    if not ranking.suspects:
        alerted = incident.alert.service if incident.alert else None
        return Verdict("unknown", no_suspect(incident, outcomes), 0.0, service=alerted, onset=incident.onset)
    first, case = ranking.suspects[0], ranking.cases[0]
    known = is_known(ranking) or culprit.sha is not None
    kind: VerdictKind = "unknown" if not known else "change" if culprit.sha else first.kind
    remedy = culprit.remedy if kind == "change" else cause_of(case.head).remedy
    own = {finding.id for finding in case.findings}
    triggers = [link.cause for link in found.triggers if link.effect.id in own and link.cause.id not in own]
    return Verdict(
        kind=kind,
        summary=paragraph(incident, ranking, culprit, outcomes, radius, acquitted, triggers, known),
        confidence=round(max(first.score, culprit.score), 3),
        service=culprit.service or first.service,
        operation=first.operation if culprit.service in (None, first.service) else None,
        commit=culprit.sha if known else None,
        onset=incident.onset,
        blast_radius=radius,
        remediation=remedy if known else None,
        actions=actions(case, culprit, triggers, known),
    )


def is_known(ranking: Ranking) -> bool:
    """The first suspect is likelier than not, and likelier than none of them."""
    return bool(ranking.suspects) and ranking.suspects[0].score >= ENOUGH > ranking.unknown


def is_quiet(search: Search, ranking: Ranking, outcomes: Outcomes) -> bool:
    """No alert; nothing found by the search and little that fails, or nothing that rose in the window given."""
    incident = search.incident
    if incident.alert is not None or incident.origin == "onset":
        return False
    if fails_everywhere(outcomes) and not outcomes.baseline_traces:
        return False
    if incident.incident is not None:
        nothing_counted = not ranking.cases or ranking.cases[0].weight <= max(UNCOUNTED_DB.values())
        return bool(outcomes.baseline_traces) and outcomes.attributable <= 0 and nothing_counted
    return not (is_known(ranking) and _critical(ranking.cases[:1]))


def fails_everywhere(outcomes: Outcomes) -> bool:
    return outcomes.failing > ABSOLUTE_ERROR_SHARE * max(outcomes.incident_traces, 1)


def _critical(cases: Sequence[Case]) -> list[Finding]:
    return [finding for case in cases for finding in case.findings if finding.severity == "critical"]


def nothing_abnormal(search: Search, ranking: Ranking, outcomes: Outcomes) -> Verdict:
    """With the clauses of critical findings, which may be a risk though nothing failed by them."""
    risks = "; ".join(dict.fromkeys(clause(finding) for finding in _critical(ranking.cases)))
    worth = f" Worth a look nonetheless: {risks}." if risks else ""
    counted = outcomes.incident_traces
    traces = f"{counted:,} traces, {outcomes.failing:,} of them failing" if counted else "no traces"
    if search.incident.incident is not None:
        window = "window given" if search.incident.origin == "given" else "later stretch of evidence"
        text = (
            f"Nothing abnormal: neither failures nor slow entries are more frequent in the {window} ({traces}) "
            f"than before it ({outcomes.baseline_traces:,} traces), and no suspect stands out."
        )
        return Verdict("none", text + worth, 0.5)
    if search.p_value is None:
        text = f"Nothing abnormal was found, but there was too little to search for an onset ({traces})."
        return Verdict("none", text + worth, 0.0)
    text = (
        f"Nothing abnormal: errors, slow entries, error lines and metrics show no stretch of time that differs from "
        f"the rest by more than chance (the most unusual one has p = {search.p_value:.2g}; {traces})."
    )
    return Verdict("none", text + worth, round(model.bayes_bound_of_nothing(search.p_value), 3))
