"""Does the server start and answer, as a client would see it?"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from deep_code_reasoning.doctor.check import Check
from deep_code_reasoning.settings import Settings

SECONDS = 30.0
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "dcr doctor", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": _ENVELOPE}}


def answers(_settings: Settings) -> Check:
    command = [sys.executable, "-m", "deep_code_reasoning.mcp_server"]
    started = time.monotonic()
    try:
        run = subprocess.run(
            command, input=json.dumps(_REQUEST) + "\n", capture_output=True, text=True, timeout=SECONDS, check=False
        )
        tools = json.loads(run.stdout.splitlines()[0])["result"]["tools"]
    except subprocess.TimeoutExpired:
        return Check("server", "problem", f"no answer within {SECONDS:.0f} s", "run deep-code-reasoning-mcp by hand")
    except (IndexError, KeyError, ValueError):
        said = run.stderr.strip().splitlines()[-1:] or ["nothing"]
        return Check("server", "problem", f"it said {said[0][:300]}", "run deep-code-reasoning-mcp by hand")
    return Check("server", "ok", f"{len(tools)} tools after {time.monotonic() - started:.1f} s")
