"""The arithmetic of the table: which lines a patch changed, and which of them a brief shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

import localise
from deep_code_reasoning.code.index.code_index import open_index
from deep_code_reasoning.code.ranking.query import Query
from deep_code_reasoning.code.ranking.rank import rank
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

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


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def module(name: str, lines: int) -> str:
    return "".join(f"def {name}_{n}(order):\n    return charge({n})\n\n\n" for n in range(lines // 4))


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Two issues of one project: one fixed in a small file that it names, one in a file that no word leads to."""
    folder = tmp_path / "clones" / "ada+shop" / "repo"
    folder.mkdir(parents=True)
    git(folder, "init", "-q", ".")
    for name, lines in (("basket", 40), ("invoice", 8_000)):
        (folder / f"{name}.py").write_text(module(name, lines))
    (folder / "unrelated.rb").write_text("value = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    base = git(folder, "rev-parse", "HEAD")

    def case(id_: str, problem: str, path: str, line: int) -> str:
        patch = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -{line},1 +{line},1 @@\n-old\n+new\n"
        told = {"id": id_, "repository": "ada/shop", "base": base, "problem": problem, "gold": [path], "patch": patch}
        return json.dumps(told)

    file = tmp_path / "cases.jsonl"
    text = "basket_3 charges twice\nSee basket.py"
    file.write_text(case("a", text, "basket.py", 14) + "\n" + case("b", text, "unrelated.rb", 1) + "\n")
    return file


def test_the_table_is_of_what_a_brief_shows(cases: Path, tmp_path: Path) -> None:
    run = [sys.executable, localise.__file__, "--cases", cases, "--repositories", tmp_path / "clones", "--json"]
    done = subprocess.run([*map(str, run), "--processes", "1"], check=True, capture_output=True, text=True)
    found, missed = json.loads(done.stdout)["all signs"]
    assert (found["case"], found["worst"], missed["worst"]) == ("a", 0, 1_000)
    assert found["recall"] == {"32000": 1.0, "64000": 1.0, "200000": 1.0}
    assert missed["recall"] == {"32000": 0.0, "64000": 0.0, "200000": 0.0}


def test_lines_of_a_brief_are_those_that_fit(cases: Path, tmp_path: Path) -> None:
    index = open_index(tmp_path / "clones/ada+shop/repo", Settings(state_dir=tmp_path / "state"), Work(), name="shop")
    files = rank([index], Query("basket_3 charges the order twice", "invoice_7 too"))
    candidates, order = localise.candidates_of(files, index)
    few, more = (localise.lines_in_brief(candidates, order, budget) for budget in (3_000, 32_000))
    assert more["code:/shop/basket.py"] == set(range(1, 41))
    assert few["code:/shop/invoice.py"] < more["code:/shop/invoice.py"] < set(range(1, 8_001))
