"""Findings put in causal order: which one is the reason of which, and which are nobody's effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deep_code_reasoning.diagnosis.causal_links import Callees, Link, links
from deep_code_reasoning.diagnosis.weighing import Weighed

LEAST_PART = 0.5
"""A cause covers at least this part of the symptomatic traces (or of the weight) that its effect covers."""

TOO_LATE_DB = -3.0
"""An effect that by two to one began after the symptom proves nothing about it, however surely its cause is known."""


@dataclass(frozen=True)
class Chain:
    """A root and what follows from it, causes before effects. `by` is the link that brought each effect in."""

    root: Weighed
    effects: tuple[Weighed, ...] = ()
    by: dict[str, Link] = field(default_factory=dict)

    @property
    def members(self) -> tuple[Weighed, ...]:
        return (self.root, *self.effects)


@dataclass(frozen=True)
class Order:
    """The chains, strongest root first; which link brought each effect in; and all that could hold by the catalogue."""

    chains: tuple[Chain, ...]
    reason_of: dict[str, Link]
    possible: tuple[Link, ...]

    @property
    def triggers(self) -> tuple[Link, ...]:
        return tuple(link for link in self.possible if link.relation == "triggers")


def order(weighed: Sequence[Weighed], callees: Callees) -> Order:
    """Each effect goes to one cause: to one that counts tie it to, else to the strongest that covers it."""
    by_id = {one.finding.id: one for one in weighed}
    possible = links([one.finding for one in weighed], callees)
    reason_of: dict[str, Link] = {}
    for effect in sorted(weighed, key=lambda one: one.rank):
        fitting = [
            link
            for link in possible
            if link.effect.id == effect.finding.id
            and link.relation != "triggers"
            and _holds(link, by_id[link.cause.id], effect)
            and not _leads_to(effect.finding.id, link.cause.id, reason_of)
        ]
        if fitting:
            best = min(fitting, key=lambda link: (-(link.weight or 0.0), by_id[link.cause.id].rank))
            reason_of[effect.finding.id] = best
    roots = [one for one in weighed if one.finding.id not in reason_of]
    chains = [_chain(root, by_id, reason_of) for root in sorted(roots, key=lambda one: one.rank)]
    return Order(tuple(chains), reason_of, tuple(possible))


def _holds(link: Link, cause: Weighed, effect: Weighed) -> bool:
    if link.weight is not None:
        return link.weight > 0 and effect.late > TOO_LATE_DB
    if cause.weight <= 0 or effect.weight <= 0:
        return False
    one, other = cause.finding.support, effect.finding.support
    if one and other and one.symptomatic and other.symptomatic_with and one.unit == other.unit:
        return one.symptomatic_with >= LEAST_PART * other.symptomatic_with
    return cause.weight >= LEAST_PART * effect.weight


def _leads_to(start: str, wanted: str, reason_of: dict[str, Link]) -> bool:
    """Is `start` already among the reasons of `wanted`?"""
    at: str | None = wanted
    while at is not None:
        if at == start:
            return True
        at = reason_of[at].cause.id if at in reason_of else None
    return False


def _chain(root: Weighed, by_id: dict[str, Weighed], reason_of: dict[str, Link]) -> Chain:
    members, waiting, by = [], [root.finding.id], {}
    while waiting:
        cause = waiting.pop(0)
        follow = [effect for effect, link in reason_of.items() if link.cause.id == cause]
        for effect in sorted(follow, key=lambda one: by_id[one].rank):
            members.append(by_id[effect])
            by[effect] = reason_of[effect]
            waiting.append(effect)
    return Chain(root, tuple(members), by)
