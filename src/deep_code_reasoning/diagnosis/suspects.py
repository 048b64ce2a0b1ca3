"""Chains of findings become ranked suspects, with what speaks for and against each in decibans.

A suspect is a component (a service; a host or resource where no service is named) and all that begins there. What
another component explains is held against it. The arithmetic is evidence_model's; this file only says what is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.causal_links import Link
from deep_code_reasoning.diagnosis.causes import cause_of
from deep_code_reasoning.diagnosis.chains import Chain, Order
from deep_code_reasoning.diagnosis.weighing import Weighed, p_value_of
from deep_code_reasoning.diagnosis.wording import clause, label, told_with
from deep_code_reasoning.finding import Argument, Finding, Suspect

ROLE_PRIOR = {"cause": 1.0, "mechanism": 0.5, "symptom": 0.25, "context": 1.0}
"""Relative priors by what the rule says its pattern can be. Not calibrated. Context is only a root where counts tie
an effect to it, and is then as good as a cause."""

ACQUITTED_DB = -3.0
"""Two to one against: then a finding is ruled out and no suspect."""

LONGEST_TALE = 3


@dataclass
class Case:
    """One component with what is said about it."""

    component: str | None
    chains: list[Chain] = field(default_factory=list)
    against: list[Argument] = field(default_factory=list)
    in_favour: list[Argument] = field(default_factory=list)

    @property
    def head(self) -> Finding:
        return self.chains[0].root.finding

    @property
    def weight(self) -> float:
        return sum(argument.weight for argument in (*self.in_favour, *self.against))

    @property
    def findings(self) -> list[Finding]:
        return [one.finding for chain in self.chains for one in chain.members]


@dataclass(frozen=True)
class Ranking:
    """Suspects, best first, with the case behind each in the same order; `unknown` is what they leave."""

    suspects: tuple[Suspect, ...]
    cases: tuple[Case, ...]
    unknown: float


def rank(found: Order) -> Ranking:
    """Every component at which something points, with its posterior probability."""
    cases = _cases(found)
    priors = [ROLE_PRIOR[case.head.role] for case in cases]
    scores, unknown = model.posterior([case.weight for case in cases], priors)
    ranked = sorted(
        zip(scores, cases, strict=True), key=lambda pair: (-round(pair[0], 9), _chance(pair[1]), pair[1].head.id)
    )
    suspects = tuple(_suspect(place, score, case) for place, (score, case) in enumerate(ranked, 1))
    return Ranking(suspects, tuple(case for _, case in ranked), unknown)


def _cases(found: Order) -> list[Case]:
    by_component: dict[str | None, list[Chain]] = defaultdict(list)
    for chain in found.chains:
        if any(_counts(one, chain) for one in chain.members):
            by_component[component_of(chain)].append(chain)
    cases = [_case(component, chains) for component, chains in by_component.items()]
    cases += _explained(found, set(by_component))
    for case in cases:
        _hold_triggers_against(case, found.triggers, cases)
    return cases


def _counts(one: Weighed, chain: Chain) -> bool:
    """Not acquitted, and no mere context (unless counts tie an effect to it)."""
    strength = _strength(one, chain)
    return strength > 0 or (strength > ACQUITTED_DB and one.finding.role != "context")


def component_of(chain: Chain) -> str | None:
    """The first service along the chain; without any, the root's host or resource."""
    service = next((one.finding.subject.service for one in chain.members if one.finding.subject.service), None)
    root = chain.root.finding.subject
    return service or root.host or root.resource or root.peer


def _case(component: str | None, chains: list[Chain]) -> Case:
    """The strongest finding of each code counts (the others repeat it), each further code less than the one before."""
    chains = sorted(chains, key=lambda chain: -max(_strength(one, chain) for one in chain.members))
    case = Case(component, chains)
    told = sorted(_members(chains), key=lambda pair: (-_strength(*pair), pair[0].rank))
    best: dict[str, tuple[Weighed, Chain]] = {}
    for one, chain in told:
        if _strength(one, chain) > 0:
            best.setdefault(one.finding.code, (one, chain))
    parts = model.discounted([_strength(*pair) for pair in best.values()])
    causal = {one.finding.id: place for place, (one, _) in enumerate(_members(chains))}
    for (one, chain), part in sorted(
        zip(best.values(), parts, strict=True), key=lambda row: causal[row[0][0].finding.id]
    ):
        case.in_favour.append(Argument(one.finding.id, round(part, 2), _reason(one, chain)))
    if not best and told:
        one, chain = told[0]
        case.against.append(Argument(one.finding.id, round(_strength(one, chain), 2), _reason(one, chain)))
    return case


def _members(chains: Sequence[Chain]) -> list[tuple[Weighed, Chain]]:
    """Causes before effects, the strongest chain first."""
    return [(one, chain) for chain in chains for one in chain.members]


def _strength(one: Weighed, chain: Chain) -> float:
    """Its own weight, or that of the counts by which an effect needs it, whichever says more."""
    tied = [link.weight or 0.0 for link in chain.by.values() if link.cause.id == one.finding.id]
    return max([one.weight, *tied]) if tied else one.weight


def _reason(one: Weighed, chain: Chain) -> str:
    tied = next((link for link in chain.by.values() if link.cause.id == one.finding.id and link.reason), None)
    words = f"{label(one.finding)}: {tied.reason if tied else one.reason}"
    link = chain.by.get(one.finding.id)
    return f"{words}; follows from {link.cause.id}, {link.words}" if link else words


def _explained(found: Order, taken: set[str | None]) -> list[Case]:
    """Components whose findings all follow from another component's."""
    by_id = {one.finding.id: (one, chain) for chain in found.chains for one in chain.members}
    grouped: dict[str, list[Weighed]] = defaultdict(list)
    for effect in found.reason_of:
        one, _ = by_id[effect]
        service = one.finding.subject.service
        if service and service not in taken and one.weight > 0:
            grouped[service].append(one)
    cases = []
    for service, members in grouped.items():
        members.sort(key=lambda one: one.rank)
        case = _case(service, [Chain(one) for one in members])
        case.against = [_explained_by(found.reason_of[one.finding.id], case, by_id) for one in members[:1]]
        cases.append(case)
    return cases


def _explained_by(link: Link, case: Case, by_id: dict[str, tuple[Weighed, Chain]]) -> Argument:
    cause, chain = by_id[link.cause.id]
    strength = max(_strength(cause, chain), cause.weight)
    strongest = max((argument.weight for argument in case.in_favour), default=0.0)
    explained = min(1.0, max(strength, 0.0) / strongest) if strongest > 0 else 0.0
    weight = -explained * sum(argument.weight for argument in case.in_favour)
    where = f" at {cause.finding.subject.service}" if cause.finding.subject.service else ""
    return Argument(link.cause.id, round(weight, 2), f"explained by {link.cause.id}{where}: {link.words}")


def _hold_triggers_against(case: Case, triggers: Sequence[Link], cases: Sequence[Case]) -> None:
    """A trigger gives way to the strongest flaw that it only brings out."""
    own = {finding.id for finding in case.findings}
    if not any(link.cause.id in own for link in triggers) or any(
        finding.id not in {link.cause.id for link in triggers} for finding in case.findings
    ):
        return
    others = [other for other in cases if other is not case and other.weight > 0]
    strongest = max(others, key=lambda other: other.weight, default=None)
    if strongest is None or case.weight <= 0:
        return
    words = next(link.words for link in triggers if link.cause.id in own)
    weight = -min(case.weight, strongest.weight)
    case.against.append(Argument(strongest.head.id, round(weight, 2), f"a trigger: {words}"))


def _chance(case: Case) -> float:
    return min((p_value_of(finding) for finding in case.findings), default=1.0)


def _suspect(place: int, score: float, case: Case) -> Suspect:
    subject = case.head.subject
    located = [finding.subject for finding in case.findings if finding.subject.location]
    operations = [finding.subject.operation for finding in case.findings if finding.subject.operation]
    return Suspect(
        rank=place,
        kind=cause_of(case.head).kind,
        score=round(score, 4),
        summary=_tale(case),
        service=next((f.subject.service for f in case.findings if f.subject.service), None),
        operation=subject.operation or next(iter(operations), None),
        resource=subject.resource or subject.host,
        location=located[0].location if located else None,
        in_favour=tuple(case.in_favour),
        against=tuple(case.against),
    )


def _tale(case: Case) -> str:
    """The first finding of each code along the strongest chain, causes first, and what remains without the cause."""
    chain = case.chains[0]
    first: dict[str, Finding] = {}
    for one in chain.members:
        first.setdefault(one.finding.code, one.finding)
    told = list(first.values())[:LONGEST_TALE]
    repeated = {code for finding in told for code in told_with(finding)}
    clauses = []
    for finding in told:
        link = chain.by.get(finding.id)
        counted = f" ({link.reason})" if link and link.reason else ""
        if finding.code not in repeated:
            clauses.append(clause(finding) + counted)
    return "; ".join(clauses)


def with_commit(suspects: Sequence[Suspect], sha: str, service: str | None, score: float) -> tuple[Suspect, ...]:
    """The commit's service (None: the first suspect's) comes first, for what ties the commit to the failure is evidence
    that it begins there. Its probability is the commit's where that is higher; the others share what is left.
    """
    chosen = next((one for one in suspects if service in (None, one.service)), None)
    others = [one for one in suspects if one is not chosen]
    if chosen is None:
        chosen = Suspect(1, "change", 0.0, f"{sha[:12]} of {service}", service=service)
    first = replace(chosen, kind="change", commit=sha, score=max(chosen.score, round(score, 4)))
    left = (1 - first.score) / (1 - chosen.score) if chosen.score < 1 else 0.0
    ordered = (first, *(replace(one, score=round(one.score * left, 4)) for one in others))
    return tuple(replace(one, rank=rank) for rank, one in enumerate(ordered, 1))
