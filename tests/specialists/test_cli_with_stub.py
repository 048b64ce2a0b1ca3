"""`dcr investigate --model` from the command line to the stub and back."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import Dcr, Shop, dcr, shop, state  # noqa: F401 (fixtures)
from conversation.telemetry import write_traces
from specialists.stubs.gemini import fails, says
from specialists.stubs.server import stub as gemini_stub
from specialists.test_second_round import many
from specialists.tools.at_hand import repository

KEY = "nonsense-0123456789"


def test_the_answer_is_printed_with_its_citations_checked(dcr: Dcr, shop: Shop) -> None:  # noqa: F811
    claims = [
        {"text": "overlap", "citations": [{"ref": "LOCK001-1", "quote": "its 2,000 ms lease"}]},
        {"text": "made up", "citations": [{"ref": "NOPE001-9", "quote": "the network was slow"}]},
    ]
    cause = {"type": "resource", "description": "clock skew", "confidence": 0.9, "claims": claims}
    with gemini_stub(says(json.dumps({"root_causes": [cause], "narrative": "The clock."}))) as stub:
        run = dcr(
            "investigate", shop.evidence, "--model", "gemini-4-argon", "--json",
            GEMINI_API_KEY=KEY, DCR_GOOGLE_BASE_URL=stub.url,
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    _missing_files, analysis = stub.seen
    assert "LOCK001-1" in analysis.body and KEY not in run.stdout
    assert "NOPE001-9" in run.stdout and "not in the brief" in run.stdout
    assert json.loads(run.stdout)["suspects"]


def test_a_file_that_the_ranking_missed_is_asked_for_and_sent_and_both_calls_are_counted(
    dcr: Dcr,  # noqa: F811
    tmp_path: Path,
) -> None:
    evidence = tmp_path / "evidence"
    gold = {"src/clock/drift.py": "def skewed(now):\n    return now + DRIFT  # every host adds its own\n"}
    repository(evidence / "payment", many("renew_lease", 12) | gold)
    write_traces(evidence / "traces.jsonl", ["payment"])
    wants = json.dumps({"files": [{"path": "payment/src/clock/drift.py", "why": "where clocks meet"}]})
    citation = {"ref": "payment/src/clock/drift.py:2", "quote": "return now + DRIFT"}
    claims = [{"text": "it drifts", "citations": [citation]}]
    cause = {"type": "code", "description": "the clock", "confidence": 0.9, "claims": claims}
    with gemini_stub(says(wants), says(json.dumps({"root_causes": [cause]}))) as stub:
        stubbed = {
            "GEMINI_API_KEY": KEY, "DCR_GOOGLE_BASE_URL": stub.url, "DCR_BRIEF_TOKENS": "6000",
            "DCR_STATE_DIR": str(tmp_path / "state"),
        }  # fmt: skip
        question = "Why does payment renew its lease late?"
        run = dcr("investigate", evidence, "--question", question, "--json", **stubbed)
        ledger = dcr("ledger", "--json", **stubbed)
    assert run.returncode == 0, run.stderr
    names, analysis = stub.seen
    assert "return now + DRIFT" not in names.body and "drift.py" in names.body, "only the outline shows it"
    brief, asked = (part["parts"][0]["text"] for part in analysis.json["contents"])
    assert "return now + DRIFT" not in brief and "return now + DRIFT" in asked
    specialist = json.loads(run.stdout)["specialist"]
    assert specialist["problems"] == [] and specialist["analysis"]["root_causes"][0]["confidence"] == 0.9
    assert specialist["second_round"]["added"][0]["id"] == "code:payment/src/clock/drift.py"
    assert specialist["usage"]["input_tokens"] == 2 * 1200
    (row,) = json.loads(ledger.stdout)["escalations"]
    assert (row["calls"], row["input_tokens"], row["output_tokens"]) == (2, 2 * 1200, 2 * 300)
    assert row["dollars"] == specialist["dollars"]


def test_a_failing_provider_is_exit_4_and_the_local_diagnosis_is_printed(dcr: Dcr, shop: Shop) -> None:  # noqa: F811
    with gemini_stub(fails(500, "backend exploded", "INTERNAL")) as stub:
        run = dcr(
            "investigate", shop.evidence, "--model", "gemini-4-argon", "--json",
            GEMINI_API_KEY=KEY, DCR_GOOGLE_BASE_URL=stub.url,
        )  # fmt: skip
    assert run.returncode == 4
    assert "backend exploded" in run.stderr
    assert json.loads(run.stdout)["verdict"]["service"] == "payment"
