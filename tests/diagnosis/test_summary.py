"""What an on-call engineer reads first: prose with counts, no certainty, few actions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from deep_code_reasoning.diagnosis.actions import MOST_ACTIONS
from deep_code_reasoning.diagnosis.chains import order
from deep_code_reasoning.diagnosis.changes import Culprit
from deep_code_reasoning.diagnosis.outcomes import Outcomes
from deep_code_reasoning.diagnosis.ruled_out import ruled_out
from deep_code_reasoning.diagnosis.service_graph import closure
from deep_code_reasoning.diagnosis.suspects import rank
from deep_code_reasoning.diagnosis.verdict import verdict
from deep_code_reasoning.diagnosis.weighing import weigh
from deep_code_reasoning.diagnosis.wording import clause, innocence, listed
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support, Verdict
from deep_code_reasoning.incident import Incident, TimeWindow, parse_instant
from diagnosis.test_suspects import finding

CASE = Path(__file__).parent / "cases" / "skew_breaks_a_lease.toml"
LEASE = Finding(
    code="LOCK001",
    title="payment renews late",
    severity="critical",
    role="cause",
    subject=Subject(service="payment", host="worker-6", peer="lock"),
    numbers={
        "overlaps": 60, "overlaps_without_skew": 0, "overlaps_without_skew_error": 0, "late_renewals": 60,
        "late_by_skew": 60, "late_ms": 55.2, "ttl_ms": 2000.0, "renew_margin_ms": 150.0, "offset_ms": -199.0,
        "error_ms": 0.2, "lock_host": "worker-8",
    },
    evidence=(Evidence("span:aa/bb"),),
    support=Support(138, 140, 130, 2000),
    id="LOCK001-1",
)  # fmt: skip
OUTCOMES = Outcomes(
    incident_traces=300, incident_abnormal=140, symptomatic=140, baseline_traces=2000, baseline_abnormal=2,
    failing=140, failing_entries=140, symptom="at_entry",
)  # fmt: skip
ONSET = TimeWindow(parse_instant("2026-10-13T09:24:41Z"), parse_instant("2026-10-13T09:24:43Z"))


def told(culprit: Culprit = Culprit()) -> Verdict:  # noqa: B008 (frozen)
    case = tomllib.loads(CASE.read_text(encoding="utf-8"))
    findings = [LEASE if row["id"] == "LOCK001-1" else finding(row) for row in case["finding"]]
    found = order(weigh(findings, OUTCOMES), closure(tuple(edge) for edge in case["calls"]))
    ranking = rank(found)
    incident = Incident(incident=ONSET, onset=ONSET, origin="onset")
    acquitted = ruled_out(findings, OUTCOMES, found, ranking)
    return verdict(incident, found, ranking, culprit, OUTCOMES, ("gateway", "order"), acquitted)


def test_the_paragraph_says_what_where_why_how_sure_and_whether_a_change_did_it() -> None:
    summary = told(
        Culprit(none=0.97, considered=9, innocent=("pricing 0510d105d3d5 (deployed 13 min before)",))
    ).summary
    assert summary.startswith("140 of 300 traces (46.7%) failed; before it was 2 of 2,000 (0.1%).")
    assert "It begins at payment, between 09:24:41 and 09:24:43 UTC on 2026-10-13; gateway and order are hit" in summary
    assert "the clock of worker-6 runs 199.0 ± 0.2 ms behind that of worker-8" in summary
    assert "renews its 2,000 ms lease 55 ms after it ran out in spite of a margin of 150 ms" in summary
    assert "60 of its holds overlap with another's (with the clocks equal 0 of 60 overlaps remain)" in summary
    assert "traffic surge at gateway is only the trigger" in summary
    assert summary.endswith(
        "No change is to blame (97%); pricing 0510d105d3d5 (deployed 13 min before) touched nothing that the findings"
        " name."
    )


def test_it_is_short_and_claims_no_certainty() -> None:
    summary = told().summary
    assert len(re.findall(r"\.(?:\s|$)", summary)) <= 6
    assert "100%" not in summary and " 0%" not in summary
    assert "hence" not in summary


def test_the_trigger_and_the_counterfactual_are_not_told_twice() -> None:
    summary = told().summary
    assert summary.count("the clock of worker-6") == 1
    assert summary.count("traffic surge") == 1


def test_actions_are_few_start_with_the_cause_and_name_what_to_open() -> None:
    actions = told().actions
    assert 1 <= len(actions) <= MOST_ACTIONS
    assert actions[0].startswith("clock skew at worker-6")
    assert actions[1].endswith("Open: dcr show span:aa/bb")


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_read_as_prose(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_a_finding_that_no_clause_fits_is_told_by_its_title() -> None:
    bare = Finding("LOCK001", "two hold it", "critical", "cause", Subject(service="payment"))
    assert clause(bare) == "two hold it"
    assert innocence(bare) == ""


def test_an_offset_is_told_with_its_direction() -> None:
    ahead = Finding(
        "TIME001", "t", "critical", "cause", Subject(host="a", peer="b"), numbers={"offset_ms": 7.25, "error_ms": 0.5}
    )
    assert clause(ahead) == "the clock of a runs 7.2 ± 0.5 ms ahead of that of b"
