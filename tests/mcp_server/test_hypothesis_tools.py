"""The two tools about hypotheses through the SDK's own client: every form of the call, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from deep_code_reasoning.demo import generate
from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import ERAS, call, drive, error_line

pytestmark = pytest.mark.slow
SCOPE = {"files": ["lease_keeper.py"], "entry_points": [{"file": "lease_keeper.py", "line": 1}]}
CONTEXT = {
    "attempted_approaches": ["Checked for deadlocks", "read <everything> { twice }"],
    "partial_findings": [{"type": "clock skew", "location": "worker-06"}, "GC pauses in inventory", 3],
    "stuck_description": "Can't trace execution across service boundaries",
    "code_scope": {"files": []},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    work = tmp_path_factory.mktemp("server") / "work"
    work.mkdir()
    generate("lease-expiry", work / "incident", size_bytes=10_000_000)
    yield work


def answered(folder: Path, tool: str, arguments: dict[str, Any], **how: Any) -> dict[str, Any]:
    result = call(folder, tool, arguments, **how)
    assert not result.is_error, result.content
    Draft202012Validator(catalogue.tools()[tool].output_schema or {}).validate(result.structured_content)
    return result.structured_content


@pytest.mark.parametrize("era", ERAS)
def test_a_hypothesis_in_the_original_servers_words(folder: Path, era: str) -> None:
    arguments = {
        "hypothesis": "The lease expires before payment on worker-06 renews it",
        "codeScope": {"files": ["lease_keeper.py"], "entryPoints": SCOPE["entry_points"]},
        "testApproach": "simulate <a> clock { skew }",
        "evidence": ["incident"],
    }
    found = answered(folder, "hypothesis_test", arguments, era=era)
    assert found["verdict"] == "supported"
    assert found["nothing_was_run"] is True
    assert "Nothing was run" in found["narrative"]
    assert "test approach was not carried out" in found["narrative"]
    assert [one["result"] for one in found["predictions"]] == ["held"] * found["held"]
    assert found["cost"]["dollars"] == 0
    assert found["specialist"]["provider"] == "local"


def test_several_hypotheses_on_what_was_loaded(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        await client.call_tool("load_evidence", {"evidence": ["incident"]})
        return [
            await client.call_tool(
                "hypothesis_test",
                {"hypothesis": text, "code_scope": SCOPE, "test_approach": "look", "model": "local"},
            )
            for text in ("GC pauses in inventory", "sunspots")
        ]

    refuted, unknown = (result.structured_content for result in drive(folder, conversation))
    assert refuted["verdict"] == "refuted"
    assert "does not explain them" in refuted["reason"]
    assert refuted["probability"] <= 0.07
    assert (unknown["verdict"], unknown["probability"]) == ("inconclusive", None)
    assert "a deadlock" in unknown["can_be_tested"]


def test_a_tournament(folder: Path) -> None:
    arguments = {
        "claude_context": CONTEXT,
        "issue": "Payments fail under high load",
        "tournament_config": {"max_hypotheses": 6, "max_rounds": 3, "parallel_sessions": 4},
        "evidence": ["incident"],
    }
    found = answered(folder, "run_hypothesis_tournament", arguments)
    assert "worker-06" in found["winner"]
    assert found["nothing_was_run"] is True
    assert found["ranking"][0]["verdict"] == "supported"
    verdicts = {one["statement"]: one["verdict"] for one in found["ranking"]}
    assert verdicts["GC pauses in inventory"] == "refuted"
    assert found["rounds"][0]["refuted"]
    assert any("read <everything>" in note for note in found["notes"])


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("hypothesis_test", {}, "hypothesis: missing; expected what you believe"),
    ("hypothesis_test", {"hypothesis": "x"}, "code_scope: missing; expected {files"),
    ("hypothesis_test", {"hypothesis": "x", "code_scope": {}, "test_approach": "y"}, "code_scope.files: missing"),
    ("hypothesis_test", {"hypothesis": " ", "code_scope": SCOPE, "test_approach": "y"}, "hypothesis: empty"),
    ("hypothesis_test", {"hypothesis": "x", "code_scope": SCOPE}, "test_approach: missing"),
    ("run_hypothesis_tournament", {"claude_context": CONTEXT}, "issue: missing"),
    ("run_hypothesis_tournament", {"issue": "x"}, "claude_context: missing"),
    (
        "run_hypothesis_tournament",
        {"issue": "x", "claude_context": CONTEXT, "tournament_config": {"max_hypotheses": 1}},
        "max_hypotheses: 1; expected a number from 2 to 20",
    ),
    (
        "run_hypothesis_tournament",
        {"issue": "x", "claude_context": CONTEXT, "tournamentConfig": {"maxRounds": 6}},
        "max_rounds: 6; expected a number from 1 to 5",
    ),
    (
        "run_hypothesis_tournament",
        {"issue": "x", "claude_context": CONTEXT, "tournament_config": {"parallel_sessions": 11}},
        "parallel_sessions: 11; expected a number from 1 to 10",
    ),
    (
        "hypothesis_test",
        {"hypothesis": "x", "code_scope": SCOPE, "test_approach": "y", "evidence": ["/etc"]},
        "/etc",
    ),
]


def test_bad_input_is_one_line_that_says_what_was_tried(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in BAD]

    for (_, arguments, line), result in zip(BAD, drive(folder, conversation), strict=True):
        assert line in error_line(result), arguments
