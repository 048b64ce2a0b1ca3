"""What a culprit should have to do with: what the incident says that was never said before, by whom and since when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.changes.diffs.kinds import symptoms_in
from deep_code_reasoning.changes.diffs.words import WORD, identifiers, stems
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.finding import Finding, Suspect

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_TEMPLATES = 40
MOST_SPANS = 40
MOST_USUAL = 2_000
MOST_CHARACTERS = 2_000
LEAST_SHARE = 0.5
"""Suspects with less than this share of the first one's probability are not asked where it begins."""

USUAL = 0.3
"""What a word of the incident is worth that the lines before it held as well."""

WARNING = 13
FILE = re.compile(r"([\w./-]*\w\.(?:go|py|java|kt|scala|ts|tsx|js|jsx|rb|rs|cs|cpp|cc|php|ex|swift|sql|ya?ml))\b(?!\()")
METHOD = re.compile(r"\(\*?\w+\)\.(\w+)|\bat [\w.$]+\.(\w+)\(|\bin (\w+)\n|, in (\w+)")
FIGURE = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)(?:ms|s)?\b(?![.\-:]\d)")
OPAQUE = re.compile(
    r"(^|[._])(id|uuid|trace|span|key|time(stamp)?|pid|port|duration|elapsed|address|ip|bytes|offset)", re.I
)
"""Attributes whose numbers are measured or drawn, not set."""


@dataclass(frozen=True)
class Release:
    """A version of a service, since when it served beside the one before it, and whether it did worse (REL001)."""

    service: str
    version: str
    since: int
    is_worse: bool
    words: str


@dataclass(frozen=True)
class Scene:
    """`services`: where it may begin. `words`: stems and what each is worth. `names`: identifiers and quoted names.

    `numbers`: constants that failing lines report. `levels`: (before, after) of gauges that rested and moved at once.
    `began`: when the first unknown warning of each service came. `texts`: what lines and spans say, blanks evened out.
    `releases`: versions held against the ones beside them.
    """

    services: frozenset[str]
    files: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    words: dict[str, float] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    numbers: frozenset[float] = frozenset()
    levels: frozenset[tuple[float, float]] = frozenset()
    symptoms: frozenset[str] = frozenset()
    began: dict[str, int] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()


def scene_of(tables: Tables, incident: Incident, suspects: Sequence[Suspect], findings: Sequence[Finding]) -> Scene:
    best = max((suspect.score for suspect in suspects), default=0.0)
    likely = [suspect for suspect in suspects if suspect.score >= LEAST_SHARE * best]
    argued = {argument.finding for suspect in likely for argument in suspect.in_favour}
    relevant = [finding for finding in findings if finding.id in argued]
    places = [finding.subject.location for finding in relevant if finding.subject.location]
    windows = bounds(incident)
    lines = tables.dicts(_sql("logs"), **windows, most=MOST_TEMPLATES) if incident.incident else []
    spans = tables.dicts(_sql("spans"), **windows, most=MOST_SPANS) if incident.incident else []
    grave = [line for line in lines if line["severity"] >= WARNING] or lines
    texts = [*_texts_of_lines(grave), *_texts_of_spans(spans), *_texts_of_findings(relevant)]
    alert = incident.alert
    asked = " ".join(filter(None, [alert.metric, alert.summary])) if alert else ""
    usual = stems("\n".join(text for (text,) in tables.rows(_sql("usual"), **_baseline(windows), most=MOST_USUAL)))
    services = _services(tables)
    own = stems(" ".join(services))
    everything = "\n".join([*texts, asked])
    return Scene(
        frozenset(_begins_at(likely, alert.service if alert else None, grave)),
        frozenset({place.file for place in places} | set(FILE.findall(everything))),
        frozenset({p.function.rsplit(".", 1)[-1] for p in places if p.function} | _methods(everything)),
        {word: USUAL if word in usual else 1.0 for word in stems(everything) - own},
        _names("\n".join(texts)) - {service.lower() for service in services},
        frozenset(_numbers(grave)),
        frozenset((row["before"], row["after"]) for row in tables.dicts(_sql("metrics"), **windows)),
        symptoms_in([everything, *(f"{f.code} {f.title} {f.numbers.get('metric', '')}" for f in relevant)]),
        _began(grave),
        tuple(" ".join(text.split()).lower() for text in texts),
        tuple(_releases(findings)),
    )


def _releases(findings: Iterable[Finding]) -> Iterable[Release]:
    for finding in findings:
        service, since = finding.subject.service, finding.interval
        if finding.code == "REL001" and service and since:
            version, verdict = str(finding.numbers["version"]), finding.numbers["verdict"]
            yield Release(service, version, since.start, verdict == "worse", finding.title)


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"change_scene_{name}.sql").read_text(encoding="utf-8")


def _baseline(windows: dict[str, int | None]) -> dict[str, int | None]:
    return {name: value for name, value in windows.items() if name.startswith("baseline")}


def _services(tables: Tables) -> list[str]:
    return [
        name for (name,) in tables.rows("SELECT DISTINCT service_name FROM resources WHERE service_name IS NOT NULL")
    ]


def _texts_of_lines(lines: Iterable[dict]) -> list[str]:
    texts = []
    for line in lines:
        told = [line["body"], line["exception_type"], line["exception_stacktrace"]]
        texts += [text[:MOST_CHARACTERS] for text in told if text]
        texts += [pair["value"][:MOST_CHARACTERS] for pair in line["attributes"] or () if _is_told(pair)]
    return texts


def _texts_of_spans(spans: Iterable[dict]) -> list[str]:
    texts = []
    for span in spans:
        told = [span["name"], span["status_message"], span["error_type"], span["db_query_text"]]
        texts += [text[:MOST_CHARACTERS] for text in told if text]
        texts += [pair["value"][:MOST_CHARACTERS] for pair in span["attributes"] or () if _is_told(pair)]
    return texts


def _texts_of_findings(findings: Iterable[Finding]) -> list[str]:
    told = [text for f in findings for text in (f.subject.operation, f.subject.resource, f.numbers.get("error_type"))]
    return [str(text) for text in told if text]


def _is_told(pair: dict) -> bool:
    return bool(pair["value"]) and any(letter.isalpha() for letter in pair["value"]) and not OPAQUE.search(pair["key"])


def _names(text: str) -> frozenset[str]:
    """Identifiers and quoted names; and plain words, for a dependency or a field may be called by one."""
    return identifiers(text) | frozenset(word.lower() for word in WORD.findall(text) if len(word) > 3)


def _methods(text: str) -> set[str]:
    return {name for match in METHOD.findall(text) for name in match if name}


def _begins_at(suspects: Sequence[Suspect], alerted: str | None, lines: Sequence[dict]) -> Iterable[str]:
    """The services of the likely suspects, the one that a monitor named, and the first to warn of something unknown."""
    yield from (suspect.service for suspect in suspects if suspect.service)
    if alerted:
        yield alerted
    first = min(_began(lines).items(), key=lambda pair: pair[1], default=None)
    if first:
        yield first[0]


def _began(lines: Iterable[dict]) -> dict[str, int]:
    began: dict[str, int] = {}
    for line in lines:
        if line["service_name"] and line["severity"] >= WARNING and line["first_nano"] is not None:
            began[line["service_name"]] = min(line["first_nano"], began.get(line["service_name"], line["first_nano"]))
    return began


def _numbers(lines: Iterable[dict]) -> Iterable[float]:
    """Numbers in unknown lines and in their attributes, without ids, times and what is measured."""
    for line in lines:
        yield from (float(text) for text in FIGURE.findall(line["body"][:MOST_CHARACTERS]))
        for pair in line["attributes"] or ():
            if not OPAQUE.search(pair["key"]) and re.fullmatch(r"\d+(\.\d+)?", pair["value"] or ""):
                yield float(pair["value"])
