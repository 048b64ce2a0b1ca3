"""Every call that was valid for the server that this one replaces is accepted, in snake_case and in camelCase."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from conversation.telemetry import write_traces
from deep_code_reasoning.mcp_server import catalogue
from mcp_server.driver import drive

CALLS: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "original_calls.toml").read_text(encoding="utf-8")
)
ORIGINAL = {
    "escalate_analysis", "trace_execution_path", "hypothesis_test", "cross_system_impact", "performance_bottleneck",
    "start_conversation", "continue_conversation", "finalize_conversation", "get_conversation_status",
    "run_hypothesis_tournament",
}  # fmt: skip
AS_IT_IS = ("partial_findings",)  # of any shape: the caller's own words
EMPTY = {".go": "package main\n\nfunc Lock() {}\n", ".py": "def total():\n    return 1\n"}


def test_the_ten_tools_are_all_called() -> None:
    assert set(CALLS) == ORIGINAL
    assert set(catalogue.tools()) >= ORIGINAL


def camel(value: Any) -> Any:
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub("_(.)", lambda found: found[1].upper(), name): item if name in AS_IT_IS else camel(item)
        for name, item in value.items()
    }


def spellings() -> list[tuple[str, str, dict[str, Any]]]:
    """Id, tool and arguments of each call."""
    there = [(tool, i, call) for tool, calls in CALLS.items() for i, call in enumerate(calls)]
    plain = [(f"{tool}-{i}-snake_case", tool, call) for tool, i, call in there]
    return plain + [(f"{tool}-{i}-camelCase", tool, camel(call)) for tool, i, call in there]


def files(value: Any, name: str = "") -> Iterator[str]:
    """Every file that a call names."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from files(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from files(item, name)
    elif isinstance(value, str) and name in ("file", "files"):
        yield value


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of every call, all made to one server."""
    folder = tmp_path_factory.mktemp("original") / "work"
    folder.mkdir()
    write_traces(folder / "traces.json", ["user-api", "order-processor"])
    for name in set(files(CALLS)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EMPTY.get(path.suffix, "export function Page() {\n  return null\n}\n"))

    async def conversation(client: Client) -> dict[str, Any]:
        async def session() -> str:
            started = await client.call_tool("start_conversation", CALLS["start_conversation"][0])
            return (started.structured_content or {})["session_id"]

        await client.call_tool("load_evidence", {"evidence": ["traces.json"]})
        found, opened = {}, await session()
        for name, tool, arguments in spellings():
            if tool == "finalize_conversation":
                opened = await session()  # ends with this call
            given = {key: opened if value == "SESSION" else value for key, value in arguments.items()}
            found[name] = await client.call_tool(tool, given)
            if tool == "finalize_conversation":
                opened = await session()
        return found

    return drive(folder, conversation, DCR_MODEL="local")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _, _ in spellings()])
def test_the_call_is_accepted(answers: dict[str, Any], name: str) -> None:
    result = answers[name]
    assert not result.is_error, result.content[0].text
    assert result.structured_content
