"""Looks a prediction up: in the findings and ranked changes of the diagnosis, or by a query over the evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis import evidence_model as model
from deep_code_reasoning.diagnosis.weighing import UNCOUNTED_DB, in_words
from deep_code_reasoning.diagnosis.wording import label
from deep_code_reasoning.errors import CancelledError, QueryRefusedError, UsageError
from deep_code_reasoning.experiments.claims import pattern_named
from deep_code_reasoning.experiments.prediction import (
    ChangeCheck,
    FindingCheck,
    Observation,
    Prediction,
    SqlCheck,
    Unobservable,
)
from deep_code_reasoning.experiments.scene import Scene, repository_name
from deep_code_reasoning.finding import Finding, RankedChange

if TYPE_CHECKING:
    from deep_code_reasoning.experiments.claims import Pattern
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

ROW_LIMIT = 1_000
MOST_SECONDS = 20.0
MOST_SQL = 20_000
_REFERENCES = 3
_BAD = "failing"


@dataclass(frozen=True)
class QueryLimits:
    """Of one statement; a prediction may take two, where it is held against the baseline."""

    rows: int = ROW_LIMIT
    seconds: float = MOST_SECONDS


def look_up(
    prediction: Prediction, scene: Scene, tables: Tables | None, limits: QueryLimits, work: Work
) -> Observation | Unobservable:
    """`tables` belongs to this thread; None where no query is to be run. Raises CancelledError."""
    check = prediction.check
    if isinstance(check, FindingCheck):
        return _finding(check, scene)
    if isinstance(check, ChangeCheck):
        return _change(check, scene)
    if tables is None:
        return Unobservable("no tables to query", "failed")
    return _query(check, scene, tables, limits, work)


def _finding(check: FindingCheck, scene: Scene) -> Observation | Unobservable:
    everywhere = [one for one in scene.diagnosis.findings if one.code == check.code]
    pattern = pattern_named(check.kind)
    only_own = pattern.only_own if pattern else False
    here = [one for one in everywhere if scene.is_at(one, check.places, only_own=only_own) and _is_about(one, pattern)]
    if check.aspect == "found":
        return _found(check, here, everywhere, scene)
    if not here:
        return Unobservable(f"{check.code} found nothing there that could be judged")
    if check.aspect == "cause":
        return _cause(here, scene)
    if check.aspect == "linked":
        return _linked(here, scene)
    return _counts(here, scene) if check.aspect == "counts" else _rival(here, scene)


def _found(
    check: FindingCheck, here: Sequence[Finding], everywhere: Sequence[Finding], scene: Scene
) -> Observation | Unobservable:
    if not here and (why := _why_unseen(check, scene)):
        return Unobservable(f"{check.code} could not have seen it: {why}")
    if here:
        told = "; ".join(one.title for one in here[:_REFERENCES])
        weight = None if any(_is_counted(one) for one in here) else max(UNCOUNTED_DB[one.severity] for one in here)
        return _seen("findings", len(here), f"{_ids(here)}: {told}", weight or 0.0, here)
    if everywhere:
        return _seen("findings", 0, f"it was found elsewhere only: {', '.join(label(one) for one in everywhere)}")
    return _seen("findings", 0, f"{check.code} looked and found nothing")


def _is_about(finding: Finding, pattern: Pattern | None) -> bool:
    if pattern is None or not pattern.about:
        return True
    subject = finding.subject
    said = (finding.title, subject.resource or "", subject.operation or "", *map(str, finding.numbers.values()))
    return bool(re.search(pattern.about, " ".join(said).lower()))


def _why_unseen(check: FindingCheck, scene: Scene) -> str:
    from deep_code_reasoning.detectors.registry import rule

    code = check.code
    try:
        needs: Sequence[str] = rule(code).needs
    except UsageError:
        return f"there is no detector {code}"
    if code in scene.failed_rules:
        return scene.failed_rules[code]
    pattern = pattern_named(check.kind)
    if why := scene.lacks(needs, pattern.names if pattern else {}, check.places):
        return why
    windows = scene.diagnosis.incident
    if pattern and pattern.compares and not (windows.baseline and windows.incident):
        return "it compares the incident with a baseline, and there are no such windows"
    return "" if needs or scene.filled else "there is nothing in the evidence"


def _cause(here: Sequence[Finding], scene: Scene) -> Observation | Unobservable:
    if scene.diagnosis.verdict.kind == "none":
        return Unobservable(f"nothing abnormal was found that would need a cause ({scene.diagnosis.verdict.summary})")
    acquitted = {one.finding: one.reason for one in scene.diagnosis.ruled_out}
    left = [one for one in here if one.id not in acquitted]
    told = f"{_ids(left)} is not ruled out" if left else "ruled out: " + "; ".join(acquitted[one.id] for one in here)
    return _seen("not_ruled_out", len(left), told, 0.0, left or here)


def _counts(here: Sequence[Finding], scene: Scene) -> Observation | Unobservable:
    counted = [one for one in here if _is_counted(one)]
    if not counted:
        return Unobservable("its findings were not counted over traces")
    strongest = max(counted, key=lambda one: strength(one, scene))
    weight = strength(strongest, scene)
    assert strongest.support is not None
    told = f"{strongest.id}: {in_words(strongest.support, _BAD)}, {weight:+.1f} dB"
    return _seen("weight_db", round(weight, 2), told, weight, (strongest,))


def _linked(here: Sequence[Finding], scene: Scene) -> Observation | Unobservable:
    """What it adds to the likeliest suspect that it speaks for; the diagnosis has discounted it for the others."""
    ids = {one.id for one in here}
    for suspect in scene.diagnosis.suspects:
        if said := [one for one in suspect.in_favour if one.finding in ids]:
            best = max(said, key=lambda one: one.weight)
            return _seen("weight_db", round(best.weight, 2), f"{best.finding}: {best.reason}", best.weight, here)
    return Unobservable("it speaks for no suspect of the diagnosis")


def strength(finding: Finding, scene: Scene) -> float:
    """What its counts speak for it as a cause, in decibans; where the diagnosis found more by a link, that."""
    own = model.weight_of(finding.support) if finding.support else UNCOUNTED_DB[finding.severity]
    said = [
        argument.weight
        for suspect in scene.diagnosis.suspects
        for argument in suspect.in_favour
        if argument.finding == finding.id
    ]
    return min(model.CAP_DB, max([own, *said]))


def _rival(here: Sequence[Finding], scene: Scene) -> Observation | Unobservable:
    """The likeliest suspect in whose favour none of the findings speaks; its odds are what speaks against them."""
    if not scene.diagnosis.suspects:
        return Unobservable("the diagnosis has no suspects")
    own = {one.id for one in here}
    rivals = [one for one in scene.diagnosis.suspects if own.isdisjoint(a.finding for a in one.in_favour)]
    if not rivals:
        return _seen("rival_probability", 0.0, "no other suspect", 0.0)
    first = max(rivals, key=lambda one: one.score)
    weight = -_odds_db(first.score) if first.score > 0.5 else 0.0
    return _seen("rival_probability", round(first.score, 4), f"{first.score:.0%}: {first.summary}", weight)


def _change(check: ChangeCheck, scene: Scene) -> Observation | Unobservable:
    changes, blamed = scene.diagnosis.changes, scene.diagnosis.verdict
    if not changes:
        none = "there are no commits and no deploys in the evidence"
        return Unobservable(none if not scene.filled & {"commits", "deploys"} else "no change could be ranked")
    meant = [
        one
        for one in changes
        if (not check.shas or any(one.sha.startswith(sha) for sha in check.shas))
        and (not check.services or _is_of(one, check.services, scene))
    ]
    share = min(1.0, sum(one.score for one in meant))
    counted = f"{len(meant)} of {len(changes)} ranked changes, {share:.0%} together"
    rest = scene.diagnosis.no_change
    told = counted + (f"; none of the changes: {rest:.0%}" if rest is not None else "")
    if blamed.commit and blamed.commit not in {one.sha for one in meant}:
        told += f"; blamed is {blamed.commit[:12]}"
    refs = tuple(f"commit:{one.repository}@{one.sha}" for one in meant[:_REFERENCES])
    seen = _seen("probability", round(share, 4), told, _odds_db(share))
    return replace(seen, evidence=refs)


def _is_of(change: RankedChange, places: Collection[str], scene: Scene) -> bool:
    """Of the service, of the repository of that name, or the one that the diagnosis blames for what begins there."""
    blamed = scene.diagnosis.verdict
    named = {change.service, repository_name(change.repository)}
    if change.sha == blamed.commit:
        named.add(blamed.service)
    return not named.isdisjoint(places)


def _query(
    check: SqlCheck, scene: Scene, tables: Tables, limits: QueryLimits, work: Work
) -> Observation | Unobservable:
    from deep_code_reasoning.store.query import run_query

    if len(check.sql) > MOST_SQL:
        return Unobservable(f"the statement has more than {MOST_SQL:,} characters", "refused")
    windows = scene.diagnosis.incident
    placed = "{from_ns}" in check.sql or "{to_ns}" in check.sql
    if placed and windows.incident is None:
        return Unobservable("it asks for the incident's window, and none was found")

    def asked(window: TimeWindow | None) -> Observation:
        sql = check.sql
        if window is not None:
            sql = sql.replace("{from_ns}", str(window.start)).replace("{to_ns}", str(window.end))
        result = run_query(tables, sql, row_limit=limits.rows, seconds=limits.seconds, work=work)
        return Observation(result.columns, result.rows, result.truncated)

    try:
        seen = asked(windows.incident if placed else None)
        if placed and "{from_ns}" in check.sql and "{to_ns}" in check.sql and windows.baseline:
            seen = replace(seen, before=asked(windows.baseline))
        return seen
    except QueryRefusedError as error:
        said = str(error)
        return Unobservable(said, "too_slow" if "time limit" in said else "refused")
    except CancelledError:
        work.check()  # interrupted, and not by the caller
        return Unobservable("the query was interrupted", "failed")
    except Exception as error:  # a statement that the engine cannot bear costs its own prediction only
        return Unobservable(f"the query failed: {type(error).__name__}", "failed")


def _seen(
    column: str, value: float, told: str, weight: float | None = None, findings: Sequence[Finding] = ()
) -> Observation:
    refs = [*(one.id for one in findings), *(ref.ref for one in findings for ref in one.evidence[:1])]
    return Observation((column,), ((value,),), False, weight, None, told, tuple(refs[: 2 * _REFERENCES]))


def _ids(findings: Sequence[Finding]) -> str:
    more = len(findings) - _REFERENCES
    return ", ".join(one.id for one in findings[:_REFERENCES]) + (f" and {more} more" if more > 0 else "")


def _is_counted(finding: Finding) -> bool:
    return finding.support is not None and finding.support.symptomatic > 0


def _odds_db(share: float) -> float:
    bounded = min(max(share, 1e-6), 1 - 1e-6)
    return 10 * math.log10(bounded / (1 - bounded))
