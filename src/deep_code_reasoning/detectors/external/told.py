"""What failures said in the two windows, sorted by signatures.toml; what all detectors of this family count."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.groundwork.failed_spans import ERROR_LINES
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.detectors.significance import more_often
from deep_code_reasoning.finding import Evidence, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

WARNING_SEVERITY = 13
MOST_TEXTS = 5_000
MOST_EVIDENCE = 5
FEWEST = 3
"""Two lines may be anybody's."""

CHANCE = 0.01
"""How often chance alone is allowed to bring so many lines into the incident (Fisher's exact test)."""

LEAST_SHARE = 0.1
"""Of the failures of the services hit; a rarer phrase is not what the incident is about."""

HOST = re.compile(r"\b((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]{1,24})\b(?!\()")
NOT_HOSTS = re.compile(r"\.(go|py|java|js|ts|rb|rs|cs|cpp|php|json|ya?ml|sql|exception|error|html?|css|log|txt|proto|net|io)$")


@dataclass(frozen=True)
class Sort:
    family: str
    name: str
    words: str
    phrases: tuple[str, ...]

    @property
    def pattern(self) -> str:
        return "|".join(f"(?:{phrase})" for phrase in self.phrases)


@dataclass(frozen=True)
class Told:
    """One text of failures: who said it, how often in each window, and where to open the first."""

    service: str | None
    host: str | None
    text: str
    after: int
    before: int
    first_nano: int | None
    last_nano: int | None
    ref: str | None
    sort: str


@cache
def sorts(family: str) -> tuple[Sort, ...]:
    data = tomllib.loads(Path(__file__).with_name("signatures.toml").read_text(encoding="utf-8"))
    return tuple(Sort(**{**e, "phrases": tuple(e["phrases"])}) for e in data["sort"] if e["family"] == family)


def words_of(family: str, name: str) -> str:
    return next(sort.words for sort in sorts(family) if sort.name == name)


def sort_of(family: str, text: str) -> str | None:
    return next((sort.name for sort in sorts(family) if re.search(sort.pattern, text)), None)


def told(tables: Tables, incident: Incident, family: str) -> list[Told]:
    """The texts of the family; empty without two windows to compare."""
    if incident.baseline is None or incident.incident is None:
        return []
    tables.execute(sql_beside(__file__), warning_severity=WARNING_SEVERITY, error_words=ERROR_LINES["error_words"])
    pattern = "|".join(sort.pattern for sort in sorts(family))
    rows = tables.rows(sql_beside(__file__, "matching"), **bounds(incident), pattern=pattern, most=MOST_TEXTS)
    found = [(row, sort_of(family, row[2])) for row in rows]
    return [Told(*row, sort=name) for row, name in found if name]


@dataclass(frozen=True)
class Count:
    """Of the services hit: failures with the signature and in all, in the incident; before it also what went well."""

    having: int
    failing: int
    having_before: int
    records_before: int
    p_value: float

    @property
    def is_sure(self) -> bool:
        enough = self.having >= FEWEST and self.having >= LEAST_SHARE * self.failing
        return enough and self.p_value <= CHANCE

    @property
    def support(self) -> Support:
        return Support(self.having, self.failing, self.having_before, self.records_before, unit="failure")

    @property
    def numbers(self) -> dict[str, float | int | str]:
        return {
            "failures": self.having,
            "failures_of_all": self.failing,
            "failures_before": self.having_before,
            "p_value": float(f"{self.p_value:.2g}"),
        }


def count(tables: Tables, incident: Incident, texts: Iterable[Told]) -> Count:
    texts = list(texts)
    services = {text.service for text in texts if text.after}
    rows = [row for row in tables.rows(sql_beside(__file__, "totals"), **bounds(incident)) if row[0] in services]
    having, before = sum(text.after for text in texts), sum(t.before for t in texts if t.service in services)
    failing = sum(row[1] for row in rows)
    records = max(sum(max(row[2], row[3]) for row in rows), before)
    return Count(having, failing, before, records, more_often(having, failing, before, records))


def services_of(texts: Iterable[Told]) -> list[str]:
    """Those hit, the first to say so first."""
    first: dict[str, int] = {}
    for text in texts:
        if text.service and text.after and text.first_nano is not None:
            first[text.service] = min(text.first_nano, first.get(text.service, text.first_nano))
    return sorted(first, key=lambda name: (first[name], name))


def hosts_of(texts: Iterable[Told]) -> list[str]:
    """Host names in the texts, the most frequent first."""
    counts: dict[str, int] = {}
    for text in texts:
        for name in set(HOST.findall(text.text)):
            if not NOT_HOSTS.search(name) or name.count(".") > 1:
                counts[name] = counts.get(name, 0) + text.after
    return sorted(counts, key=lambda name: (-counts[name], name))


def interval_of(texts: Iterable[Told]) -> TimeWindow | None:
    times = [(t.first_nano, t.last_nano) for t in texts if t.first_nano is not None and t.last_nano is not None]
    return TimeWindow(min(first for first, _ in times), max(last for _, last in times)) if times else None


def evidence_of(texts: Sequence[Told]) -> tuple[Evidence, ...]:
    first = sorted((t for t in texts if t.ref and t.after), key=lambda t: (t.first_nano or 0, t.text))
    return tuple(Evidence(t.ref or "", t.text[:200]) for t in first[:MOST_EVIDENCE])
