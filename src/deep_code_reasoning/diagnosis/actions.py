"""What to do, the most important first: undo the change, mend the cause, take the load off, look at the proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deep_code_reasoning.diagnosis.changes import Culprit
from deep_code_reasoning.diagnosis.suspects import Case
from deep_code_reasoning.diagnosis.wording import label
from deep_code_reasoning.finding import Finding

MOST_ACTIONS = 5
RULES_QUOTED = 2
SENTENCES_QUOTED = 2
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def actions(case: Case, culprit: Culprit, triggers: Sequence[Finding], known: bool) -> tuple[str, ...]:
    """Advice of the rules, causes first, each with where and what to open; `triggers` set the flaw off."""
    return tuple(_all(case, culprit, triggers, known))[:MOST_ACTIONS]


def _all(case: Case, culprit: Culprit, triggers: Sequence[Finding], known: bool) -> Iterator[str]:
    if culprit.sha and known:
        best = culprit.changes[0]
        yield f"Roll back {best.sha[:12]} of {best.service or best.repository} and watch whether the symptom goes."
    argued = {argument.finding for argument in case.in_favour} or {case.head.id}
    chain = case.chains[0]
    causes = {chain.root.finding.id} | {link.cause.id for link in chain.by.values()}
    told: set[str] = set()
    for finding in (one.finding for one in chain.members):
        if finding.id in argued and finding.id in causes and finding.code not in told and len(told) < RULES_QUOTED:
            told.add(finding.code)
            yield _advice(finding)
    yield from (_advice(finding) for finding in triggers[:1])


def _advice(finding: Finding) -> str:
    text = f"{label(finding)} [{finding.code}]: {advice_of(finding.code)}"
    location = finding.subject.location
    if location:
        text += f" Code: {location.file}{f':{location.line}' if location.line else ''}."
    return f"{text} Open: dcr show {finding.evidence[0].ref}" if finding.evidence else text


def advice_of(code: str) -> str:
    """The first sentences of the rule's "What to do"."""
    from deep_code_reasoning.detectors.registry import all_rules, page

    if not any(rule.code == code for rule in all_rules()):
        return ""
    _, found, section = page(code).partition("## What to do")
    text = " ".join(section.split("\n## ")[0].split())
    return " ".join(SENTENCE.split(text)[:SENTENCES_QUOTED]) if found else ""
