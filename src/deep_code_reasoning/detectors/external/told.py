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
from deep_code_reasoning.detectors.groundwork.traces.failed_spans import ERROR_LINES
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
"""How often chance alone may bring so many slices with the signature into the incident (Fisher's exact test)."""

LEAST_SHARE = 0.1
"""Of the slices in which the services hit fail; a rarer phrase is not what the incident is about."""

SLICES = 20
SHORTEST_SLICE = 1_000_000_000
"""The time from the first to the last such failure is cut into so many, the baseline into ones of that length."""

NOTHING = "a^"
"""A pattern that matches nothing."""

HOST = re.compile(r"\b((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]{1,24})\b(?!\()")
CODE = re.compile(r"(exception|error)$|^([a-z]\.){2}|^(com|org|net|io|java|javax|jdk|sun|akka|kotlin|scala|dev)\.")
"""Names of classes and packages, written out or cut short by a logger; unless they end as the public's names do."""

NOT_HOSTS = re.compile(
    r"\.(go|py|java|js|ts|rb|rs|cs|cpp|php|json|ya?ml|sql|exception|error|html?|css|log|txt|proto|net|io)$"
)


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
    return tuple(
        Sort(entry["family"], entry["name"], entry["words"], tuple(entry["phrases"]))
        for entry in data["sort"]
        if entry["family"] == family
    )


@cache
def public_endings() -> tuple[frozenset[str], frozenset[str]]:
    """Of names that the public resolves; and the countries' that end names of attributes as well."""
    data = tomllib.loads(Path(__file__).with_name("signatures.toml").read_text(encoding="utf-8"))["public"]
    return frozenset(data["endings"]) | frozenset(data["countries"].split()), frozenset(data["words"])


def is_public(host: str) -> bool:
    """Has it the form of a name of the public's, as api.example.com, and not of code or of an attribute?"""
    *labels, ending = host.split(".")
    endings, words = public_endings()
    return ending in endings and (len(labels) > 1 or ending not in words)


def pattern_of(family: str) -> str:
    return "|".join(sort.pattern for sort in sorts(family))


def words_of(family: str, name: str) -> str:
    return next(sort.words for sort in sorts(family) if sort.name == name)


def sort_of(family: str, text: str) -> str | None:
    return next((sort.name for sort in sorts(family) if re.search(sort.pattern, text)), None)


def told(tables: Tables, incident: Incident, family: str) -> list[Told]:
    """The texts of the family; empty without two windows to compare."""
    if incident.baseline is None or incident.incident is None:
        return []
    tables.execute(sql_beside(__file__), warning_severity=WARNING_SEVERITY, error_words=ERROR_LINES["error_words"])
    rows = tables.rows(
        sql_beside(__file__, "matching"), **bounds(incident), pattern=pattern_of(family), most=MOST_TEXTS
    )
    found = [(row, sort_of(family, row[2])) for row in rows]
    return [Told(*row, sort=name) for row, name in found if name]


@dataclass(frozen=True)
class Count:
    """Slices of the incident in which the services hit failed, with the signature and at all; before it also those in
    which they wrote anything. `lines` with the signature.

    Slices and not lines are counted: one failure leaves several lines behind, most of which tell only that it happened.
    """

    having: int
    failing: int
    having_before: int
    lines: int
    slices_before: int

    @property
    def p_value(self) -> float:
        return more_often(self.having, max(self.failing, self.having), self.having_before, self.slices_before)

    @property
    def is_sure(self) -> bool:
        enough = self.lines >= FEWEST and self.having >= LEAST_SHARE * self.failing
        return enough and self.p_value <= CHANCE

    @property
    def support(self) -> Support:
        return Support(self.having, self.failing, self.having_before, self.slices_before, unit="time slice")

    @property
    def numbers(self) -> dict[str, float | int | str]:
        return {
            "failures": self.lines,
            "slices": self.having,
            "slices_failing": self.failing,
            "slices_before": self.having_before,
            "p_value": float(f"{self.p_value:.2g}"),
        }


def count(
    tables: Tables,
    incident: Incident,
    family: str,
    texts: Sequence[Told],
    *,
    containing: str = "",
    without: str = NOTHING,
) -> Count:
    """Of the failures of a family, those whose text holds `containing` and does not match `without`: `texts`."""
    lasting = interval_of(texts)
    if lasting is None:
        return Count(0, 0, 0, 0, 0)
    row = tables.rows(
        sql_beside(__file__, "slices"),
        **bounds(incident),
        slice=max(SHORTEST_SLICE, (lasting.end - lasting.start) // SLICES),
        pattern=pattern_of(family),
        containing=containing,
        without=without,
    )[0]
    return Count(*row)


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
            if CODE.search(name) and not is_public(name):
                continue
            if not NOT_HOSTS.search(name) or name.count(".") > 1:
                counts[name] = counts.get(name, 0) + text.after
    return sorted(counts, key=lambda name: (-counts[name], name))


def interval_of(texts: Iterable[Told]) -> TimeWindow | None:
    times = [(t.first_nano, t.last_nano) for t in texts if t.first_nano is not None and t.last_nano is not None]
    return TimeWindow(min(first for first, _ in times), max(last for _, last in times)) if times else None


def evidence_of(texts: Sequence[Told]) -> tuple[Evidence, ...]:
    first = sorted((t for t in texts if t.ref and t.after), key=lambda t: (t.first_nano or 0, t.text))
    return tuple(Evidence(t.ref or "", t.text[:200]) for t in first[:MOST_EVIDENCE])
