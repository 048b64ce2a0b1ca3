"""The official conformance suite against our HTTP server, and the official inspector on every tool.

The suite's fixed tools are conformance/fixture.py; the scenarios are those that a revision of the protocol requires.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conversation.telemetry import write_traces
from mcp_server.driver import COMMAND, environment
from mcp_server.node import HERE, NODE, installed
from mcp_server.test_http import free_port, wait_for

pytestmark = pytest.mark.slow
NOT_OFFERED = {"http-custom-header-server-validation"}
"""Scenarios outside the required set that may fail: no tool of ours has arguments mirrored into headers."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("conformance"), free_port()
    command = [sys.executable, str(HERE / "fixture.py"), str(port), str(folder / "state")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(folder / "state"), stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_scenario_that_the_revision_requires(url: str, revision: str) -> None:
    suite = installed() / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [NODE, str(suite), "server", "--url", url, "--requirements", revision]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    outcome = dict(
        re.findall(r"^([\w-]+): (\d+ passed, \d+ failed)", re.sub(r"^[✓✗] ", "", run.stdout, flags=re.M), re.M)
    )
    failed = {name for name, counts in outcome.items() if not counts.endswith(" 0 failed")} - {"Total", *NOT_OFFERED}
    assert not failed, "\n".join(line for line in run.stdout.splitlines() if "✗" in line)
    assert run.returncode == 0


def inspect(folder: Path, *arguments: str) -> dict[str, Any]:
    inspector = installed() / "node_modules" / "@modelcontextprotocol" / "inspector" / "clients" / "cli" / "build"
    ours = environment(folder.parent / "state")
    handed_on = [
        part
        for name in ("DCR_STATE_DIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
        for part in ("-e", f"{name}={ours[name]}")
    ]  # the inspector starts a server with next to nothing of its own environment
    command = [NODE, str(inspector / "index.js"), *arguments, *handed_on, "--", *COMMAND]
    run = subprocess.run(command, cwd=folder, env=ours, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2_000:] + run.stdout[-2_000:]
    return json.loads(run.stdout)


def test_the_inspector_lists_and_calls(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    write_traces(folder / "traces.json", ["cart"])
    tools = inspect(folder, "--strict", "--method", "tools/list")["tools"]
    assert {"escalate_analysis", "load_evidence", "query_evidence", "should_escalate"} <= {t["name"] for t in tools}
    loaded = inspect(
        folder, "--method", "tools/call", "--tool-name", "load_evidence", "--tool-arg", 'evidence=["traces.json"]'
    )
    assert not loaded.get("isError"), loaded
