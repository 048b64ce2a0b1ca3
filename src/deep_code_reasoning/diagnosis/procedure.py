"""The whole way from tables to a diagnosis, one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.changes.candidates.absent_commits import absent_commits
from deep_code_reasoning.diagnosis.blast_radius import blast_radius
from deep_code_reasoning.diagnosis.chains import order
from deep_code_reasoning.diagnosis.changes import Culprit, KnownCode, rank_changes
from deep_code_reasoning.diagnosis.detection import detect
from deep_code_reasoning.diagnosis.differential.view import differential
from deep_code_reasoning.diagnosis.outcomes import outcomes_of
from deep_code_reasoning.diagnosis.ruled_out import ruled_out
from deep_code_reasoning.diagnosis.service_graph import callees_of
from deep_code_reasoning.diagnosis.suspects import Ranking, rank, with_commit
from deep_code_reasoning.diagnosis.verdict import is_quiet, nothing_abnormal, verdict
from deep_code_reasoning.diagnosis.weighing import weigh
from deep_code_reasoning.diagnosis.windows import Search, find_windows
from deep_code_reasoning.finding import Diagnosis, Finding
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

CHANGELESS = {"external": 1.0, "traffic": 1.0, "dependency": 0.7, "resource": 0.5}
"""How often a cause of this kind is there without anyone having changed the code: a pool that runs empty is as often
as not one that a change made too small. Judgements, not calibrated."""


def diagnose(
    tables: Tables,
    *,
    investigation: str,
    baseline: TimeWindow | None = None,
    incident: TimeWindow | None = None,
    question: str | None = None,
    unread: tuple[Unread, ...] = (),
    known: KnownCode = KnownCode(),  # noqa: B008 -- frozen
    work: Work,
) -> Diagnosis:
    """Finds the windows (those given stand), runs every rule, weighs what they saw, and says what is to blame.

    Rules that fail are added to `unread`. Raises CancelledError when the work was taken back.
    """
    work.report(Progress("diagnose", 0, 3, "steps", "looking for the onset"))
    search = find_windows(tables, baseline, incident, question, work)
    detected = detect(tables, search.incident, work)
    findings = detected.findings
    work.report(Progress("diagnose", 1, 3, "steps", "weighing the findings"))
    outcomes = outcomes_of(tables, detected.symptom)
    found = order(weigh(findings, outcomes), callees_of(tables))
    ranking = rank(found)
    unread = (*unread, *detected.failed)
    changed = differential(tables)
    if is_quiet(search, ranking, outcomes):
        said = nothing_abnormal(search, ranking, outcomes)
        # Who gives a window says that something happened: the likeliest are told, with how little speaks for them.
        suspects = ranking.suspects if search.incident.incident is not None else ()
        return Diagnosis(
            investigation,
            said,
            search.incident,
            suspects=suspects,
            findings=findings,
            unread=unread,
            differential=changed,
        )
    work.report(Progress("diagnose", 2, 3, "steps", "looking at the changes"))
    culprit = _culprit(tables, search, ranking, findings, known, work)
    unread += _absent(tables, search)
    acquitted = ruled_out(findings, outcomes, found, ranking)
    radius = _radius(tables, search, ranking, culprit)
    said = verdict(search.incident, found, ranking, culprit, outcomes, radius, acquitted)
    suspects = ranking.suspects
    if said.commit:
        suspects = with_commit(suspects, said.commit, culprit.service, culprit.score)
    work.report(Progress("diagnose", 3, 3, "steps"))
    return Diagnosis(
        investigation=investigation,
        verdict=said,
        incident=search.incident,
        suspects=suspects,
        changes=culprit.changes,
        findings=findings,
        ruled_out=acquitted,
        unread=unread,
        differential=changed,
        no_change=culprit.none if culprit.considered else None,
    )


def _culprit(
    tables: Tables, search: Search, ranking: Ranking, findings: tuple[Finding, ...], known: KnownCode, work: Work
) -> Culprit:
    changeless = sum(suspect.score * CHANGELESS.get(suspect.kind, 0.0) for suspect in ranking.suspects)
    return rank_changes(tables, search.incident, ranking.suspects, findings, changeless, known, work)


def _absent(tables: Tables, search: Search) -> tuple[Unread, ...]:
    window = search.incident.onset or search.incident.incident
    return absent_commits(tables, window.end) if window else ()


def _radius(tables: Tables, search: Search, ranking: Ranking, culprit: Culprit) -> tuple[str, ...]:
    service = culprit.service or next((suspect.service for suspect in ranking.suspects[:1]), None)
    if not service:
        return ()
    explained = [one.finding for chain in ranking.cases[0].chains for one in chain.effects]
    return blast_radius(tables, search.incident, service, explained)
