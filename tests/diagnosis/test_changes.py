"""Which change is to blame: never the latest for being the latest, none where nothing sets one apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.diagnosis.changes import Culprit, KnownCode, rank_changes
from deep_code_reasoning.finding import Argument, Finding, Location, Subject, Suspect
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

HOUR = 3_600_000_000_000
ONSET = 1_000 * HOUR

INCIDENT = Incident(
    TimeWindow(ONSET - 6 * HOUR, ONSET - HOUR), TimeWindow(ONSET, ONSET + HOUR), TimeWindow(ONSET - 60, ONSET)
)
SUSPECT = Suspect(
    1, "code", 0.9, "errors begin here", service="stock", in_favour=(Argument("ERR001-1", 20.0, "counted"),)
)
FINDINGS = (
    Finding(
        code="ERR001",
        title="errors begin in stock",
        severity="critical",
        role="cause",
        subject=Subject(service="stock", location=Location("app/stock/ReserveTable.java", 40, "Reserve.lockRows")),
        numbers={"error_type": "DeadlockDetected"},
        id="ERR001-1",
    ),
)


def commit(number: int, path: str, hours_before: float = 5, message: str = "work on it", **more: object) -> dict:
    return {
        "sha": f"{number:040x}",
        "repository": "shop",
        "service_name": more.pop("service_name", None),
        "time_unix_nano": int(ONSET - hours_before * HOUR),
        "message": message,
    } | {"_path": path}


def ranked(path: Path, commits: list[dict], deploys: list[dict] | None = None, without_change: float = 0.0) -> Culprit:
    files = [
        {
            "sha": c["sha"],
            "repository": c["repository"],
            "path": c["_path"],
            "status": "modified",
            "patch": f"+{c['message']}",
        }
        for c in commits
    ]
    changes = [{name: value for name, value in c.items() if name != "_path"} for c in commits]
    with tables_of(path, commits=changes, commit_files=files, deploys=deploys or []) as tables:
        return rank_changes(tables, INCIDENT, [SUSPECT], FINDINGS, without_change, KnownCode(), Work())


OTHERS = [commit(n, f"app/part{n}/File{n}.java", hours_before=6 + n) for n in range(2, 30)]


def test_the_change_of_the_failing_file_and_function_is_to_blame(tmp_path: Path) -> None:
    guilty = commit(1, "src/app/stock/ReserveTable.java", message="lockRows in reserve order", service_name="stock")
    culprit = ranked(tmp_path, [guilty, *OTHERS])
    assert culprit.sha == guilty["sha"]
    assert culprit.changes[0].score > culprit.none
    assert "touches the file that the findings name (1 of 29 changes" in " ".join(culprit.changes[0].reasons)
    assert culprit.service == "stock"


def test_the_latest_deploy_is_not_to_blame_for_being_the_latest(tmp_path: Path) -> None:
    latest = commit(1, "app/web/Menu.java", hours_before=0.1)
    deploys = [
        {
            "deploy_id": "d1",
            "time_unix_nano": int(ONSET - HOUR // 20),
            "service_name": "stock",
            "kind": "deployed",
            "sha": latest["sha"],
        }
    ]
    culprit = ranked(tmp_path, [latest, *OTHERS], deploys)
    assert culprit.sha is None
    assert culprit.none > 0.5


def test_a_change_after_the_onset_is_no_candidate(tmp_path: Path) -> None:
    late = commit(1, "app/stock/ReserveTable.java", hours_before=-1, message="lockRows")
    culprit = ranked(tmp_path, [late, *OTHERS])
    assert culprit.sha is None
    assert late["sha"] not in {change.sha for change in culprit.changes}


def test_a_commit_newer_than_what_was_deployed_was_not_live(tmp_path: Path) -> None:
    deployed, newer = commit(2, "a.java", 10), commit(1, "app/stock/ReserveTable.java", 1, "lockRows")
    deploys = [
        {
            "deploy_id": "d",
            "time_unix_nano": ONSET - HOUR,
            "service_name": "stock",
            "kind": "deployed",
            "sha": deployed["sha"],
        }
    ]
    culprit = ranked(tmp_path, [deployed, newer], deploys)
    assert newer["sha"] not in {change.sha for change in culprit.changes}


@pytest.mark.parametrize("path", ["docs/stock/ReserveTable.md", "app/stock/ReserveTableTest.java", "README.md"])
def test_documentation_and_tests_do_not_run_in_production(tmp_path: Path, path: str) -> None:
    inert = commit(1, path, hours_before=0.5, message="lockRows explained")
    assert ranked(tmp_path, [inert, *OTHERS]).sha is None


def test_a_cause_that_needs_no_change_speaks_for_none(tmp_path: Path) -> None:
    some = commit(1, "app/stock/ReserveTable.java")
    without = ranked(tmp_path / "a", [some, *OTHERS], without_change=0.0)
    despite = ranked(tmp_path / "b", [some, *OTHERS], without_change=0.999)
    assert despite.none > without.none
    assert despite.sha is None


def test_only_changes_that_mean_something_are_told_and_recent_innocents_say_why(tmp_path: Path) -> None:
    old = [commit(n, f"app/part{n}/File{n}.java", hours_before=24 * n) for n in range(2, 60)]
    recent = commit(1, "app/web/Menu.java", hours_before=0.2)
    culprit = ranked(tmp_path, [recent, *old], without_change=0.9)
    assert [change.sha for change in culprit.changes] == [recent["sha"]]
    assert culprit.changes[0].reasons[0].startswith("is not of a service where it begins")
    assert "nothing in it ties it to the failure of stock, where it begins" in culprit.changes[0].reasons
    assert culprit.innocent == (f"shop {recent['sha'][:12]} (committed 12 min before)",)
    assert culprit.considered == 59
    assert 0.5 < culprit.none <= 0.98


def test_many_recent_changes_are_told_ten_at_most(tmp_path: Path) -> None:
    assert len(ranked(tmp_path, [commit(n, f"a{n}.java", hours_before=1 + n / 10) for n in range(40)]).changes) == 10


def test_a_commit_is_of_the_service_that_its_repository_is_deployed_as(tmp_path: Path) -> None:
    deployed, older = commit(2, "a.java", 1), commit(1, "b.java", 2)
    deploys = [
        {
            "deploy_id": "d",
            "time_unix_nano": ONSET - HOUR // 2,
            "service_name": "till",
            "kind": "deployed",
            "sha": deployed["sha"],
        }
    ]
    assert {change.service for change in ranked(tmp_path, [deployed, older], deploys).changes} == {"till"}


def test_no_changes_no_culprit(tmp_path: Path) -> None:
    assert ranked(tmp_path, []) == Culprit()
