"""The official conformance suite against our HTTP server.

The suite's fixed tools are conformance/fixture.py; the scenarios are those that a revision of the protocol requires.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mcp_server.driver import environment
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
