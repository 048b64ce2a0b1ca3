"""The process: quick to answer, silent on standard output, and gone when its client is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deep_code_reasoning.mcp_server.catalogue import tools
from mcp_server.driver import COMMAND, ByHand, environment, python

HEAVY = ("duckdb", "pyarrow", "numpy", "pydantic_ai", "google.genai", "rich", "simpy", "sqlite3", "mcp.client")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_every_handshake_version_is_served(folder: Path, version: str) -> None:
    server = ByHand(folder)
    assert server.shake_hands(version)["protocolVersion"] == version
    server.send(id=2, method="tools/list")
    assert {tool["name"] for tool in server.answer(2)["result"]["tools"]} == set(tools())
    server.send(id=3, method="ping")
    assert server.answer(3)["result"] == {}
    assert server.leave() == 0


def test_end_of_input_ends_the_process_at_once(folder: Path) -> None:
    server = ByHand(folder)
    server.shake_hands("2025-11-25")
    assert server.leave(3) == 0


def test_end_of_input_before_any_message(folder: Path) -> None:
    assert ByHand(folder).leave(10) == 0


def test_a_client_that_stops_reading_and_leaves(folder: Path) -> None:
    server = ByHand(folder)
    server.shake_hands("2025-11-25")
    assert server.process.stdout
    server.process.stdout.close()
    server.send(id=2, method="tools/list")
    assert server.leave() == 0


def test_garbage_on_the_wire_does_not_end_it(folder: Path) -> None:
    server = ByHand(folder)
    server.shake_hands("2025-11-25")
    assert server.process.stdin
    for line in (b"\n", b"{\n", b"\xff\xfe\x00\n", b"[]\n", b'{"jsonrpc":"2.0"}\n', b"x" * 200_000 + b"\n"):
        server.process.stdin.write(line)
    server.send(id=2, method="tools/call", params={"name": "query_evidence", "arguments": "none"})
    assert "error" in server.answer(2)
    server.send(id=3, method="ping")
    assert server.answer(3)["result"] == {}
    assert server.leave() == 0


def test_a_broken_settings_file_does_not_keep_it_from_starting(folder: Path) -> None:
    (folder / ".deep-code-reasoning.toml").write_text("colour = 1\n")
    server = ByHand(folder)
    server.shake_hands("2025-11-25")
    server.send(id=2, method="tools/call", params={"name": "should_escalate", "arguments": {}})
    result = server.answer(2)["result"]
    assert result["isError"]
    assert "unknown setting 'colour'" in result["content"][0]["text"]
    (folder / ".deep-code-reasoning.toml").unlink()
    server.send(id=3, method="tools/call", params={"name": "should_escalate", "arguments": {}})
    assert not server.answer(3)["result"].get("isError")
    assert server.leave() == 0


def test_nothing_heavy_is_imported_before_the_first_call(folder: Path) -> None:
    code = (
        "import sys\n"
        "from deep_code_reasoning.mcp_server import calls, catalogue, server\n"
        "server.build_server(); catalogue.tools()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python(code, folder) == "[]"


def test_the_sdk_is_whole_for_whoever_imports_it_afterwards(folder: Path) -> None:
    code = (
        "from deep_code_reasoning.mcp_server.sdk import Server\n"
        "import mcp, mcp.server\n"
        "print(mcp.Client.__name__, mcp.server.Server is Server)"
    )
    assert python(code, folder) == "Client True"


@pytest.mark.parametrize(("option", "said"), [("--version", "0."), ("--help", "started by an MCP client")])
def test_options_for_a_person(folder: Path, option: str, said: str) -> None:
    done = subprocess.run(
        [*COMMAND, option], capture_output=True, text=True, env=environment(folder), check=True, timeout=20
    )
    assert said in done.stdout
