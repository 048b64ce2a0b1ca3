"""Whatever lies in a tree: it is skipped, told by its place, and the rest is indexed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning.code.index import disk, exclusion, git_files
from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.errors import EvidenceError

Indexed = Callable[..., CodeIndex]


def holding(index: CodeIndex, word: str) -> list[str]:
    found = index.documents.holding([word], 1_000) if index.documents else []
    return sorted(index.paths[file] for file in found)


def left(index: CodeIndex) -> dict[str, str]:
    return {one.path: one.reason for one in index.left_out}


@pytest.fixture(params=["git", "plain"])
def tree(request: pytest.FixtureRequest, repository, folder):
    """The same with git and without."""
    return repository if request.param == "git" else folder


def test_two_gigabytes_are_told_with_their_size(tree, indexed: Indexed) -> None:
    tree.write({"a.py": "alpha"})
    with (tree.path / "dump.txt").open("wb") as file:
        file.truncate(2 << 30)
    index = indexed(tree.path)
    assert list(index.files) == ["a.py"]
    assert [(one.path, one.size) for one in index.left_out] == [("dump.txt", 2 << 30)]


@pytest.mark.parametrize("size", [3, 2_000_000])
def test_a_file_that_shrinks_or_grows_while_it_is_read(
    size: int, tree, indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.write({"a.py": "alpha\n" * 1_000, "b.py": "beta"})
    read = disk._read

    def changing(file, most: int) -> bytes:
        os.truncate(tree.path / "a.py", size)
        return read(file, most)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "_read", changing)
        index = indexed(tree.path)
    assert holding(index, "beta") == ["b.py"]
    assert (holding(index, "alp"), left(index)) == (
        (["a.py"], {}) if size == 3 else ([], {"a.py": "larger than 1,000,000 bytes"})
    )
    tree.write({"a.py": "gamma"})
    assert holding(indexed(tree.path), "gamma") == ["a.py"]


def test_files_that_come_and_go_all_the_while(tree, indexed: Indexed) -> None:
    tree.write({f"keep/{n}.py": f"stays{n}" for n in range(50)})
    stop = threading.Event()

    def flicker() -> None:
        while not stop.is_set():
            for n in range(20):
                tree.write({f"flicker/d{n}/x.py": f"beta{n}"})
            subprocess.run(["rm", "-rf", str(tree.path / "flicker")], check=False)

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        for _ in range(3):
            index = indexed(tree.path)
            assert sum(path.startswith("keep/") for path in index.files) == 50
    finally:
        stop.set()
        thread.join()
    index = indexed(tree.path)
    assert all(holding(index, f"stays{n}") == [f"keep/{n}.py"] for n in range(50))


def test_what_is_no_file_is_told_or_unseen_and_never_opened(tree, indexed: Indexed) -> None:
    tree.write({"a.py": "alpha", "sub/b.py": "beta"})
    os.mkfifo(tree.path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as heard:
        heard.bind(str(tree.path / "s.py")[-100:] if len(str(tree.path / "s.py")) > 100 else str(tree.path / "s.py"))
        (tree.path / "zero.py").symlink_to("/dev/zero")
        (tree.path / "loop.py").symlink_to("loop.py")
        (tree.path / "sub" / "up").symlink_to("..")
        (tree.path / "out").symlink_to("/etc")
        index = indexed(tree.path)
    assert sorted(index.files) == ["a.py", "sub/b.py"]
    told = left(index)
    assert {told[name] for name in ("zero.py", "loop.py", "sub/up", "out")} == {exclusion.LINK}
    assert {told.get(name, exclusion.NOT_A_FILE) for name in ("pipe.py", "s.py")} == {exclusion.NOT_A_FILE}
    assert index.read(["pipe.py", "zero.py", "out/passwd", "../x", "/etc/passwd"]) == {}


def test_rules_that_would_block_or_are_none(tree, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.gitignore` that is a pipe: git itself waits for a writer, so what it does not track stays untold."""
    monkeypatch.setattr(git_files, "UNTRACKED_SECONDS", 1.0)
    tree.write({"a.py": "alpha", "sub/b.py": "beta"})
    if (tree.path / ".git").exists():
        tree.git("add", "-A")
    os.mkfifo(tree.path / "sub" / ".gitignore")
    index = indexed(tree.path)
    assert sorted(index.files) == ["a.py", "sub/b.py"]


def test_ignore_rules_of_odd_bytes(tree, indexed: Indexed) -> None:
    tree.write({".gitignore": b"\xff\xfe*.x\n[\n\0\n*.log\n" + b"a" * 100_000 + b"\n", "a.log": "x", "b.py": "beta"})
    index = indexed(tree.path)
    assert holding(index, "beta") == ["b.py"] and "a.log" not in index.files


def test_what_a_person_alone_ignores_is_ignored(repository, indexed: Indexed) -> None:
    repository.write({"a.py": "alpha", "notes/x.py": "beta", ".git/info/exclude": "notes/\n"})
    assert list(indexed(repository.path).files) == ["a.py"]


@pytest.mark.parametrize("form", ["worktree", "shallow", "separate", "submodule", "uninitialised"])
def test_every_form_of_a_repository(form: str, repository, tmp_path: Path, indexed: Indexed) -> None:
    repository.write({"a.py": "alpha"}).commit()
    repository.write({"b.py": "beta"}).commit("two")
    other = tmp_path / "other"
    if form == "worktree":
        repository.git("worktree", "add", "-q", "--detach", str(other), "HEAD~1")
    elif form == "shallow":
        repository.git("clone", "-q", "--depth", "1", repository.path.as_uri(), str(other))
    elif form == "separate":
        repository.git("clone", "-q", f"--separate-git-dir={tmp_path / 'elsewhere'}", str(repository.path), str(other))
    else:
        outer = type(repository)(other).init().write({"o.py": "outer"})
        outer.git("submodule", "add", "-q", str(repository.path), "lib")
        outer.commit()
        index = indexed(other)
        assert sorted(index.files) == [".gitmodules", "o.py"]
        assert left(index) == {"lib": exclusion.SUBMODULE}
        if form == "uninitialised":
            fresh = tmp_path / "fresh"
            outer.git("clone", "-q", str(other), str(fresh))
            assert left(indexed(fresh)) == {"lib": exclusion.SUBMODULE}
            return
        other = other / "lib"
    index = indexed(other)
    assert sorted(index.files) == (["a.py"] if form == "worktree" else ["a.py", "b.py"])
    assert index.commit is not None
    assert index.read(["a.py"]) == {"a.py": b"alpha"}


def test_a_folder_that_cannot_be_listed(tree, tmp_path: Path) -> None:
    """Without the rights of root, whom nothing stops."""
    tree.write({"a.py": "alpha", "closed/b.py": "beta", "closed2/c.py": "gamma"})
    if (tree.path / ".git").exists():
        tree.git("add", "closed")
    state = tmp_path / "state"
    state.mkdir()
    program = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(Path(disk.__file__).parents[3])!r})
        from pathlib import Path
        from deep_code_reasoning.code.index.code_index import open_index
        from deep_code_reasoning.progress import Work
        from deep_code_reasoning.settings import Settings
        index = open_index(Path({str(tree.path)!r}), Settings(state_dir=Path({str(state)!r})), Work())
        print(sorted(index.files)); print([one.path for one in index.left_out])
    """)
    command = [sys.executable, "-c", program]
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may list any folder, and nothing here takes that right away")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    for name in ("closed", "closed2"):
        (tree.path / name).chmod(0)
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    finally:
        for name in ("closed", "closed2"):
            (tree.path / name).chmod(0o755)
    assert done.returncode == 0, done.stderr
    files, told = done.stdout.splitlines()
    assert files == "['a.py']"
    assert told == (
        "['closed/', 'closed/b.py', 'closed2/']" if (tree.path / ".git").exists() else "['closed/', 'closed2/']"
    )


def damaged(repository, blob: str, how: str) -> None:
    place = repository.path / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    whole = place.read_bytes()
    text = zlib.decompress(whole)
    place.write_bytes(
        {"empty": b"", "garbage": b"\0garbage", "cut": whole[: len(whole) // 2],
         "other": zlib.compress(text[:-400] + b"x" * 400)}[how]
    )  # fmt: skip


@pytest.mark.parametrize("how", ["empty", "garbage", "cut", "other"])
@pytest.mark.parametrize("what", ["blob", "tree"])
def test_a_damaged_object_costs_its_own_file_only(how: str, what: str, repository, indexed: Indexed) -> None:
    text = "".join(f"line {n} of {n * 7919}\n" for n in range(2_000))
    repository.write({"a.py": "alpha", "c/d.py": "delta " + text, "b.py": "beta", "z.py": "omega", "c/e.py": "e"})
    repository.commit()
    damaged(repository, repository.git("rev-parse", "HEAD:c/d.py" if what == "blob" else "HEAD:c"), how)
    index = indexed(repository.path, revision="HEAD")
    assert [holding(index, word) for word in ("alpha", "beta", "omega")] == [["a.py"], ["b.py"], ["z.py"]]
    if how != "other":  # git does not look whether a whole object is the one that was written
        told = left(index)
        assert told.get("c/d.py") == exclusion.MISSING or exclusion.UNLISTED in told.values()


def test_a_damaged_index_of_git_is_no_reason_to_read_nothing(repository, indexed: Indexed) -> None:
    repository.write({"a.py": "alpha", "node_modules/b.js": "beta"}).commit()
    (repository.path / ".git" / "index").write_bytes(b"DIRC garbage")
    index = indexed(repository.path)
    assert holding(index, "alpha") == ["a.py"]
    assert exclusion.UNLISTED in left(index).values()


def test_neither_a_folder_nor_there(tmp_path: Path, indexed: Indexed) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file.py").write_text("x")
    for name in ("loop", "file.py", "none", "a\0b"):
        with pytest.raises(EvidenceError, match="not a folder"):
            indexed(tmp_path / name)


ODD = [
    "a b.py", "[x].py", "a@b.py", "#x.py", "a#b?c.py", "größe.py", "日本.py", "Case.py", "case.py", "a\nb.py", "'\".py",
    "-x.py", "a\\b.py", "{x}$y.py", "!x.py", "*.py", " .py", "e\u0301.py", "\u00e9.py",
]  # fmt: skip


def test_odd_names_and_their_folders(tree, indexed: Indexed) -> None:
    tree.write({name: f"word{n}" for n, name in enumerate(ODD)} | {f"in {name}/f.py": "inner" for name in ODD})
    odd = os.fsencode(tree.path) + b"/\xff\xed\xa0\x80.py"  # no UTF-8: a lone byte, and a lone surrogate's bytes
    try:
        Path(os.fsdecode(odd)).write_bytes(b"bytes")
    except OSError:
        odd = b""
    index = indexed(tree.path)
    assert sorted(set(index.files) & set(ODD)) == sorted(ODD)
    assert len(holding(index, "inner")) == len(ODD)
    for n, name in enumerate(ODD):
        assert holding(index, f"word{n}") == [name]
        assert index.read([name]) == {name: f"word{n}".encode()}
    assert not odd or [os.fsencode(path) for path in holding(index, "bytes")] == [odd.rpartition(b"/")[2]]


def test_two_hundred_folders_deep_and_beyond(tree, indexed: Indexed) -> None:
    deep = "/".join(["d"] * 400)
    (tree.path / deep).mkdir(parents=True)
    tree.write({"d/d/a.py": "alpha", f"{deep}/b.py": "beta"})
    assert holding(indexed(tree.path), "alpha") == ["d/d/a.py"]
