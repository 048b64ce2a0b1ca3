"""Which change is to blame, or none. Never the latest deploy for being the latest.

Every feature of a commit is weighed by how rare it is among all changes: "touches the failing file" says much when one
of 40 commits does and nothing when all do. "None of them" is a hypothesis of its own with even prior odds; it grows
with the probability of causes that need no change, and it wins where no feature sets a commit apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.candidates.candidates import candidates_of
from deep_code_reasoning.changes.candidates.commit_syntax import with_syntax
from deep_code_reasoning.changes.candidates.regressed_path import RegressedPath, regressed_path
from deep_code_reasoning.changes.diffs import words
from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.change_effect import effect_of, location_of
from deep_code_reasoning.diagnosis.change_features import Weighed, weigh_all
from deep_code_reasoning.diagnosis.change_question import Asked, asked_of
from deep_code_reasoning.diagnosis.change_scene import Scene, scene_of
from deep_code_reasoning.finding import Finding, Location, RankedChange, Suspect
from deep_code_reasoning.incident import Incident, TimeWindow, iso

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

MOST_SHOWN = 10
LEAST_SHOWN = 0.005
"""A change with less is told only when it is recent: then a reader asks about it."""

MOST_LACKING = 3
LEAST_LACKING_DB = 1.0

DELAY_NANO = 24 * 3_600_000_000_000
"""Half of all culprits are supposed to have shown themselves a day after their deploy. A guess, not calibrated."""


MOST_READ = 40
"""So many of the likeliest have the syntax of their files read."""


@dataclass(frozen=True)
class KnownCode:
    """Where code may be read, and which service a repository is, as the user set it."""

    roots: tuple[Path, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)


class Ranked(NamedTuple):
    score: float
    candidate: Candidate
    weighed: Weighed


@dataclass(frozen=True)
class Culprit:
    """The changes worth telling, best first, and the sha to blame where one beats "none".

    `none`: the probability that no change is to blame. `considered`: among how many. `innocent`: the recent ones that
    nothing ties to the findings, in words, the latest first. `score`, `service`, `remedy`: of the change to blame, its
    probability, where it begins to fail (None where several run it) and what undoes it.
    """

    changes: tuple[RankedChange, ...] = ()
    none: float = 1.0
    sha: str | None = None
    considered: int = 0
    innocent: tuple[str, ...] = ()
    score: float = 0.0
    service: str | None = None
    remedy: str | None = None


def rank_changes(
    tables: Tables,
    incident: Incident,
    suspects: Sequence[Suspect],
    findings: Sequence[Finding],
    without_change: float,
    known: KnownCode,
    work: Work,
) -> Culprit:
    """`without_change`: the probability, by the suspects, of a cause that needs no change (0..1)."""
    window = incident.onset or incident.incident
    if window is None or not suspects:
        return Culprit()
    onset = window.end
    scene = scene_of(tables, incident, suspects, findings)
    argued = {argument.finding for suspect in suspects for argument in suspect.in_favour}
    relevant = [finding for finding in findings if finding.id in argued]
    path = _path(tables, scene, relevant)
    candidates, others = candidates_of(tables, onset, path=path, repositories=known.services)
    if not candidates:
        return Culprit()
    asked = asked_of(incident.question, candidates)
    ranked, _ = _ranked(candidates, others, scene, window, without_change, asked)
    likely = [row.candidate for row in ranked[:MOST_READ]]
    read = {one.sha: one for one in with_syntax(tables, likely, known.roots, work)}
    candidates = [read.get(one.sha, one) for one in candidates]
    ranked, none = _ranked(candidates, others, scene, window, without_change, asked)
    told = [row for row in ranked if row.score >= LEAST_SHOWN or _is_recent(row.candidate, onset)][:MOST_SHOWN]
    leader = ranked[0].weighed
    score, first, of_first = ranked[0]
    blamed = first if score > max(none, 0.5) and of_first.may_be_named else None
    changes = tuple(
        RankedChange(
            place,
            c.sha,
            c.repository,
            c.service,
            round(score, 4),
            (*_why(one, scene), *c.because, _when(c, onset)),
            why_not(one, leader) if place > 1 else (),
            location_of(relevant, c.paths) or _fact(c, scene),
            effect_of(relevant, c.services | c.rides, c.paths) if c is blamed else None,
        )
        for place, (score, c, one) in enumerate(told, 1)
    )
    innocent = [c for _, c, one in told if not one.is_tied and _is_recent(c, onset)]
    innocent.sort(key=lambda c: -c.since)
    return Culprit(
        changes,
        none,
        blamed.sha if blamed else None,
        len(candidates),
        tuple(f"{c.service or c.repository} {c.sha[:12]} ({_when(c, onset).split(' the onset')[0]})" for c in innocent),
        score if blamed else 0.0,
        service_of(blamed, scene) if blamed else None,
        remedy_of(blamed, scene) if blamed else None,
    )


def _ranked(
    candidates: Sequence[Candidate],
    others: Sequence[Candidate],
    scene: Scene,
    window: TimeWindow,
    without_change: float,
    asked: Mapping[str, Asked],
) -> tuple[list[Ranked], float]:
    """The likeliest first, and the probability of none of them."""
    weighed = weigh_all(candidates, others, scene, asked)
    fresh = [_freshness(candidate, window.end) for candidate in candidates]
    share = (1 - max(model.UNKNOWN_PRIOR, without_change)) * max(fresh)
    priors = [part**2 * _possible(candidate, window) for part, candidate in zip(fresh, candidates, strict=True)]
    scores, none = model.posterior([one.weight for one in weighed], priors, unknown=1 - share)
    rows = map(Ranked, scores, candidates, weighed)
    return sorted(rows, key=lambda row: (-row.score, -row.candidate.since, row.candidate.sha)), none


def _path(tables: Tables, scene: Scene, findings: Sequence[Finding]) -> RegressedPath | None:
    """Around the services where it begins and those that the findings are about; None where no calls were seen."""
    subjects = [finding.subject for finding in findings]
    about = {name for subject in subjects for name in (subject.service, subject.peer) if name}
    suffering = scene.services | about
    path = regressed_path(tables, suffering)
    return path if path.services - suffering else None


def _is_recent(candidate: Candidate, onset: int) -> bool:
    return onset - candidate.since <= DELAY_NANO


def _why(one: Weighed, scene: Scene) -> tuple[str, ...]:
    if one.is_tied:
        return one.reasons
    where = f" of {', '.join(sorted(scene.services))}, where it begins" if scene.services else ""
    return (*one.reasons, f"nothing in it ties it to the failure{where}")


def _fact(candidate: Candidate, scene: Scene) -> Location | None:
    """Where its syntax does what can bring such a symptom about."""
    for kind in candidate.kinds_bringing(scene.symptoms):
        if kind.at:
            return Location(kind.at[0].path, kind.at[0].line, kind.at[0].function)
    return None


def why_not(one: Weighed, leader: Weighed) -> tuple[str, ...]:
    """What speaks for the first and not for this one, or less; the most telling first."""
    lacking = []
    for name, (told, gain) in leader.gains.items():
        own = one.gains.get(name)
        verb = "less than the first one" if own else "unlike the first one, not this"
        lacking.append((gain - (own[1] if own else 0.0), f"{verb}: {told}"))
    lacking.sort(reverse=True)
    return tuple(f"{told} ({-less:+.1f} dB)" for less, told in lacking[:MOST_LACKING] if less >= LEAST_LACKING_DB)


def service_of(culprit: Candidate, scene: Scene) -> str | None:
    """The one service that the change belongs to and at which it may have begun."""
    if culprit.service in scene.services:
        return culprit.service
    possible = (culprit.services or culprit.rides) & scene.services
    return next(iter(possible)) if len(possible) == 1 else None


def remedy_of(culprit: Candidate, scene: Scene) -> str:
    """A statement for which the schema is not there waits for its migration; settings are set back; else roll back."""
    if "relation" in scene.symptoms and any(kind.name in ("query-added", "migration") for kind in culprit.kinds):
        return "roll-forward"
    if words.is_setting_only(culprit.paths):
        return "config-revert"
    return "rollback"


def _freshness(candidate: Candidate, onset: int) -> float:
    """How many culprits have not yet shown themselves at this age: 1 when just deployed, a half after DELAY.

    What the freshest one lacks goes to "none of them". Among the changes it counts squared, which is the density of
    that distribution: the onset came at this age and no other.
    """
    return 1 / (1 + max(0, onset - candidate.since) / DELAY_NANO)


def _possible(candidate: Candidate, window: TimeWindow) -> float:
    """The part of the onset's window that is left when the change goes live: before that it did nothing."""
    return min(1.0, (max(0, window.end - candidate.since) + 1) / (window.end - window.start + 1))


def _when(candidate: Candidate, onset: int) -> str:
    verb = "live" if candidate.live_at else "committed"
    return f"{verb} {_ago(onset - candidate.since)} before the onset ({iso(candidate.since)})"


def _ago(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
