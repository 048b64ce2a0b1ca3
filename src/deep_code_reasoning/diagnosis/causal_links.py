"""Reads causal_links.toml and says which findings can be the reason of which others."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.finding import Finding

Relation = Literal["enables", "causes", "triggers"]
Callees = Mapping[str, frozenset[str]]
"""service -> every service it calls, directly or through others."""


@dataclass(frozen=True)
class LinkRule:
    cause: str
    effect: str
    via: tuple[str, ...]
    relation: Relation
    words: str
    holds: Mapping[str, str] = field(default_factory=dict)
    supposing: str = "without it"


@dataclass(frozen=True)
class Link:
    """`cause` can be why there is `effect`. `weight`: decibans of the counts that tie them, None where none do."""

    cause: Finding
    effect: Finding
    relation: Relation
    words: str
    weight: float | None = None
    reason: str = ""


@cache
def link_rules() -> tuple[LinkRule, ...]:
    """The file's entries in its order: where several fit two findings, the first counts."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(LinkRule(via=tuple(entry.pop("via")), **entry) for entry in data["link"])


def links(findings: Sequence[Finding], callees: Callees) -> list[Link]:
    """Every ordered pair of findings that a rule ties together."""
    return [
        _link(rule, cause, effect)
        for effect in findings
        for cause in findings
        if cause is not effect and (rule := _first_fitting(cause, effect, callees))
    ]


def _first_fitting(cause: Finding, effect: Finding, callees: Callees) -> LinkRule | None:
    for rule in link_rules():
        if (
            fnmatchcase(cause.code, rule.cause)
            and fnmatchcase(effect.code, rule.effect)
            and (cause.code != effect.code or cause.subject.service != effect.subject.service)
            and any(_related(via, cause, effect, callees) for via in rule.via)
        ):
            return rule
    return None


def _related(via: str, cause: Finding, effect: Finding, callees: Callees) -> bool:
    one, other = cause.subject, effect.subject
    match via:
        case "any":
            return True
        case "service":
            return one.service is not None and one.service == other.service
        case "host":
            return one.host is not None and one.host in _hosts(effect)
        case "resource":
            shared = one.resource is not None and one.resource in (other.resource, other.peer)
            return shared or (one.service is not None and one.service in (other.resource, other.peer))
        case "peer":
            return one.service is not None and one.service == other.peer
        case "at":
            return one.peer is not None and one.peer == other.service
        case "calls":
            return _calls(other.service, one.service, callees)
        case "called":
            return _calls(one.service, other.service, callees)
    return False


def _calls(caller: str | None, callee: str | None, callees: Callees) -> bool:
    """And not the other way round as well: who then is above whom cannot be told."""
    if caller is None or callee is None or caller == callee:
        return False
    return callee in callees.get(caller, ()) and caller not in callees.get(callee, ())


def _hosts(finding: Finding) -> set[str]:
    named = {value for key, value in finding.numbers.items() if key.endswith("host") and isinstance(value, str)}
    return named | ({finding.subject.host} if finding.subject.host else set())


def _link(rule: LinkRule, cause: Finding, effect: Finding) -> Link:
    weight, reason = _counted(rule, effect)
    return Link(cause, effect, rule.relation, rule.words, weight, reason)


def _counted(rule: LinkRule, effect: Finding) -> tuple[float | None, str]:
    """The weight of the effect's own counts of what needs the cause; None where it has none."""
    holds = rule.holds
    counted = {role: effect.numbers.get(name) for role, name in holds.items()}
    numbers = {role: float(value) for role, value in counted.items() if isinstance(value, int | float)}
    if not numbers.get("of"):
        return None, ""
    of = holds["of"].replace("_", " ")
    if "without" in numbers:
        left, unsure = numbers["without"], numbers.get("unsure", 0.0)
        reason = f"{rule.supposing} {left:,.0f} of {numbers['of']:,.0f} {of} remain"
        reason += f", of {unsure:,.0f} it is not certain" if unsure else ""
        return model.counterfactual_weight(left + unsure / 2, numbers["of"]), reason
    if "instances" in numbers:
        left = numbers["of"] - numbers["instances"]
        reason = f"{numbers['instances']:,.0f} of {numbers['of']:,.0f} {of} are put down to it"
        return model.counterfactual_weight(left, numbers["of"]), reason
    return None, ""
