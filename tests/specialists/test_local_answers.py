"""What the local analyst makes of a message: the things it names, the names it does not know, what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.incident_tables import SHA, diagnosis, tables
from deep_code_reasoning.context.brief import build_brief
from deep_code_reasoning.finding import Diagnosis, Verdict
from deep_code_reasoning.incident import Incident
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.citations import Sources, check_citations
from deep_code_reasoning.specialists.local_answers import answer_locally


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("What is lease-overlap-1?", "seen in 40 of 44 symptomatic"),
        ("tell me about LEASE-OVERLAP-1.", "two holders of one lease"),
        ("Why suspect 1?", "for lease-overlap-1, +12.5 decibans: 40 of 44 failures"),
        ("Is payment to blame?", "lease-overlap-1: lease-overlap, critical"),
        ("What does charge do wrong?", "payment renews its lease late"),
        ("Look at payment.py:142", "lease-overlap-1"),
        (f"Did {SHA[:9]} do it?", "change 1: commit 9fceb02"),
        (f"And {SHA}?", "touched lease.py"),
    ],
)
def test_what_a_message_names_is_looked_up(message: str, told: str) -> None:
    narrative = answer_locally(diagnosis(3), message).narrative
    assert told in narrative and "It does not read code or logs" in narrative
    assert "names nothing" not in narrative and "Not in this diagnosis" not in narrative


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ("What of NOPE001-9?", "NOPE001-9"),
        ("Did deadbeef1 do it?", "deadbeef1"),
        ("See src/other/thing.go:12", "src/other/thing.go:12"),
        ("Why suspect 7?", "suspect 7"),
    ],
)
def test_a_name_that_nothing_has_is_said_to_be_unknown(message: str, unknown: str) -> None:
    assert f"Not in this diagnosis: {unknown}." in answer_locally(diagnosis(3), message).narrative


@pytest.mark.parametrize("message", ["", "Why?", "Could it be the weather?", "Is a-paymentlike thing discharged?"])
def test_without_a_name_it_says_what_it_can_be_asked(message: str) -> None:
    answer = answer_locally(diagnosis(3), message)
    assert "names nothing that the diagnosis holds" in answer.narrative and answer.root_causes == []
    assert "lease-overlap-1, retry-storm-1" in answer.narrative and "services (payment, gateway)" in answer.narrative


def test_one_finding_is_told_alone_a_service_with_all_of_its_own() -> None:
    assert "lease-overlap" not in answer_locally(diagnosis(3), "retry-storm-2?").narrative
    about_gateway = answer_locally(diagnosis(3), "And the gateway?").narrative
    assert "retry-storm-1:" in about_gateway and "retry-storm-2:" in about_gateway


def test_what_it_cites_holds(tmp_path: Path) -> None:
    with tables(tmp_path) as evidence:
        brief = build_brief(evidence, diagnosis(3), budget_tokens=8_000, work=Work())
    answer = answer_locally(diagnosis(3), "payment")
    assert answer.root_causes
    assert check_citations(answer, Sources(brief.text))[1] == ()


@given(st.text())
def test_it_answers_anything_the_same_way_twice(message: str) -> None:
    first = answer_locally(diagnosis(2), message)
    assert first == answer_locally(diagnosis(2), message) and first.narrative


def test_an_empty_diagnosis_has_nothing_to_say() -> None:
    nothing = Diagnosis("none", Verdict("none", "nothing abnormal", 0.9), Incident())
    assert "nothing: no finding was made" in answer_locally(nothing, "payment?").narrative
