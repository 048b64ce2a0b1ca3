"""What an index is kept in may be damaged, old, full, written by two at once, or of no use any more."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from deep_code_reasoning.code.index import catalogue, retention
from deep_code_reasoning.code.index.code_index import CodeIndex, open_index
from deep_code_reasoning.code.index.lock import no_writer
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

Indexed = Callable[..., CodeIndex]
SOURCES = Path(catalogue.__file__).parents[3]


def holding(index: CodeIndex, word: str) -> list[str]:
    found = index.documents.holding([word], 1_000) if index.documents else []
    return sorted(index.paths[file] for file in found)


def place(settings: Settings) -> Path:
    (found,) = settings.state_dir.glob("code/*/catalogue.msgpack")
    return found.parent


def parts(folder: Path) -> list[str]:
    return sorted(path.suffix or path.name for path in (folder / "documents").iterdir())


@pytest.fixture
def filled(repository):
    return repository.write({f"f{n}.py": f"alpha word{n}\n" for n in range(40)})


@pytest.mark.parametrize("harm", ["gone", "empty", "cut", "garbage"])
def test_whatever_file_of_it_is_damaged_it_is_built_again(harm: str, filled, indexed: Indexed, settings) -> None:
    indexed(filled.path)
    folder = place(settings)
    for name in [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.name != "lock"]:
        path = folder / name
        if not path.exists():
            continue  # a segment's name is drawn anew each time
        whole = path.read_bytes()
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "garbage": b"\xc1garbage"}[harm])
        index = indexed(filled.path)
        assert (len(index), holding(index, "word7"), len(holding(index, "alpha"))) == (40, ["f7.py"], 40), name


def test_a_part_that_only_its_reader_finds_damaged(filled, indexed: Indexed, settings) -> None:
    """As long as before, so the list of sizes does not tell."""
    indexed(filled.path)
    meta = place(settings) / "documents" / "meta.json"
    meta.write_bytes(b"x" * meta.stat().st_size)
    assert holding(indexed(filled.path), "word7") == ["f7.py"]


def test_an_index_of_an_older_layout_is_built_again(filled, indexed: Indexed, settings) -> None:
    indexed(filled.path)
    path = place(settings) / "catalogue.msgpack"
    old = msgspec.msgpack.decode(path.read_bytes(), type=catalogue.Catalogue)
    for version in (0, catalogue.VERSION - 1, catalogue.VERSION + 1):
        old.version = version
        path.write_bytes(msgspec.msgpack.encode(old))
        assert holding(indexed(filled.path), "word7") == ["f7.py"]
        assert msgspec.msgpack.decode(path.read_bytes())["version"] == catalogue.VERSION


PROGRAM = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from deep_code_reasoning.code.index.code_index import open_index
    from deep_code_reasoning.errors import DcrError
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    if limit := int(sys.argv[4]):
        import tantivy  # its own compiled file is written before the limit holds
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        index = open_index(Path(sys.argv[2]), Settings(state_dir=Path(sys.argv[3])), Work())
        print(len(index), len(index.documents.holding(["alpha"], 1_000)))
    except DcrError as error:
        print(type(error).__name__, error)
""")


def started(tree: Path, settings: Settings, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(SOURCES), str(tree), str(settings.state_dir), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_index_one_tree_at_once_all_get_it_whole(filled, settings, indexed: Indexed) -> None:
    several = [started(filled.path, settings) for _ in range(4)]
    told = [process.communicate(timeout=60) for process in several]
    assert [out for out, _ in told] == ["40 40\n"] * 4, told
    assert len(indexed(filled.path)) == 40


@pytest.mark.parametrize("limit", [1, 300, 5_000, 20_000])
def test_a_full_disk_is_told_and_leaves_nothing_half_done(limit: int, repository, settings, indexed: Indexed) -> None:
    """A limit on the size of files stands for the disk: the same calls fail at the same places."""
    words = "\n".join(f"alpha{n} word{n * 7919}" for n in range(4_000))
    repository.write({f"f{n}.py": f"alpha {n}\n{words}" for n in range(20)})
    out, err = started(repository.path, settings, limit).communicate(timeout=60)
    assert out.startswith("EvidenceError") and "cannot be written" in out and "File too large" in out, (out, err)
    assert not list(settings.state_dir.glob("code/*/documents"))
    assert len(holding(indexed(repository.path), "alpha")) == 20


def test_a_state_folder_that_is_a_file(filled, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    out, err = started(filled.path, Settings(state_dir=tmp_path / "taken")).communicate(timeout=60)
    assert out.startswith("EvidenceError") and "cannot be written" in out, (out, err)


def trees_of(repository, tmp_path: Path, count: int) -> list[Path]:
    return [type(repository)(tmp_path / f"tree{n}").write({"a.py": f"alpha word{n}\n"}).path for n in range(count)]


def kept(settings: Settings) -> set[str]:
    return {Path(os.fsdecode(path.read_bytes())).name for path in settings.state_dir.glob("code/*/origin")}


def used(settings: Settings, tree: Path, *, days_ago: float) -> None:
    for origin in settings.state_dir.glob("code/*/origin"):
        if os.fsdecode(origin.read_bytes()) == str(tree):
            for path in (origin, origin.parent / "lock"):
                os.utime(path, (time.time() - days_ago * 86_400,) * 2)


def test_indexes_of_trees_that_are_gone_or_unused_for_a_month_are_deleted(
    repository, tmp_path: Path, settings: Settings, indexed: Indexed
) -> None:
    first, second, third, fourth = trees_of(repository, tmp_path, 4)
    for tree in (first, second, third):
        indexed(tree)
    used(settings, first, days_ago=31)
    used(settings, second, days_ago=29)
    (third / "a.py").unlink()
    third.rmdir()
    indexed(fourth)
    assert kept(settings) == {"tree1", "tree3"}
    assert holding(indexed(first), "word0") == ["a.py"], "built again when asked for"


def test_all_together_stay_within_the_limit_the_least_recently_used_first(
    repository, tmp_path: Path, settings: Settings
) -> None:
    trees = trees_of(repository, tmp_path, 5)
    for number, tree in enumerate(trees[:4]):
        open_index(tree, settings, Work())
        used(settings, tree, days_ago=10 - number)
    one = sum(path.stat().st_size for path in next(settings.state_dir.glob("code/*/origin")).parent.rglob("*"))
    open_index(trees[4], replace(settings, code_index_bytes=int(one * 3.5)), Work())
    assert kept(settings) == {"tree2", "tree3", "tree4"}
    open_index(trees[0], replace(settings, code_index_bytes=0), Work())
    assert kept(settings) == {"tree0"}, "the one that is asked for stays"


def test_an_index_that_is_written_is_not_deleted_and_one_that_is_read_stays_readable(
    repository, tmp_path: Path, settings: Settings, indexed: Indexed
) -> None:
    first, second = trees_of(repository, tmp_path, 2)
    reader = indexed(first)
    folder = place(settings)
    with no_writer(folder) as is_free:
        assert is_free
        open_index(second, replace(settings, code_index_bytes=0), Work())
        assert folder.exists(), "its lock is held"
    assert retention.look_through(folder.parent, tmp_path, 0, grown=True) and not folder.exists()
    assert holding(reader, "alpha") == ["a.py"]
    assert reader.read(["a.py"]) == {"a.py": b"alpha word0\n"}


def test_whoever_waits_for_an_index_that_is_deleted_makes_it_anew(
    repository, tmp_path: Path, settings: Settings, indexed: Indexed
) -> None:
    (tree,) = trees_of(repository, tmp_path, 1)
    indexed(tree)
    folder = place(settings)
    with no_writer(folder):
        waiting = started(tree, settings)
        time.sleep(1.5)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()
    assert waiting.communicate(timeout=60)[0] == "1 1\n"
