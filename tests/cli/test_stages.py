"""What the terminal calls each stage of the work."""

from __future__ import annotations

import ast
from pathlib import Path

from deep_code_reasoning.cli.terminal import STAGES

SOURCES = Path(__file__).parents[2] / "src" / "deep_code_reasoning"


def stages_reported() -> set[str]:
    """The first argument of every Progress(...) of the sources."""
    calls = (
        node
        for file in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Progress" and node.args
    )
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


def test_every_stage_has_a_label_and_no_label_is_of_a_stage_that_is_gone() -> None:
    assert stages_reported() == set(STAGES)
