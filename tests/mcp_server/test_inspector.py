"""The official inspector (`@modelcontextprotocol/inspector --cli`) lists our tools with --strict, and calls every one.

With `--strict` the inspector checks the schemas that tools/list announces. It (2.12.0) refuses the option with any
other method, which a test here holds; so the rest of strictness is in this file: each answer is no error, has
structured content, is valid by the output schema that the same inspector was shown, and says what it should.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from call_graph.programs import write
from deep_code_reasoning.demo import generate
from deep_code_reasoning.mcp_server import access_token
from mcp_server.driver import COMMAND, environment
from mcp_server.node import NODE, installed
from mcp_server.test_http import free_port, wait_for

pytestmark = pytest.mark.slow
CALLS: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "inspector_calls.toml").read_text(encoding="utf-8")
)
COMMITTED = {
    "shop/cart.py": (
        "from shop.prices import price\n\n\ndef total(lines):\n    owed = 0\n    for line in lines:\n"
        "        owed += price(line.product)\n    return owed\n"
    ),
    "shop/prices.py": (
        "import sqlite3\n\n\ndef price(product):\n    rows = sqlite3.connect('shop.db')\n"
        "    return rows.execute('SELECT cents FROM prices WHERE product = ?', (product,)).fetchone()[0]\n"
    ),
}
CHANGED = {"shop/prices.py": COMMITTED["shop/prices.py"].replace("price(product)", "price(product, currency)")}


class Inspector:
    """A run of the inspector a request; `reached` are its options that name the server."""

    def __init__(self, folder: Path, *reached: str) -> None:
        self._folder, self._reached = folder, reached

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        build = installed() / "node_modules" / "@modelcontextprotocol" / "inspector" / "clients" / "cli" / "build"
        command = [NODE, str(build / "index.js"), *arguments, *self._reached]
        ours = environment(self._folder.parent / "state")
        return subprocess.run(command, cwd=self._folder, env=ours, capture_output=True, text=True, timeout=120)

    def ask(self, *arguments: str) -> dict[str, Any]:
        run = self.run(*arguments)
        assert run.returncode == 0, f"{arguments}: {run.stderr[-2_000:]}{run.stdout[-2_000:]}"
        return json.loads(run.stdout)

    def tools(self) -> dict[str, dict[str, Any]]:
        return {tool["name"]: tool for tool in self.ask("--strict", "--method", "tools/list")["tools"]}

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        given = ("--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        return self.ask("--method", "tools/call", *given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a generated incident in `shop/`, and a repository with an open change in `code/`."""
    work = tmp_path / "work"
    work.mkdir()
    generate("lease-expiry", work / "shop", size_bytes=4_000_000)
    write(work / "code", COMMITTED)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Prices by product"]):
        subprocess.run(["git", *command], cwd=work / "code", check=True)
    write(work / "code", CHANGED)
    return work


@pytest.fixture
def inspector(folder: Path) -> Iterator[Inspector]:
    """On one server over HTTP: half the time of a server for each call."""
    port, state = free_port(), folder.parent / "state"
    command = [sys.executable, "-m", "deep_code_reasoning.cli", "serve", "--http", "--port", str(port)]
    ours = environment(state, DCR_MODEL="local")
    process = subprocess.Popen(command, cwd=folder, env=ours, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        token = (state / access_token.FILE_NAME).read_text("ascii").strip()
        server = ("--transport", "http", "--server-url", f"http://127.0.0.1:{port}/mcp")
        yield Inspector(folder, *server, "--header", f"Authorization: Bearer {token}", "--protocol-era", "modern")
    finally:
        process.terminate()
        process.wait(timeout=20)


def filled(value: Any, answers: dict[str, Any]) -> Any:
    """With what "$tool.path" stands for."""
    if isinstance(value, dict):
        return {name: filled(item, answers) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, answers) for item in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    tool, *path = value[1:].split(".")
    found = answers[tool]
    for step in path:
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def holds(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(n in found and holds(found[n], part) for n, part in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and all(any(holds(one, part) for one in found) for part in expected)
    if isinstance(expected, str):
        return isinstance(found, str) and expected in found
    return type(found) is type(expected) and found == expected


def test_every_tool_is_called(inspector: Inspector) -> None:
    tools, answers = inspector.tools(), dict[str, Any]()
    assert set(CALLS) == set(tools), "a call for each tool belongs into inspector_calls.toml"
    for tool, calls in CALLS.items():
        for call in calls:
            result = inspector.call(tool, filled(call["arguments"], answers))
            assert result["isError"] is False, f"{tool}: {result['content']}"
            answer = answers[tool] = result["structuredContent"]
            Draft202012Validator(tools[tool]["outputSchema"]).validate(answer)
            for name, expected in filled(call["answer"], answers).items():
                assert name in answer, f"{tool}: {name} is missing"
                assert holds(answer[name], expected), f"{tool}: {name} has no {expected!r}: {str(answer[name])[:999]}"


def test_over_stdio(tmp_path: Path) -> None:
    """The older protocol, and a server that the inspector starts, with next to nothing of its own environment."""
    work = tmp_path / "work"
    work.mkdir()
    ours = environment(tmp_path / "state")
    names = ("DCR_STATE_DIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
    handed_on = [part for name in names for part in ("-e", f"{name}={ours[name]}")]
    inspector = Inspector(work, *handed_on, "--", *COMMAND)
    assert set(inspector.tools()) == set(CALLS)
    assert inspector.call("should_escalate", {})["structuredContent"]["escalate"] is False


def test_strict_is_for_the_list_alone(tmp_path: Path) -> None:
    refused = Inspector(tmp_path, "--", *COMMAND).run(
        "--strict", "--method", "tools/call", "--tool-name", "should_escalate"
    )
    assert refused.returncode != 0
    assert "--strict requires --method tools/list" in refused.stderr


@pytest.mark.parametrize(
    ("found", "expected", "is_so"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"b": 2}, {"a": 1}, False),
        ([{"a": 1}, {"a": 2}], [{"a": 2}], True),
        ([{"a": 1}], [{"a": 2}], False),
        ([], [{"a": 2}], False),
        ("of worker-06", "worker-06", True),
        ("", "worker-06", False),
        (1, True, False),
        (None, "x", False),
    ],
)
def test_what_holds(found: Any, expected: Any, is_so: bool) -> None:
    assert holds(found, expected) is is_so
