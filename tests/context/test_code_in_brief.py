"""Code in a brief: what findings point at and what the caller gives, under the allowed roots only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from context.incident_tables import diagnosis, spans
from context.test_brief import section
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.progress import Work
from store.rows import tables_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository with [brackets] @ é"
    (root / "app").mkdir(parents=True)
    (root / "app" / "payment.py").write_text("import lock\n\ndef charge():\n" + "    work()\n" * 200)
    return root


def brief_of(root: Path, *given: Path) -> Brief:
    with tables_of(root.parent / "store", spans=spans()) as evidence:
        return build_brief(
            evidence, diagnosis(), budget_tokens=30_000, question=None, code_files=given, roots=[root], work=Work()
        )


def left_out(brief: Brief) -> dict[str, str]:
    return {left.id: left.reason for left in brief.manifest.left_out}


def test_a_window_around_the_place_a_finding_names(root: Path) -> None:
    lines = section(brief_of(root), "code:/app/payment.py:3").splitlines()
    assert lines[:3] == ["    1 import lock", "", "    3►def charge():"]
    assert lines[3:5] == ["          work()", "    5     work()"], "every fifth line is numbered"
    assert lines[-1] == "          work()" and len(lines) == 43


def test_a_file_that_changed_is_read_again(root: Path) -> None:
    before = brief_of(root)
    (root / "app" / "payment.py").write_text("changed = True\n\nnew()\n")
    assert "changed = True" not in before.text
    assert "changed = True" in brief_of(root).text


def test_a_given_folder_is_walked_and_what_stays_out_is_listed(root: Path) -> None:
    outside = root.parent / "outside.py"
    outside.write_text("outside = 1\n")
    (root / "a.go").write_text("func main() { x := map[string]int{} } // <tag>\n")
    (root / "binary.bin").write_bytes(b"\0\1\2")
    (root / ".env").write_text("KEY=abc\n")
    (root / "link.py").symlink_to(outside)
    (root / "empty.py").write_text("")
    os.mkfifo(root / "pipe")
    brief = brief_of(root, root)
    assert "map[string]int{} } // <tag>" in brief.text
    assert "outside = 1" not in brief.text and "KEY=abc" not in brief.text
    reasons = left_out(brief)
    assert reasons[f"code:{root / 'binary.bin'}"] == "not read: binary"
    assert reasons[f"code:{root / '.env'}"] == "not read: a file of this name holds secrets"
    assert reasons[f"code:{root / 'link.py'}"] == "not read: resolves outside the allowed roots"
    assert reasons[f"code:{root / 'pipe'}"] == "not read: not a regular file"


def test_a_file_outside_the_roots_is_not_opened(root: Path) -> None:
    outside = root.parent / "secret.py"
    outside.write_text("outside = 1\n")
    brief = brief_of(root, outside, root / ".." / "secret.py", root / "gone.py")
    assert "outside = 1" not in brief.text
    assert set(left_out(brief).values()) == {
        "not read: resolves outside the allowed roots", "not read: No such file or directory",
    }  # fmt: skip


def test_a_place_that_cannot_be_found_is_listed(root: Path) -> None:
    (root / "app" / "payment.py").unlink()
    assert left_out(brief_of(root))["code:/app/payment.py:3"].startswith(
        "not read: no such file under the allowed roots"
    )


def test_a_long_file_is_cut_and_the_rest_is_listed(root: Path) -> None:
    long = root / "long.py"
    long.write_text("".join(f"value_{n} = compute({n})\n" for n in range(20_000)))
    brief = brief_of(root, long)
    assert "value_0 = compute(0)" in brief.text and "cut here" in brief.text
    assert "lines did not fit" in left_out(brief)[f"code:{long}"]


def test_files_of_version_control_stay_out_whoever_names_them(root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text('[remote "origin"]\n\turl = https://me:token@example.test/x\n')
    brief = brief_of(root, root / ".git" / "config")
    assert "example.test" not in brief.text
    assert "not read: version control's own file" in left_out(brief).values()


def test_a_root_that_lies_in_such_a_folder_can_be_read(tmp_path: Path) -> None:
    root = tmp_path / ".git" / "tree"
    (root / "app").mkdir(parents=True)
    (root / "app" / "payment.py").write_text("a = 1\n\nb = 2\n")
    assert "b = 2" in brief_of(root).text
