"""Golden suspects: cases/*.toml hold findings and who calls whom, and who has to come out on top and why."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.diagnosis.chains import order
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.ruled_out import ruled_out
from deep_code_reasoning.diagnosis.service_graph import closure
from deep_code_reasoning.diagnosis.suspects import Ranking, rank, with_commit
from deep_code_reasoning.diagnosis.weighing import weigh
from deep_code_reasoning.finding import Finding, Location, Subject, Support, Suspect
from deep_code_reasoning.incident import TimeWindow

CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def finding(row: dict[str, Any]) -> Finding:
    subject = {name: row[name] for name in ("service", "operation", "resource", "host", "peer") if name in row}
    if "file" in row:
        subject["location"] = Location(row["file"])
    return Finding(
        code=row["id"].split("-")[0],
        title=row.get("title", f"{row['id']} at {row.get('service')}"),
        severity=row.get("severity", "warning"),
        role=row.get("role", "cause"),
        subject=Subject(**subject),
        interval=TimeWindow(row["begins"], row["begins"] + 1) if "begins" in row else None,
        numbers=row.get("numbers", {}),
        support=Support(*row["support"]) if "support" in row else None,
        id=row["id"],
    )


def outcomes(case: dict[str, Any]) -> Outcomes:
    told = dict(case.get("outcomes", {}))
    ends = tuple(told.pop("ends", ()))
    return Outcomes(
        **{"incident_traces": 300, "symptomatic": 140, "incident_abnormal": 140} | told, symptomatic_ends=ends
    )


def ranked(case: dict[str, Any], findings: list[Finding]) -> Ranking:
    callees = closure(tuple(edge) for edge in case.get("calls", []))
    return rank(order(weigh(findings, outcomes(dict(case))), callees))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_right_one_is_first(path: Path) -> None:
    case, expected = read(path), read(path)["expected"]
    ranking = ranked(case, [finding(row) for row in case["finding"]])
    names = [suspect.service or suspect.resource for suspect in ranking.suspects]
    if "order" in expected:
        assert names[: len(expected["order"])] == expected["order"]
    if not ranking.suspects:
        assert expected["unknown"][0] <= ranking.unknown
        return
    first = ranking.suspects[0]
    low, high = expected["score"]
    assert low <= first.score <= high, f"{first.score} for {names[0]}, unknown {ranking.unknown:.2f}"
    assert expected.get("kind", first.kind) == first.kind
    assert set(expected.get("for", [])) <= {argument.finding for argument in first.in_favour}
    for service, findings in expected.get("against", {}).items():
        suspect = next(s for s in ranking.suspects if s.service == service)
        assert set(findings) <= {argument.finding for argument in suspect.against}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_who_is_ruled_out_and_with_which_counts(path: Path) -> None:
    case, expected = read(path), read(path)["expected"]
    findings = [finding(row) for row in case["finding"]]
    told = outcomes(dict(case))
    found = order(weigh(findings, told), closure(tuple(edge) for edge in case.get("calls", [])))
    reasons = {one.finding: one.reason for one in ruled_out(findings, told, found, rank(found))}
    for finding_id, words in expected.get("ruled_out", {}).items():
        assert words in reasons[finding_id]
    assert not set(expected.get("not_ruled_out", [])) & set(reasons)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_order_in_which_the_rules_ran_does_not_matter(path: Path) -> None:
    case = read(path)
    findings = [finding(row) for row in case["finding"]]
    expected = ranked(case, findings).suspects
    for seed in range(5):
        shuffled = random.Random(seed).sample(findings, len(findings))
        assert ranked(case, shuffled).suspects == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_score_is_what_the_arguments_add_up_to(path: Path) -> None:
    case = read(path)
    ranking = ranked(case, [finding(row) for row in case["finding"]])
    assert sum(suspect.score for suspect in ranking.suspects) + ranking.unknown == pytest.approx(1.0, abs=0.001)
    for suspect, with_case in zip(ranking.suspects, ranking.cases, strict=True):
        added = sum(argument.weight for argument in (*suspect.in_favour, *suspect.against))
        assert added == pytest.approx(with_case.weight, abs=0.01)


def suspect(rank: int, service: str, score: float) -> Suspect:
    return Suspect(rank, "code", score, f"{service} fails", service=service)


def test_a_commit_to_blame_brings_its_service_to_the_front() -> None:
    ranked = with_commit([suspect(1, "shop", 0.4), suspect(2, "stock", 0.2)], "abc", "stock", 0.8)
    assert [(one.rank, one.service, one.kind, one.commit, one.score) for one in ranked] == [
        (1, "stock", "change", "abc", 0.8),
        (2, "shop", "code", None, 0.1),
    ]


def test_a_commit_of_a_service_that_nothing_suspects_is_a_suspect_of_its_own() -> None:
    ranked = with_commit([suspect(1, "shop", 0.4)], "abcdef", "stock", 0.6)
    assert [(one.rank, one.service, one.commit, one.score) for one in ranked] == [
        (1, "stock", "abcdef", 0.6),
        (2, "shop", None, 0.16),
    ]


def test_a_commit_whose_service_nobody_knows_goes_with_the_first_suspect() -> None:
    ranked = with_commit([suspect(1, "shop", 0.7), suspect(2, "stock", 0.2)], "abc", None, 0.6)
    assert [(one.service, one.commit, one.score) for one in ranked] == [("shop", "abc", 0.7), ("stock", None, 0.2)]
