"""What the evidence is about: names of services, hosts and operations, and which signals it has at all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.finding import Diagnosis, Finding

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

_HERE = Path(__file__).parent
_TABLES = ("spans", "topology", "logs", "log_templates", "metrics", "commits", "deploys", "profiles")


@dataclass(frozen=True)
class Scene:
    """A diagnosis, the names in its evidence, and what there is to look at. `names` by kind; `filled` are the tables
    that have rows."""

    diagnosis: Diagnosis
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hosts_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    signals: Mapping[str, tuple[tuple[str, str | None], ...]] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tables: Tables, diagnosis: Diagnosis) -> Scene:
        names: dict[str, dict[str, int]] = defaultdict(dict)
        hosts: dict[str, set[str]] = defaultdict(set)
        for kind, name, of_name, amount in tables.rows(_sql("places")):
            names[kind][name] = names[kind].get(name, 0) + amount
            if kind == "service" and of_name:
                hosts[name].add(of_name)
        for finding in diagnosis.findings:
            for kind, name in _subjects(finding):
                names[kind].setdefault(name, 1)
        for change in diagnosis.changes:
            names["repository"].setdefault(repository_name(change.repository), 1)
        signals: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        for signal, name, of_service in tables.rows(_sql("signal_names")):
            signals[signal].append((name, of_service))
        filled = frozenset(name for name in _TABLES if tables.rows(f'SELECT 1 FROM "{name}" LIMIT 1'))
        return cls(
            diagnosis,
            {kind: tuple(sorted(found, key=lambda name: (-found[name], name))) for kind, found in names.items()},
            {service: frozenset(found) for service, found in hosts.items()},
            {signal: tuple(found) for signal, found in signals.items()},
            filled,
        )

    @property
    def findings(self) -> Mapping[str, Finding]:
        return {finding.id: finding for finding in self.diagnosis.findings}

    @cached_property
    def failed_rules(self) -> Mapping[str, str]:
        """Detectors that broke off, and why."""
        told = [one for one in self.diagnosis.unread if one.place.startswith("detector ")]
        return {one.place.removeprefix("detector "): one.reason for one in told}

    def lacks(self, needs: Collection[str], names: Mapping[str, str], places: Collection[str] = ()) -> str:
        """Why a pattern could not have been seen here; empty where it could. `names` as in patterns.toml: by signal."""
        if empty := [table for table in needs if table in _TABLES and table not in self.filled]:
            return f"there are no {' and no '.join(_plain(table) for table in empty)} in the evidence"
        if names and not any(self._seen(signal, pattern, places) for signal, pattern in names.items()):
            asked = "; ".join(f"{signal} named like {pattern.replace('|', ', ')}" for signal, pattern in names.items())
            where = f" of {' or '.join(places)}" if places else ""
            return f"the evidence has nothing{where} in which it would be seen ({asked})"
        return ""

    def is_at(self, finding: Finding, places: Collection[str], *, only_own: bool = False) -> bool:
        """The finding is about one of the places: by its subject, by its figures, or by a host of a service.

        `only_own`: who is only compared with is not meant.
        """
        if not places:
            return True
        subject = finding.subject
        about = {subject.service, subject.operation, subject.resource, subject.host}
        if not only_own:
            about |= {subject.peer, *(value for value in finding.numbers.values() if isinstance(value, str))}
            about |= {part for one in filter(None, (subject.resource, subject.peer)) for part in re.split(r"[:/]", one)}
        hosts = {host for place in places for host in self.hosts_of.get(place, ())}
        on_host = subject.service is None and subject.host is not None and subject.host in hosts
        return on_host or not about.isdisjoint(places)

    def _seen(self, signal: str, pattern: str, places: Collection[str]) -> bool:
        """Also where a name is nobody's, or the place is no service: then it may be its."""
        wanted = re.compile(pattern)
        services = set(places) & set(self.names.get("service", ()))
        return any(
            wanted.search(name) and (not services or of_service is None or of_service in services)
            for name, of_service in self.signals.get(signal, ())
        )


def _subjects(finding: Finding) -> list[tuple[str, str]]:
    subject = finding.subject
    named = {"service": subject.service, "host": subject.host, "resource": subject.resource, "peer": subject.peer}
    return [(kind, name) for kind, name in named.items() if name]


def repository_name(repository: str) -> str:
    """The last part of a path or URL."""
    return re.split(r"[/\\:]", repository.rstrip("/\\"))[-1].removesuffix(".git")


def _plain(table: str) -> str:
    return {"topology": "span trees", "log_templates": "log lines", "logs": "log lines"}.get(table, table)


def _sql(name: str) -> str:
    return _HERE.joinpath(f"{name}.sql").read_text(encoding="utf-8")
