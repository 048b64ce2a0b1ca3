"""Reads causes.toml: the kind of cause a finding is, and the remedy it asks for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from deep_code_reasoning.finding import Finding, SuspectKind


@dataclass(frozen=True)
class Cause:
    code: str
    kind: SuspectKind
    remedy: str
    when: Mapping[str, list[str]] = field(default_factory=dict)

    def fits(self, finding: Finding) -> bool:
        return fnmatchcase(finding.code, self.code) and all(
            str(finding.numbers.get(name)) in values for name, values in self.when.items()
        )


@cache
def causes() -> tuple[Cause, ...]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(Cause(**entry) for entry in data["cause"])


def cause_of(finding: Finding) -> Cause:
    """The first entry that fits; the last one fits all."""
    return next(cause for cause in causes() if cause.fits(finding))
