"""The paragraph a person reads first: what happened, where and when, why, how sure, and whether a change did it."""

from __future__ import annotations

from collections.abc import Sequence

from deep_code_reasoning.diagnosis.change_effect import effect_in_words
from deep_code_reasoning.diagnosis.changes import Culprit
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.suspects import Ranking
from deep_code_reasoning.diagnosis.symptom import WORDS
from deep_code_reasoning.diagnosis.wording import label, listed
from deep_code_reasoning.finding import Finding, RuledOut
from deep_code_reasoning.incident import Incident, TimeWindow, iso

SERVICES_NAMED = 5
ALTERNATIVES_NAMED = 4
CHANGES_NAMED = 3


def paragraph(
    incident: Incident,
    ranking: Ranking,
    culprit: Culprit,
    outcomes: Outcomes,
    radius: Sequence[str],
    acquitted: Sequence[RuledOut],
    triggers: Sequence[Finding],
    known: bool,
) -> str:
    """At most six sentences. `known`: the first suspect is the verdict."""
    first = ranking.suspects[0]
    where = " ".join(filter(None, (first.service or first.resource or "a part without a name", _at(first.operation))))
    sentences = [
        _what(incident, outcomes),
        _where(where, incident.onset, radius, known),
        f"{'Why' if known else 'What speaks for it'}: {first.summary}.",
        _how_sure(ranking, acquitted, triggers, known),
        _change(culprit, known),
    ]
    return " ".join(filter(None, sentences))


def no_suspect(incident: Incident, outcomes: Outcomes) -> str:
    """Something is wrong and nothing explains it."""
    alerted = incident.alert.service if incident.alert else None
    when = f" It began {_between(incident.onset)}." if incident.onset else ""
    asked = f" The alert names {alerted}." if alerted else ""
    return f"{_what(incident, outcomes)}{when} No detector found a pattern that could be the cause.{asked}"


def _what(incident: Incident, outcomes: Outcomes) -> str:
    if not outcomes.incident_traces:
        return "Something changed; there are no traces to count."
    service = incident.alert.service if incident.alert else None
    text = f"{_share(outcomes.symptomatic, outcomes.incident_traces, ' traces')} "
    text += WORDS[outcomes.symptom].format(service=service)
    if outcomes.symptom == "any":
        text += f" ({outcomes.failing_entries:,} failed, {outcomes.slow:,} slow)"
    if outcomes.baseline_traces:
        text += f"; before it was {_share(outcomes.baseline_abnormal, outcomes.baseline_traces)}"
    return f"{text}."


def _share(part: int, whole: int, unit: str = "") -> str:
    return f"{part:,} of {whole:,}{unit} ({part / whole:.1%})"


def _where(where: str, onset: TimeWindow | None, radius: Sequence[str], known: bool) -> str:
    when = f", {_between(onset)}" if onset else ""
    verb = "are" if len(radius) > 1 else "is"
    hit = f"; {listed(radius[:SERVICES_NAMED])} {verb} hit as well" if radius else ""
    if known:
        return f"It begins at {where}{when}{hit}."
    return f"The cause is not known; {where} is the best suspect{when}{hit}."


def _at(operation: str | None) -> str | None:
    return f"({operation})" if operation else None


def _between(window: TimeWindow) -> str:
    """`between 09:24:41 and 09:24:43 UTC on 2026-10-13`; whole instants where they are on two days."""
    (day, start), (other, end) = iso(window.start).split("T"), iso(window.end).split("T")
    if day != other:
        return f"between {iso(window.start)} and {iso(window.end)}"
    if start[:8] == end[:8]:
        return f"at {start[:8]} UTC on {day}"
    return f"between {start[:8]} and {end[:8]} UTC on {day}"


def _how_sure(ranking: Ranking, acquitted: Sequence[RuledOut], triggers: Sequence[Finding], known: bool) -> str:
    first = ranking.suspects[0]
    next_one = next((s for s in ranking.suspects[1:] if s.score >= 0.01), None)
    sure = f"The counts give {'this' if known else 'it'} {first.score:.0%}"
    sure += f", {next_one.service or next_one.resource} {next_one.score:.0%}" if next_one else ""
    sure += f" and none of the suspects {ranking.unknown:.0%}"
    set_off = {finding.id for finding in triggers}
    names = list(dict.fromkeys(one.reason.split(":")[0] for one in acquitted if one.finding not in set_off))
    more = len(names) - ALTERNATIVES_NAMED
    named = [*names[:ALTERNATIVES_NAMED], f"{more} more"] if more > 0 else names
    sure += f"; ruled out as causes: {listed(named)}" if named else ""
    return f"{sure}; {label(triggers[0])} is only the trigger." if triggers else f"{sure}."


def _change(culprit: Culprit, known: bool) -> str:
    if culprit.sha and known:
        best = culprit.changes[0]
        text = f"Change {best.sha[:12]} of {best.service or best.repository} is to blame: {'; '.join(best.reasons)}."
        return f"{text} Since then {effect_in_words(best.effect)}." if best.effect else text
    if not culprit.changes and not culprit.considered:
        return ""
    text = f"No change is to blame ({culprit.none:.0%})"
    if culprit.innocent:
        text += f"; {listed(culprit.innocent[:CHANGES_NAMED])} touched nothing that the findings name"
    return f"{text}."
