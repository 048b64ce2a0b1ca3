"""Findings in a person's words: the short label, the clause of clauses.toml, the list with "and"."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from deep_code_reasoning.finding import Finding


@dataclass(frozen=True)
class Clause:
    code: str
    text: str
    innocent: str = ""
    needs: Sequence[str] = ()
    tells: Sequence[str] = ()
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)


@cache
def clauses() -> tuple[Clause, ...]:
    data = tomllib.loads(Path(__file__).with_name("clauses.toml").read_text(encoding="utf-8"))
    return tuple(Clause(**entry) for entry in data["clause"])


def label(finding: Finding) -> str:
    """`gc pause at inventory`: the rule's name and where."""
    from deep_code_reasoning.detectors.registry import all_rules

    name = next((rule.name for rule in all_rules() if rule.code == finding.code), finding.code)
    subject = finding.subject
    where = subject.service or subject.host or subject.resource
    return name.replace("-", " ") + (f" at {where}" if where else "")


def clause(finding: Finding) -> str:
    """What was seen, as a main clause; the finding's title where clauses.toml has nothing that fits."""
    told = _filled(finding, "text")
    return told[1] if told else finding.title


def told_with(finding: Finding) -> Sequence[str]:
    """Codes of the causes that the clause of this finding tells as well."""
    told = _filled(finding, "text")
    return told[0].tells if told else ()


def innocence(finding: Finding) -> str:
    """Why the pattern is only a symptom, with its counts; empty where nothing says so."""
    told = _filled(finding, "innocent")
    return told[1] if told else ""


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _filled(finding: Finding, part: str) -> tuple[Clause, str] | None:
    fields = _fields(finding)
    for one in clauses():
        if (
            one.code == finding.code
            and all(finding.numbers.get(name) for name in one.needs)
            and all(str(finding.numbers.get(name)) in values for name, values in one.when.items())
        ):
            try:
                text = getattr(one, part).format_map(fields)
            except (KeyError, ValueError):
                continue
            if text:
                return one, text
    return None


def _fields(finding: Finding) -> dict[str, Any]:
    subject = finding.subject
    named = {name: getattr(subject, name) for name in ("service", "operation", "resource", "host", "peer")}
    fields: dict[str, Any] = {name: value for name, value in named.items() if value is not None} | finding.numbers
    offset = finding.numbers.get("offset_ms")
    if isinstance(offset, int | float):
        fields |= {"offset": abs(offset), "side": "behind" if offset < 0 else "ahead of"}
    return fields
