"""The MCP face: tool calls in, verbs of `investigation` called, structured results out. Nobody else imports mcp."""

from __future__ import annotations

from deep_code_reasoning import interpreter


def main() -> None:
    """Entry point of `deep-code-reasoning-mcp`: serves MCP on standard input and output until the client leaves."""
    interpreter.settle()
    from deep_code_reasoning.mcp_server.process import run

    run()
