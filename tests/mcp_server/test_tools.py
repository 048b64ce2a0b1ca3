"""Every tool, good and bad input, on a real server process in both protocol eras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from conversation.telemetry import MORNING, SECOND, write_logs, write_traces
from conversation.test_request import CAMEL_CALL, MISSION_CALL
from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import ERAS, call, drive, error_line

SERVICES = ["cart", "mail", "order", "payment"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with traces of four services and a log."""
    work = tmp_path / "work"
    work.mkdir()
    write_traces(work / "traces.json", SERVICES, span_seconds=600, lines=50)
    write_logs(work / "mail.log.json", "mail", [MORNING + number * SECOND for number in range(20)])
    return work


def structured(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


@pytest.mark.parametrize("era", ERAS)
def test_listing(folder: Path, era: str) -> None:
    listed = drive(folder, lambda client: client.list_tools(), era=era)
    assert {tool.name for tool in listed.tools} == set(catalogue.tools())
    assert all(tool.output_schema for tool in listed.tools)


@pytest.mark.parametrize("era", ERAS)
def test_from_the_decision_to_a_query(folder: Path, era: str) -> None:
    evidence = {"evidence": ["traces.json", "mail.log.json"]}

    async def conversation(client: Client) -> list[Any]:
        return [
            await client.call_tool("should_escalate", evidence),
            await client.call_tool("load_evidence", evidence),
            await client.call_tool("load_evidence", evidence),
            await client.call_tool("query_evidence", {"sql": "SELECT count(*) AS spans FROM spans"}),
            await client.call_tool("query_evidence", {}),
        ]

    decided, loaded, again, counted, tables = map(structured, drive(folder, conversation, era=era))
    assert decided["escalate"] is True
    assert [reason["measure"] for reason in decided["reasons"] if reason["exceeded"]] == ["services"]
    assert decided["measured"]["trace_bytes"] == (folder / "traces.json").stat().st_size
    assert loaded["rows"]["spans"] == 200
    assert {source["state"] for source in loaded["sources"]} == {"loaded"}
    assert {source["state"] for source in again["sources"]} == {"already loaded"}
    assert counted["rows"] == [[200]]
    assert counted["columns"] == [["spans", "BIGINT"]]
    assert "spans" in [table["name"] for table in tables["tables"]]
    for result in (decided, loaded, again, counted, tables):
        assert result["cost"]["seconds"] >= 0


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("mission", [MISSION_CALL, CAMEL_CALL], ids=["snake_case", "camelCase"])
def test_an_escalation_without_a_key(folder: Path, era: str, mission: dict[str, Any]) -> None:
    result = structured(call(folder, "escalate_analysis", {**mission, "evidence": ["traces.json"]}, era=era))
    assert "local analyst" in result["narrative"]
    assert result["verdict"]["kind"]
    assert 0 <= result["verdict"]["confidence"] <= 1
    assert result["triggers"] == ["services: 6, more than 3"]  # four in the traces, two named by the caller
    assert result["cost"]["dollars"] == 0
    assert result["cost"]["seconds"] > 0
    assert {"suspects_count", "findings_count", "unread_count"} <= set(result)
    assert result["escalation_id"].startswith("esc-")


def test_results_are_as_their_schemas_say(folder: Path) -> None:
    calls: dict[str, dict[str, Any]] = {
        "should_escalate": {"evidence": ["."]},
        "load_evidence": {"evidence": ["."]},
        "query_evidence": {"sql": "FROM spans"},
        "escalate_analysis": {**MISSION_CALL, "evidence": ["."]},
    }

    async def conversation(client: Client) -> dict[str, Any]:
        return {name: await client.call_tool(name, arguments) for name, arguments in calls.items()}

    for name, result in drive(folder, conversation).items():
        Draft202012Validator(catalogue.tools()[name].output_schema or {}).validate(structured(result))
        assert len(result.content[0].text) < 20_000


def test_long_results_are_paged_to_the_end(folder: Path) -> None:
    async def conversation(client: Client) -> tuple[list[Any], int]:
        await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        page = structured(await client.call_tool("query_evidence", {"sql": "SELECT * FROM spans"}))
        rows, pages = page["rows"], 1
        while cursor := page.get("next_cursor"):
            page = structured(await client.call_tool("query_evidence", {"cursor": cursor}))
            rows, pages = rows + page["rows"], pages + 1
        return rows, pages

    rows, pages = drive(folder, conversation)
    assert len(rows) == 200
    assert len({row[0] for row in rows}) == 200
    assert pages > 1


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("escalate_analysis", {}, "claude_context: missing"),
    ("escalate_analysis", {**MISSION_CALL, "analysis_type": "magic"}, "analysis_type: 'magic'; expected one of"),
    ("escalate_analysis", {**MISSION_CALL, "evidence": ["nowhere.json"]}, "nowhere.json"),
    ("escalate_analysis", {**MISSION_CALL, "evidence": ["traces.json"], "model": "gpt-0"}, "gpt-0"),
    ("should_escalate", {"claude_context": []}, "claude_context: expected an object"),
    ("should_escalate", {"investigation": "never-loaded"}, "no investigation 'never-loaded'"),
    ("load_evidence", {}, "evidence: missing; expected a list of paths"),
    ("load_evidence", {"evidence": [7]}, "evidence[0]: expected text, got 7"),
    (
        "load_evidence",
        {"evidence": ["traces.json"], "investigation": "../x"},
        "investigation '../x': expected letters",
    ),
    ("query_evidence", {"sql": "SELECT 1", "investigation": 5}, "investigation: expected text, got 5"),
    ("query_evidence", {"sql": "DROP TABLE spans"}, "DROP"),
    ("query_evidence", {"sql": "SELECT * FROM read_text('/etc/passwd')"}, "read_text"),
    ("query_evidence", {"sql": "SELECT 1", "row_limit": 0}, "row_limit: 0; expected a number from 1"),
    ("query_evidence", {"sql": ["SELECT 1"]}, "sql: expected text, got ['SELECT 1']"),
    ("query_evidence", {"cursor": "nonsense"}, "cursor: 'nonsense'; expected the next_cursor"),
]


def test_bad_input_is_one_line_that_names_it(folder: Path) -> None:
    async def conversation(client: Client) -> list[Any]:
        await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in BAD_CALLS]

    for (tool, arguments, line), result in zip(BAD_CALLS, drive(folder, conversation), strict=True):
        said = error_line(result)
        assert line in said, (tool, arguments)
        assert str(folder) not in said


def test_a_question_before_anything_is_loaded(folder: Path) -> None:
    assert "no investigation yet" in error_line(call(folder, "query_evidence", {"sql": "SELECT 1"}))
    said = error_line(call(folder, "escalate_analysis", MISSION_CALL))
    assert said.startswith("evidence: missing; nothing was loaded from this directory")


def test_file_names_with_every_character(folder: Path) -> None:
    odd = "[tr@ces] größe & <co>.json"
    (folder / "traces.json").rename(folder / odd)
    assert structured(call(folder, "load_evidence", {"evidence": [odd]}))["rows"]["spans"] == 200


def test_what_cannot_be_read_is_said_and_loses_nothing_else(folder: Path) -> None:
    (folder / "broken.bin").write_bytes(bytes(range(256)) * 100)
    with (folder / "traces.json").open("a") as file:
        file.write('{"resourceSpans": [{"cut off\n')
    result = structured(call(folder, "load_evidence", {"evidence": ["."]}))
    assert result["rows"]["spans"] == 200
    places = [part["place"] for part in result["unread"]]
    assert any("broken.bin" in place for place in places)
    assert any("traces.json:" in place for place in places)


def test_progress_only_grows(folder: Path) -> None:
    write_traces(folder / "large.json", SERVICES, lines=8_000, padding=600)
    seen: list[tuple[float, str | None]] = []

    async def note(progress: float, _total: float | None, message: str | None) -> None:
        seen.append((progress, message))

    async def conversation(client: Client) -> Any:
        return await client.call_tool("load_evidence", {"evidence": ["large.json"]}, progress_callback=note)

    structured(drive(folder, conversation))
    numbers = [progress for progress, _ in seen]
    assert numbers
    assert numbers == sorted(set(numbers))
    assert all(message for _, message in seen)
