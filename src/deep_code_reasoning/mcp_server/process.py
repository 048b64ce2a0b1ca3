"""The life of the server process: quick to start, silent on standard output, gone when its client is.

Standard output belongs to the protocol (the SDK points descriptor 1 at standard error while it serves, so a stray
print misses the wire); the log goes to standard error. On end of input running calls are cancelled, get a moment to
put things in order, and the process leaves whatever a thread is still waiting for: what must last is written
atomically (store) or committed (ledger).
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys

from deep_code_reasoning import __version__

USAGE = f"""deep-code-reasoning-mcp {__version__}: an MCP server on standard input and output.
It is started by an MCP client; `dcr --help` is the command line. Options: --version, --help."""
GRACE_SECONDS = 2.0


def run() -> None:
    """Serves until end of input, then ends the process: status 0, or 1 after a failure of the transport."""
    if sys.argv[1:2] == ["--version"]:
        print(__version__)
        return
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(USAGE)
        return
    if sys.stdin.isatty():
        print(USAGE, file=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread that blocks on standard input would swallow Ctrl-C
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="deep-code-reasoning-mcp: %(message)s")
    # Imports make long-lived objects only: collecting garbage meanwhile is a tenth of the start, for nothing.
    gc.disable()
    from deep_code_reasoning.mcp_server import calls, server

    gc.freeze()
    gc.enable()
    status = server.serve()
    if "deep_code_reasoning.mcp_server.job_running" in sys.modules:  # else there was no long call
        from deep_code_reasoning.mcp_server import job_running

        job_running.stop_all(GRACE_SECONDS)
    calls.wait_until_idle(GRACE_SECONDS)
    sys.stderr.flush()
    os._exit(status)  # a thread in a provider's socket must not keep the process after its client
