"""The benchmark tells a file that the outline names from one that it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

from deep_code_reasoning.context.code_ranking import MOST_FILES
from deep_code_reasoning.specialists.tree_outline import tree_outline
from second_round import Gold, is_named, table  # ty: ignore[unresolved-import]


def test_a_file_is_named_by_its_folder_s_line() -> None:
    outline = tree_outline({"tree": ["a/b/c.py", "top.py", "x/y.py"]}, [], 1_000)
    assert is_named("a/b/c.py", outline) and is_named("top.py", outline)
    assert not is_named("a/c.py", outline) and not is_named("b/c.py", outline) and not is_named("a/b/c", outline)


def test_what_was_missed_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    table([Gold(1, True, 100), Gold(0, True, 300), Gold(7, False, 200)])
    told = capsys.readouterr().out
    assert "| all | 3 | 2 |" in told and "| not among the first 5 | 2 | 1 |" in told
    assert f"| not among the first {MOST_FILES} | 1 | 1 |" in told and "median 200, at most 300" in told
