"""Which change is to blame, or none. Never the latest deploy for being the latest.

Every feature of a commit is weighed by how rare it is among the candidates: "touches the failing file" says much when
one of 40 commits does and nothing when all do. "None of them" is a hypothesis of its own with even prior odds; it
grows with the probability of causes that need no change, and it wins where no feature sets a commit apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.finding import Finding, RankedChange, Suspect
from deep_code_reasoning.incident import iso

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_CANDIDATES = 400
MOST_SHOWN = 10
LEAST_SHOWN = 0.005
"""A change with less is told only when it is recent: then a reader asks about it."""

RARE_WORD_SHARE = 0.1
"""A word says something when at most this share of the candidates has it."""

IN_CULPRIT = {"service": 0.9, "file": 0.8, "function": 0.6, "word": 0.5, "inert": 0.03}
"""How often a culprit has the feature; guesses, not calibrated yet (bench/culprit will)."""

DELAY_NANO = 24 * 3_600_000_000_000
"""Half of all culprits are supposed to have shown themselves a day after their deploy. A guess, not calibrated."""

INERT_PATH = re.compile(
    r"(^|/)(docs?|documentation|tests?|testdata|__tests__|fixtures|\.github)/|(_test|\.test|\.spec|Test|Tests)\.\w+$"
    r"|\.(md|rst|adoc|txt|png|svg)$|(^|/)(LICENSE|CODEOWNERS|\.gitignore)$"
)
INERT_MESSAGE = re.compile(r"^\W*(docs?|tests?|style|format|typo|chore\(docs\))\b[:( ]", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{3,}")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Candidate:
    sha: str
    repository: str
    service: str | None
    time: int
    deployed_at: int | None
    message: str
    paths: tuple[str, ...]
    words: frozenset[str]

    @property
    def is_inert(self) -> bool:
        """Documentation, tests and formatting do not run in production."""
        if self.paths:
            return all(INERT_PATH.search(path) for path in self.paths)
        return bool(INERT_MESSAGE.match(self.message))


@dataclass(frozen=True)
class Scene:
    """What a culprit should have to do with: from the first suspect and its findings."""

    service: str | None
    files: frozenset[str]
    functions: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True)
class Culprit:
    """The changes worth telling, best first, and the sha to blame where one beats "none".

    `none`: the probability that no change is to blame. `considered`: among how many. `innocent`: the recent ones that
    nothing ties to the findings, in words, the latest first.
    """

    changes: tuple[RankedChange, ...] = ()
    none: float = 1.0
    sha: str | None = None
    considered: int = 0
    innocent: tuple[str, ...] = ()


def rank_changes(
    tables: Tables, onset: int | None, suspects: Sequence[Suspect], findings: Sequence[Finding], without_change: float
) -> Culprit:
    """`without_change`: the probability, by the suspects, of a cause that needs no change (0..1)."""
    if onset is None or not suspects:
        return Culprit()
    candidates = _candidates(tables, onset)
    if not candidates:
        return Culprit()
    scene = scene_of(suspects[0], findings)
    weighed = [_weigh(candidate, candidates, scene) for candidate in candidates]
    fresh = [_freshness(candidate, onset) for candidate in candidates]
    share = (1 - max(model.UNKNOWN_PRIOR, without_change)) * sum(fresh) / len(fresh)
    scores, none = model.posterior([weight for weight, _ in weighed], fresh, unknown=1 - share)
    ranked = sorted(
        zip(scores, candidates, weighed, strict=True),
        key=lambda row: (-row[0], -(row[1].deployed_at or row[1].time), row[1].sha),
    )
    told = [row for row in ranked if row[0] >= LEAST_SHOWN or _is_recent(row[1], onset)][:MOST_SHOWN]
    changes = tuple(
        RankedChange(place, c.sha, c.repository, c.service, round(score, 4), (*_why(reasons, scene), _when(c, onset)))
        for place, (score, c, (_, reasons)) in enumerate(told, 1)
    )
    innocent = [c for _, c, (_, reasons) in told if not reasons and _is_recent(c, onset)]
    innocent.sort(key=lambda c: -(c.deployed_at or c.time))
    best = ranked[0][0]
    return Culprit(
        changes,
        none,
        ranked[0][1].sha if best > max(none, 0.5) else None,
        len(candidates),
        tuple(f"{c.service or c.repository} {c.sha[:12]} ({_when(c, onset).split(' the onset')[0]})" for c in innocent),
    )


def _is_recent(candidate: Candidate, onset: int) -> bool:
    return onset - (candidate.deployed_at or candidate.time) <= DELAY_NANO


def _why(reasons: Sequence[str], scene: Scene) -> tuple[str, ...]:
    where = f" and is not of {scene.service}, where it begins" if scene.service else ""
    return tuple(reasons) or (f"touches nothing that the findings name{where}",)


def scene_of(suspect: Suspect, findings: Sequence[Finding]) -> Scene:
    """Files and functions the findings name, and the words of their errors and operations."""
    argued = {argument.finding for argument in suspect.in_favour}
    relevant = [finding for finding in findings if finding.id in argued]
    places = [f.subject.location for f in relevant if f.subject.location]
    texts = [text for f in relevant for text in (f.subject.operation, f.title, str(f.numbers.get("error_type", "")))]
    return Scene(
        suspect.service,
        frozenset(place.file for place in places),
        frozenset(place.function.rsplit(".", 1)[-1] for place in places if place.function),
        frozenset(word for text in texts if text for word in words_of(text)),
    )


def words_of(text: str) -> frozenset[str]:
    """Lower-case words of four letters and more, identifiers also by their parts."""
    found = set()
    for word in WORD.findall(text):
        found.add(word.lower())
        found.update(part.lower() for part in CAMEL.findall(word) if len(part) > 3)
    return frozenset(found)


def _candidates(tables: Tables, onset: int) -> list[Candidate]:
    sql = Path(__file__).with_name("change_candidates.sql").read_text(encoding="utf-8")
    candidates = [
        Candidate(
            row["sha"],
            row["repository"],
            row["service_name"],
            row["time_unix_nano"],
            row["deployed_at"],
            row["message"],
            tuple(row["paths"] or ()),
            words_of(" ".join([row["message"], *(row["paths"] or ()), row["patch"] or ""])),
        )
        for row in tables.dicts(sql, onset=onset, most=MOST_CANDIDATES)
    ]
    return _live(_with_service(candidates))


def _with_service(candidates: Sequence[Candidate]) -> list[Candidate]:
    """A commit that no deploy names is of the service that its repository's other commits were deployed as."""
    services: dict[str, set[str]] = {}
    for candidate in candidates:
        if candidate.service is not None:
            services.setdefault(candidate.repository, set()).add(candidate.service)
    only = {repository: next(iter(names)) for repository, names in services.items() if len(names) == 1}
    return [replace(c, service=c.service or only.get(c.repository)) for c in candidates]


def _live(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without commits that are newer than the newest deployed one of their repository: those were not live."""
    newest: dict[str, int] = {}
    for candidate in candidates:
        if candidate.deployed_at is not None:
            newest[candidate.repository] = max(newest.get(candidate.repository, 0), candidate.time)
    return [c for c in candidates if c.time <= newest.get(c.repository, c.time)]


def _weigh(candidate: Candidate, candidates: Sequence[Candidate], scene: Scene) -> tuple[float, list[str]]:
    """Decibans for one candidate and the reasons, each with how many candidates share it."""
    reasons = []
    gains: list[float] = []
    for name, has in _features(candidates, scene).items():
        if not has(candidate):
            continue
        having = sum(1 for other in candidates if has(other))
        gain = model.feature_weight(IN_CULPRIT[name], having, len(candidates))
        if gain > 0:
            gains.append(gain)
            reasons.append(f"{_NAMES[name]} ({having} of {len(candidates)} changes, {gain:+.1f} dB)")
    weight = sum(model.discounted(sorted(gains, reverse=True)))
    if candidate.is_inert:
        weight += 10 * log10(IN_CULPRIT["inert"])
        reasons.append("touches only documentation, tests or formatting")
    return weight, reasons


_NAMES = {
    "service": "is of the service where it begins",
    "file": "touches the file that the findings name",
    "function": "touches the function that the findings name",
    "word": "shares rare words with the findings",
}


def _features(candidates: Sequence[Candidate], scene: Scene):
    shared = {word: sum(1 for other in candidates if word in other.words) for word in scene.words}
    rare = {word for word, count in shared.items() if 0 < count <= max(1, RARE_WORD_SHARE * len(candidates))}
    return {
        "service": lambda c: scene.service is not None and _is_of(c, scene.service),
        "file": lambda c: any(_same_file(path, file) for path in c.paths for file in scene.files),
        "function": lambda c: any(function.lower() in c.words for function in scene.functions if len(function) > 3),
        "word": lambda c: bool(rare & c.words),
    }


def _is_of(candidate: Candidate, service: str) -> bool:
    """By the deploy feed, or where nothing tells, by the repository's name."""
    if candidate.service is not None:
        return candidate.service == service
    repository = candidate.repository.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    return _bare(repository) == _bare(service)


def _bare(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(service|svc|api)$", "", letters) or letters


def _freshness(candidate: Candidate, onset: int) -> float:
    """The prior of a change by its age: 1 when just deployed, a half after DELAY, falling as one over the age."""
    age = max(0, onset - (candidate.deployed_at or candidate.time))
    return 1 / (1 + age / DELAY_NANO)


def _same_file(path: str, named: str) -> bool:
    """The spans of a service may name a path from another root, so the shorter one has to end the longer one."""
    one, other = path.replace("\\", "/").lstrip("/"), named.replace("\\", "/").lstrip("/")
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def _when(candidate: Candidate, onset: int) -> str:
    moment = candidate.deployed_at or candidate.time
    verb = "deployed" if candidate.deployed_at else "committed"
    return f"{verb} {_ago(onset - moment)} before the onset ({iso(moment)})"


def _ago(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
