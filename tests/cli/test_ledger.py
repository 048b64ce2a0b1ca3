"""`dcr ledger` from a shell: listed, shown, judged, exported, learned from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.conftest import Dcr
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.measure import Measured
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.settings import EscalationThresholds
from deep_code_reasoning.specialists.port import Usage


@pytest.fixture
def escalation(state: Path) -> str:
    ledger = Ledger(state)
    id = ledger.begin_escalation(EscalationRequest(), decide(Measured(60, 0, (), None, 0), EscalationThresholds()))
    ledger.record_call(
        escalation_id=id, provider="google", model="gemini-3", task="cross_system", usage=Usage(1000, 50, 250),
        dollars=0.01, seconds=1.5,
    )  # fmt: skip
    ledger.finish_escalation(id, seconds=2.0, route="google has a key")
    return id


def test_an_outcome_is_reported_and_shown(dcr: Dcr, escalation: str) -> None:
    said = dcr("ledger", "outcome", escalation, "solved", "--minutes-saved", "40", "--cause-right", "--note", "a lease")
    assert said.stdout == "outcome: solved; the named cause was right; 40 minutes saved, as reported; a lease\n"
    shown = json.loads(dcr("ledger", "show", escalation, "--json").stdout)
    assert (shown["outcome"]["outcome"], shown["outcome"]["verified"]) == ("solved", None)
    text = dcr("ledger", "show", escalation).stdout
    assert "* files: 60, more than 50" in text
    assert "google has a key" in text and "gemini-3" in text


def test_the_list_has_totals(dcr: Dcr, escalation: str) -> None:
    run = dcr("ledger", "--since", "1h")
    assert escalation in run.stdout
    assert "escalations:" in run.stdout and re.search(r"\d+% cached", run.stdout)
    view = json.loads(dcr("ledger", "--json").stdout)
    assert view["schema"] == "ledger/1" and view["totals"]["escalations"] >= 1
    assert json.loads(dcr("ledger", "--json", "--since", "2999-01-01").stdout)["totals"]["escalations"] == 0


@pytest.mark.parametrize("format", ["json", "csv", "otlp"])
def test_every_format_is_exported(dcr: Dcr, escalation: str, format: str) -> None:
    assert "gemini-3" in dcr("ledger", "export", "--format", format).stdout or format == "csv"


def test_tuning_shows_what_it_needs_and_writes_nothing(dcr: Dcr, state: Path, escalation: str) -> None:
    run = dcr("ledger", "tune")
    assert run.returncode == 0
    assert "more are needed" in run.stdout
    assert not (state / "thresholds.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "esc-none"), "no escalation or conversation"),
        (("outcome", "esc-none", "solved"), "no escalation or conversation"),
        (("outcome", "esc-none", "great"), "great"),
        (("outcome", "esc-none", "solved", "--minutes-saved", "inf"), "expected a number of minutes"),
        (("--since", "yesterday"), "expected 30m"),
    ],
)
def test_bad_input_is_named_on_one_line(dcr: Dcr, arguments: tuple[str, ...], said: str) -> None:
    run = dcr("ledger", *arguments)
    assert run.returncode == 2
    assert said in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
