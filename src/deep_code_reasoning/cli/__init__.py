"""The command line: arguments in, verbs of `investigation` called, text or JSON out."""

from __future__ import annotations

import sys

from deep_code_reasoning import interpreter


def main() -> None:
    """Entry point of `dcr`."""
    interpreter.settle()
    from deep_code_reasoning.cli.app import run

    interpreter.leave(run(sys.argv[1:]))
