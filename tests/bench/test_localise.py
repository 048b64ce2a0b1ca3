"""The arithmetic of the table: which lines a patch changed, and what fits into a budget."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

import localise
from deep_code_reasoning.code.ranking.ranked import RankedChunk, RankedFile

PATCH = """diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -3,4 +3,4 @@ def f():
 same
-old
+new
 same
 same
@@ -20,2 +20,3 @@
 before
+inserted
 after
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1,1 @@
+x
diff --git a/b.py b/b.py
--- a/b.py
+++ b/b.py
@@ -5 +5 @@
--- a comment of SQL
+++ another
"""


def test_lines_that_a_patch_changed() -> None:
    assert localise.gold_hunks(PATCH) == [("a.py", [4]), ("a.py", [20]), ("b.py", [5])]


def file(path: str, *chunks: tuple[int, int, float]) -> RankedFile:
    pieces = tuple(RankedChunk(first, last, "", score) for first, last, score in chunks)
    return RankedFile("r", path, "", "code", 1.0, (), pieces)


def test_pieces_fill_a_budget_by_their_score() -> None:
    files = [file("a.py", (1, 10, 0.5), (11, 20, 0.9)), file("b.py", (1, 10, 0.7))]
    lines = {path: ["word word word"] * 20 for path in ("a.py", "b.py")}
    one = localise.tokens(lines["a.py"], 1, 10)
    assert localise.pack(files, lines, 2 * one) == {"a.py": [(11, 20)], "b.py": [(1, 10)]}
    assert localise.pack(files, lines, one - 1) == {"a.py": [], "b.py": []}


@pytest.mark.parametrize("budget", localise.BUDGETS[1:])
def test_above_the_smallest_budget_small_files_are_whole(budget: int) -> None:
    files = [file("a.py", (1, 10, 0.5)), file("huge.py", (1, 10, 0.9))]
    lines = {"a.py": ["word"] * 20, "huge.py": ["word word word word"] * budget}
    assert localise.pack(files, lines, budget) == {"a.py": [(1, 20)], "huge.py": [(1, 10)]}
