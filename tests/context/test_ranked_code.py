"""Files and chunks of a ranking in a brief: read fresh, one item a file, with the commit of its tree."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from context.incident_tables import diagnosis
from context.test_brief import section
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.manifest import Tree
from deep_code_reasoning.context.ranked_code import RankedFile, best_chunks_first
from deep_code_reasoning.context.render.code_window import shown_lines
from deep_code_reasoning.finding import Diagnosis, RankedChange
from deep_code_reasoning.progress import Work
from store.rows import tables_of

PAY = """class Payments:
    def charge(self, order):
        for item in order:
            self.book(item)

    def book(self, item):
        return item


def other():
    return 1
"""


@dataclass(frozen=True)
class Chunk:
    line: int
    end_line: int
    name: str
    score: float
    reasons: tuple[str, ...] = ()


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "code" / "payment"
    folder.mkdir(parents=True)
    (folder / "pay.py").write_text(PAY)
    (folder / "long.py").write_text("".join(f"def step_{n}():\n    return {n}\n\n" for n in range(4_000)))
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def ranked(path: Path, *chunks: Chunk, score: float = 1.0) -> RankedFile:
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return RankedFile(path, score, ("words: charge, order",), blob, chunks)


def brief_of(folder: Path, *files: RankedFile, budget: int = 20_000, of: Diagnosis | None = None) -> Brief:
    commits = [{"sha": git(folder, "rev-parse", "HEAD"), "repository": str(folder), "message": "one"}]
    return loaded(folder, commits, *files, budget=budget, of=of)


def loaded(
    folder: Path, commits: list[dict], *files: RankedFile, budget: int = 20_000, of: Diagnosis | None = None
) -> Brief:
    with tables_of(folder.parent / "store", commits=commits) as evidence:
        return build_brief(evidence, of or diagnosis(), budget_tokens=budget, ranked=files, roots=[folder], work=Work())


def test_a_small_file_is_whole_with_its_reason_and_commit(repository: Path) -> None:
    path = repository / "pay.py"
    brief = brief_of(repository, ranked(path, Chunk(2, 4, "Payments.charge", 3.0)))
    text = section(brief, f"code:{path}")
    assert list(shown_lines(text)) == list(enumerate(PAY.splitlines(), 1))
    assert [line for line in text.splitlines() if line[:5].strip()] == [
        "    1 class Payments:", "    5", "   10 def other():",
    ]  # fmt: skip
    item = next(item for item in brief.manifest.items if item.id == f"code:{path}")
    head = git(repository, "rev-parse", "--short=12", "HEAD")
    assert item.reason == "ranked: words: charge, order"
    assert item.title == f"{path}, 11 lines, at commit {head}"


def test_of_a_long_file_the_best_chunks_come_first_and_the_rest_is_told(repository: Path) -> None:
    path = repository / "long.py"
    chunks = (Chunk(3001, 3003, "step_1000", 2.0), Chunk(1, 3, "step_0", 1.0))
    brief = brief_of(repository, ranked(path, *chunks), budget=4_000)
    text = section(brief, f"code:{path}")
    shown = dict(shown_lines(text))
    assert shown[3002] == "    return 1000" and shown[2] == "    return 0" and "    ⋮" in text
    left = next(left for left in brief.manifest.left_out if left.id == f"code:{path}")
    assert "of its lines did not fit" in left.reason and left.tokens > 10_000
    assert any(addition.id == f"code:{path}" for addition in brief.manifest.next_additions)


def test_the_more_of_a_file_comes_before_a_piece_the_less_it_counts() -> None:
    huge = [Chunk(line, line + 59, f"f{line}", 1.0 - line / 1e6) for line in range(1, 24_000, 60)]
    small = Chunk(1, 40, "small", 0.6)
    files = [RankedFile(Path("huge.py"), 1.0, (), "", tuple(huge)), RankedFile(Path("a.py"), 0.5, (), "", (small,))]
    order = [(file.path.name, chunk.line) for file, chunk in best_chunks_first(files)]
    assert [line for name, line in order if name == "huge.py"] == [chunk.line for chunk in huge]
    # 0.6 is what 1.0 has become behind 8,000 lines: 12,000 / (12,000 + 8,000)
    assert 7_700 < order[order.index(("a.py", 1)) - 1][1] < 8_000


def test_outlines_show_what_else_is_in_a_file(repository: Path) -> None:
    from deep_code_reasoning.context.source_syntax import signature_lines
    from deep_code_reasoning.context.source_trees import SourceText

    source = SourceText(repository / "pay.py", PAY.encode(), PAY.splitlines())
    assert [PAY.splitlines()[line].strip() for line in signature_lines(source)] == [
        "class Payments:", "def charge(self, order):", "def book(self, item):", "def other():",
    ]  # fmt: skip
    java = "class A {\n  int f(\n      int x)\n  {\n    return x;\n  }\n  void g() { f(1); }\n}\n"
    source = SourceText(Path("A.java"), java.encode(), java.splitlines())
    assert signature_lines(source) == (0, 1, 2, 6), "a brace by itself says nothing"
    assert signature_lines(SourceText(Path("notes.txt"), b"x", ["x"])) == ()


def test_a_file_that_changed_since_it_was_indexed_is_read_again_and_its_chunks_found_by_name(repository: Path) -> None:
    path = repository / "long.py"
    stale = ranked(path, Chunk(3001, 3003, "step_1000", 2.0))
    path.write_text("import new\n" * 50 + path.read_text())
    brief = brief_of(repository, stale, budget=3_000)
    text = section(brief, f"code:{path}")
    assert " 3051 def step_1000():\n          return 1000\n" in text
    assert "changed since" in next(i for i in brief.manifest.items if i.id == f"code:{path}").title


def test_a_file_that_is_gone_since_it_was_indexed_is_told(repository: Path) -> None:
    gone = ranked(repository / "pay.py", Chunk(1, 2, "", 1.0))
    (repository / "pay.py").unlink()
    reasons = {left.id: left.reason for left in brief_of(repository, gone).manifest.left_out}
    assert reasons[f"code:{repository / 'pay.py'}"] == "not read: No such file or directory"


def test_a_place_of_a_finding_and_a_ranked_file_are_one_item(repository: Path) -> None:
    (repository / "payment.py").write_text(PAY)
    brief = brief_of(repository, ranked(repository / "payment.py", Chunk(10, 11, "other", 1.0)))
    shown = [item for item in brief.manifest.items if item.kind == "code"]
    assert [item.id for item in shown] == ["code:/app/payment.py:3"]
    assert brief.text.count("def other():") == 1


def test_the_trees_are_named_and_what_moved_is_warned_of(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    assert brief_of(repository).manifest.trees == (Tree(str(repository), first, 0),)
    (repository / "pay.py").write_text(PAY.replace("item", "line"))
    (repository / "untracked.py").write_text("x = 1\n")
    git(repository, "mv", "long.py", "longer.py")
    tree = brief_of(repository).manifest.trees[0]
    assert (tree.changed_files, tree.warning) == (3, "3 tracked files are not as committed"), "one gone, one come"
    git(repository, "commit", "-qam", "two")
    before = [{"sha": first, "repository": str(repository), "message": "one"}]
    brief = loaded(repository, before)
    second = git(repository, "rev-parse", "HEAD")
    warning = f"HEAD is {second[:12]}; the evidence was loaded at {first[:12]}"
    assert brief.manifest.trees == (Tree(str(repository), second, 0, warning),)
    assert f"at commit {second[:12]}; note: {warning}" in section(brief, "trees")


def test_a_touched_file_with_its_old_content_has_not_changed(repository: Path) -> None:
    (repository / "pay.py").write_text(PAY + " ")
    (repository / "pay.py").write_text(PAY)
    assert brief_of(repository).manifest.trees[0].changed_files == 0


def test_a_repository_executes_nothing_while_its_files_are_compared(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    for setting in ("filter.evil.clean", "filter.evil.process", "diff.evil.command", "core.fsmonitor"):
        git(repository, "config", setting, f"touch {ran}")
    (repository / "pay.py").write_text(PAY.replace("item", "line"))
    assert brief_of(repository, ranked(repository / "pay.py")).manifest.trees[0].changed_files == 1
    assert not ran.exists()


def test_the_line_where_a_change_does_it_is_marked_in_its_diff(tmp_path: Path) -> None:
    from dataclasses import replace

    from context.incident_tables import SHA, tables
    from deep_code_reasoning.finding import ChangeEffect, Location

    change = RankedChange(
        1, SHA, "payment", "payment", 0.9, ("touched lease.py",), ("it is older",),
        Location("payment/lease.py", 1, "renew"), ChangeEffect("LAT001-1", "one more query a line"),
    )  # fmt: skip
    with tables(tmp_path) as evidence:
        brief = build_brief(evidence, replace(diagnosis(), changes=(change,)), budget_tokens=9_000, work=Work())
    text = section(brief, f"commit:payment@{SHA}")
    assert "+TTL = 1  ◄ here" in text and "-TTL = 10\n" in text
    assert "does it at payment/lease.py:1 in renew" in text and "one more query a line" in text
