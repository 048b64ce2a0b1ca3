"""Names kept from the last time: the same answers, only what changed is read, and whatever changed is seen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from call_graph.cases import FOLDER, read_case, shown
from call_graph.programs import path_of, write
from deep_code_reasoning.code.graph.entry_point import Entry
from deep_code_reasoning.code.graph.execution_path import ExecutionPath
from deep_code_reasoning.code.graph.kept_names import KeptNames
from deep_code_reasoning.code.graph.program import program_of
from deep_code_reasoning.code.graph.trace import trace
from deep_code_reasoning.code.index.code_index import open_index
from deep_code_reasoning.code.index.disk import Disk
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from running_code.repositories import commit

PROGRAM = {
    "go.mod": "module example.org/shop\n",
    "cart.go": "package shop\n\nfunc Check() { price() }\n",
    "price.go": "package shop\n\nfunc price() {}\n",
    "packed.go": "package shop // " + "x" * 30_000 + "\n",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", PROGRAM)


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files just written count as settled, as those of a repository do that nobody works on."""
    monkeypatch.setattr("deep_code_reasoning.code.index.disk.SETTLED_NANOSECONDS", -(10**18))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were read from disk."""
    seen: list[str] = []
    content = Disk._content

    def spied(self: Disk, path: str) -> object:
        seen.append(path)
        return content(self, path)

    monkeypatch.setattr(Disk, "_content", spied)
    return seen


def again(tree: Path, settings: Settings, entry: str = "Check", revision: str | None = None) -> ExecutionPath:
    return trace(program_of(tree_at(tree, revision), settings, Work()), Entry.parse(entry))


def told(path: ExecutionPath) -> Mapping[str, object]:
    return {name: value for name, value in path.as_json().items() if name != "seconds"}


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_the_second_answer_is_the_first(page: Path, tmp_path: Path, settings: Settings) -> None:
    case = read_case(page)
    folder = write(tmp_path / "tree", case.files)
    anew = path_of(folder, case.entry)
    for _ in range(2):
        found = again(folder, settings, case.entry)
        assert (shown(found), repr(told(found))) == (case.expected, repr(told(anew)))


def test_only_what_is_asked_about_is_read_again(tree: Path, settings: Settings, read: list[str]) -> None:
    first = program_of(tree_at(tree), settings, Work())
    assert sorted(read) == sorted(PROGRAM)
    read.clear()
    second = program_of(tree_at(tree), settings, Work())
    assert read == []
    for name in ("paths", "left_out", "modules", "bytes"):
        assert getattr(first.names, name) == getattr(second.names, name)
    assert second.names.modules == {"example.org/shop": ""}
    assert list(second.names.left_out) == ["packed.go"]


@pytest.mark.parametrize(
    "changed",
    [
        {"price.go": "package shop\n\nfunc other() {}\n"},
        {"price.go": "package shop\n\nfunc prize() {}\n"},  # of the same size, and with the time it had
        {"price.go": None},
        {"more.go": "package shop\n\nfunc price(n int) {}\n", "price.go": "package shop\n"},
        {"price.go": "package shop // " + "x" * 30_000 + "\n"},
        {"packed.go": "package shop\n\nfunc price() { Check() }\n"},
    ],
)
def test_what_changed_is_seen(changed: Mapping[str, str | None], tree: Path, settings: Settings) -> None:
    again(tree, settings)
    for name, text in changed.items():
        before = (tree / name).stat() if (tree / name).exists() else None
        if text is None:
            (tree / name).unlink()
        else:
            (tree / name).write_text(text)
        if before and text:
            os.utime(tree / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert told(again(tree, settings)) == told(path_of(tree, "Check"))


def test_a_file_that_may_still_be_written_is_read_each_time(
    tree: Path, settings: Settings, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deep_code_reasoning.code.index.disk.SETTLED_NANOSECONDS", 10**18)
    for _ in range(2):
        read.clear()
        program_of(tree_at(tree), settings, Work())
        assert sorted(read) == sorted(PROGRAM)


def test_revisions_are_told_apart(tmp_path: Path, settings: Settings) -> None:
    repository = tmp_path / "history"
    old = commit(repository, PROGRAM)
    new = commit(repository, {"price.go": "package shop\n\nfunc price() { tax() }\n\nfunc tax() {}\n"})
    for revision, functions in ((old, 2), (new, 3), (old, 2), (None, 3)):
        found = again(repository, settings, revision=revision)
        assert told(found) == told(path_of(repository, "Check", revision=revision))
        assert sum(1 for _ in found.steps()) == functions


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff" * 100, None], ids=["empty", "nul", "noise", "cut off"])
def test_a_damaged_file_counts_as_none(damage: bytes | None, tree: Path, settings: Settings) -> None:
    expected = told(again(tree, settings))
    (file,) = settings.state_dir.glob("code/*/names.msgpack")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert told(again(tree, settings)) == expected
    assert file.read_bytes() == whole


def test_names_made_with_other_tables_are_not_used(
    tree: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptNames(tree_at(tree), settings)
    again(tree, settings)
    assert sorted(kept.read()) == sorted(PROGRAM)
    monkeypatch.setattr("deep_code_reasoning.code.graph.kept_names._made_with", lambda: "others")
    assert kept.read() == {}


def test_where_nothing_can_be_written_it_is_read_each_time(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(state_dir=tmp_path / "file")
    assert told(again(tree, settings)) == told(again(tree, settings)) == told(path_of(tree, "Check"))


def test_it_lies_beside_the_index_and_goes_with_it(tree: Path, tmp_path: Path, settings: Settings) -> None:
    open_index(tree, settings, Work())
    again(tree, settings)
    (folder,) = (path for path in (settings.state_dir / "code").iterdir() if path.is_dir())
    assert {"documents", "names.msgpack"} <= {path.name for path in folder.iterdir()}
    other = write(tmp_path / "other", PROGRAM)
    again(other, replace(settings, code_index_bytes=1))
    assert not folder.exists()
