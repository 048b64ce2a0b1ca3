"""An index is what its files are: cold, after every change, after crashes, and whatever lies in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from deep_code_reasoning.code.index import update as updating
from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.index.disk import Disk
from deep_code_reasoning.errors import CancelledError, EvidenceError
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings

Indexed = Callable[..., CodeIndex]


def holding(index: CodeIndex, word: str) -> list[str]:
    if index.documents is None:
        return []
    return sorted(index.paths[file] for file in index.documents.holding([word], 1_000))


def left(index: CodeIndex) -> dict[str, str]:
    return {one.path: one.reason for one in index.left_out}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files just written count as settled, as those of a repository do that nobody works on."""
    monkeypatch.setattr("deep_code_reasoning.code.index.disk.SETTLED_NANOSECONDS", -(10**18))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were read from disk."""
    seen: list[str] = []
    contents = Disk._content

    def spied(self: Disk, path: str) -> object:
        seen.append(path)
        return contents(self, path)

    monkeypatch.setattr(Disk, "_content", spied)
    return seen


def test_files_of_a_work_tree_are_found_by_their_words(repository, indexed: Indexed) -> None:
    repository.write({"cart.py": "def total_price(): pass", "pay/card.go": "func Charge() {}"})
    head = repository.commit()
    index = indexed(repository.path)
    assert (len(index), index.commit, index.name) == (2, head, "shop")
    assert holding(index, "price") == holding(index, "total_price") == ["cart.py"]
    assert index.documents and index.documents.holding(["charge"], 9, "defines") == [index.files["pay/card.go"]]
    assert index.blob("cart.py") == repository.git("rev-parse", "HEAD:cart.py")


@pytest.mark.usefixtures("settled")
def test_only_what_changed_is_read_again(repository, indexed: Indexed, read: list[str]) -> None:
    repository.write({"a.py": "alpha", "b.py": "beta", "c.py": "gamma"}).commit()
    indexed(repository.path)
    assert sorted(read) == ["a.py", "b.py", "c.py"]
    read.clear()
    indexed(repository.path)
    assert read == []
    repository.write({"b.py": "delta", "new.py": "epsilon"})  # neither staged nor committed
    (repository.path / "c.py").unlink()
    index = indexed(repository.path)
    assert sorted(read) == ["b.py", "new.py"]
    assert [holding(index, w) for w in ("alpha", "beta", "gamma", "delta", "epsilon")] == [
        ["a.py"], [], [], ["b.py"], ["new.py"]
    ]  # fmt: skip
    assert len(index) == 3


@pytest.mark.usefixtures("settled")
def test_a_file_touched_without_a_change_keeps_its_document(repository, indexed: Indexed, read: list[str]) -> None:
    repository.write({"a.py": "alpha"}).commit()
    before = indexed(repository.path).files
    os.utime(repository.path / "a.py", (1, 1))
    read.clear()
    assert indexed(repository.path).files == before
    assert read == ["a.py"]


def test_a_file_written_within_the_clocks_grain_is_read_again(repository, indexed: Indexed) -> None:
    repository.write({"a.py": "alpha"}).commit()
    indexed(repository.path)
    status = (repository.path / "a.py").stat()
    repository.write({"a.py": "gamma"})  # as long as before, and made to look as old
    os.utime(repository.path / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert holding(indexed(repository.path), "gamma") == ["a.py"]


def test_an_index_kept_up_to_date_scores_as_a_new_one(repository, indexed: Indexed, tmp_path: Path) -> None:
    repository.write({f"f{n}.py": f"alpha beta word{n} {'gamma ' * n}" for n in range(30)}).commit()
    indexed(repository.path)
    repository.write({f"f{n}.py": f"beta other{n} {'gamma ' * (n // 2)}" for n in range(0, 30, 2)}).commit("two")
    for n in range(1, 30, 6):
        (repository.path / f"f{n}.py").unlink()
    kept = indexed(repository.path)
    from deep_code_reasoning.code.index.code_index import open_index

    new = open_index(repository.path, Settings(state_dir=tmp_path / "another"), Work())
    words = {"alpha": 1.0, "gamma": 2.0, "word3": 1.0}
    scores = []
    for index in (kept, new):
        assert index.documents
        scores.append({index.paths[file]: score for file, score in index.documents.score(words, {"f2": 1.0}, 99)})
        assert [index.documents.frequency(word) for word in ("alpha", "beta", "word2")] == [10, 25, 0]
    assert scores[0].keys() == scores[1].keys()
    assert all(scores[0][path] == pytest.approx(scores[1][path], rel=0.05) for path in scores[0])


def test_gits_ignore_rules_hold(repository, indexed: Indexed) -> None:
    repository.write(
        {
            ".gitignore": "*.log\n/out/\n",
            "a.log": "x",
            "out/b.py": "y",
            "sub/out/c.py": "z",
            "sub/.gitignore": "!k.log",
            "sub/k.log": "kept",
        }
    )
    assert sorted(indexed(repository.path).files) == [".gitignore", "sub/.gitignore", "sub/k.log", "sub/out/c.py"]


@pytest.mark.parametrize(
    "rules", ["*.log\n/out/\n", "*\n!*.py\n!*/\n", "out\n!sub/out\n", "[ab]*\n", "# none\n\n", "**/sub\n", "\\!x\n"]
)
def test_without_git_the_same_files_are_indexed_as_git_would(rules: str, repository, folder, indexed: Indexed) -> None:
    files = {
        ".gitignore": rules, "a.log": "x", "b.py": "x", "out/b.py": "y", "sub/out/c.py": "z", "sub/a.py": "x",
        "!x": "y", "sub/.gitignore": "!k.log\n/deep\n", "sub/k.log": "kept", "sub/deep/d.py": "no",
    }  # fmt: skip
    repository.write(files)
    folder.write(files)
    assert sorted(indexed(folder.path).files) == sorted(indexed(repository.path).files)


def test_installed_packages_of_a_folder_without_git_are_left_out(folder, indexed: Indexed) -> None:
    folder.write({"a.py": "x", "node_modules/b/index.js": "y", ".venv/lib/c.py": "z"})
    index = indexed(folder.path)
    assert (list(index.files), index.commit) == (["a.py"], None)
    assert left(index) == {"node_modules/": "installed packages", ".venv/": "installed packages"}


def test_what_tells_nothing_is_left_out_and_listed(repository, indexed: Indexed) -> None:
    repository.write(
        {
            "yarn.lock": "a", "app.min.js": "a", "logo.png": "a", "de.po": "a", "empty.py": "",
            "blob.py": b"a\0b", "long.js": "a=1;" * 3_000, "big.py": "word\n" * 300_000,
            "api.go": "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage api\n",
            "large.bin": "version https://git-lfs.github.com/spec/v1\noid x\n",
            "data.csv": "version https://git-lfs.github.com/spec/v1\noid x\n",
            "tool.py": "# tells 'Code was not generated, so do edit'\n",
        }
    ).commit()  # fmt: skip
    index = indexed(repository.path)
    assert list(index.files) == ["tool.py"]
    assert left(index) == {
        "yarn.lock": "lock file", "app.min.js": "minified file", "logo.png": "binary file", "de.po": "translations",
        "empty.py": "empty file", "blob.py": "binary file", "long.js": "minified file",
        "big.py": "larger than 1,000,000 bytes", "api.go": "generated file", "large.bin": "binary file",
        "data.csv": "pointer of git LFS",
    }  # fmt: skip
    assert left(indexed(repository.path)) == left(index)


def test_two_gigabytes_are_not_read(repository, indexed: Indexed, read: list[str]) -> None:
    with (repository.path / "dump.txt").open("wb") as file:
        file.truncate(2 << 30)
    index = indexed(repository.path)
    assert (read, index.left_out[0].size) == ([], 2 << 30)


def test_links_are_not_followed_and_submodules_not_read(repository, tmp_path: Path, indexed: Indexed) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.py").write_text("hidden")
    from shutil import rmtree

    repository.write({"a.py": "alpha", "pkg/key.py": "was here"})
    (repository.path / "link.py").symlink_to(tmp_path / "secret" / "key.py")
    other = type(repository)(tmp_path / "lib").init().write({"l.py": "library"})
    other.commit()
    repository.git("submodule", "add", "-q", str(other.path), "lib")
    repository.commit()
    rmtree(repository.path / "pkg")
    (repository.path / "pkg").symlink_to(tmp_path / "secret")  # a tracked path that now leads out
    index = indexed(repository.path)
    assert holding(index, "hidden") == holding(index, "library") == []
    told = left(index)
    assert told["link.py"] == "symbolic link (not followed)"
    assert told["pkg/key.py"] == "reached through a symbolic link out of the root"
    assert told["lib"] == "submodule (another repository; give it as one)"


ODD = [
    "a b.py",
    "[x].py",
    "a@b.py",
    "größe.py",
    "日本.py",
    "Case.py",
    "case.py",
    "a\tb.py",
    "a\nb.py",
    "-x.py",
    "a'\"b.py",
]


@pytest.mark.parametrize("committed", [True, False])
def test_odd_names_and_case_clashes(committed: bool, repository, indexed: Indexed) -> None:
    repository.write({name: f"word{number}" for number, name in enumerate(ODD)})
    head = repository.commit() if committed else None
    index = indexed(repository.path, revision=head)
    assert sorted(index.files) == sorted(ODD)
    for number, name in enumerate(ODD):
        assert holding(index, f"word{number}") == [name]
        assert index.read([name]) == {name: f"word{number}".encode()}


def test_a_name_that_is_no_utf8(repository, indexed: Indexed) -> None:
    try:
        Path(os.fsdecode(os.fsencode(repository.path) + b"/\xff.py")).write_bytes(b"alpha")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    for head in (None, repository.commit()):
        index = indexed(repository.path, revision=head)
        assert [os.fsencode(path) for path in holding(index, "alpha")] == [b"\xff.py"]


def test_a_file_that_vanishes_while_it_is_read(repository, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write({"a.py": "alpha", "b.py": "beta"}).commit()
    contents = Disk.contents

    def vanishing(self: Disk, entries: Iterable) -> object:
        (repository.path / "b.py").unlink(missing_ok=True)
        return contents(self, entries)

    with monkeypatch.context() as patched:
        patched.setattr(Disk, "contents", vanishing)
        index = indexed(repository.path)
    assert (list(index.files), left(index)) == (["a.py"], {"b.py": "vanished or not readable while it was read"})
    repository.write({"b.py": "beta"})
    assert holding(indexed(repository.path), "beta") == ["b.py"]


@pytest.mark.parametrize("how", ["git", "commits", "plain", "bare"])
def test_nothing_to_index(how: str, repository, folder, tmp_path: Path, indexed: Indexed) -> None:
    if how == "commits":
        repository.commit()
    path = {"plain": folder.path, "bare": tmp_path / "bare"}.get(how, repository.path)
    if how == "bare":
        subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    index = indexed(path)
    assert (len(index), index.left_out, index.documents) == (0, [], None)
    (folder if how == "plain" else repository).write({"a.py": "alpha"})
    assert how == "bare" or holding(indexed(path), "alpha") == ["a.py"]


def test_revisions_and_bare_repositories(repository, tmp_path: Path, indexed: Indexed) -> None:
    first = repository.write({"a.py": "alpha", "b.py": "beta", "big.txt": "x\n" * 600_000}).commit()
    repository.write({"b.py": "gamma", "c/d.py": "delta"}).commit("two")
    bare = tmp_path / "shop.git"
    repository.git("clone", "-q", "--bare", str(repository.path), str(bare))
    new = indexed(bare)
    assert (sorted(new.files), new.name) == (["a.py", "b.py", "c/d.py"], "shop")
    old = indexed(bare, revision=first)
    assert (old.commit, holding(old, "beta"), holding(old, "gamma"), old.files["a.py"]) == (
        first, ["b.py"], [], new.files["a.py"]
    )  # fmt: skip
    assert old.read(["b.py"]) == {"b.py": b"beta"}
    assert left(old) == {"big.txt": "larger than 1,000,000 bytes"}
    with pytest.raises(EvidenceError, match="no commit 'nothing'"):
        indexed(bare, revision="nothing")
    with pytest.raises(EvidenceError, match="no commit '--output=x'"):
        indexed(bare, revision="--output=x")


def test_a_folder_of_a_repository_is_indexed_alone(repository, indexed: Indexed) -> None:
    repository.write({"cart/a.py": "alpha", "pay/b.py": "beta", ".gitignore": "*.tmp", "cart/x.tmp": "no"}).commit()
    assert list(indexed(repository.path / "cart").files) == ["a.py"]


def test_a_hostile_repository_executes_nothing(repository, tmp_path: Path, indexed: Indexed) -> None:
    repository.write({"a.py": "alpha", ".gitattributes": "* filter=evil diff=evil\n"}).commit()
    run = f"touch {tmp_path / 'executed'}"
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
                "core.fsmonitor", "core.sshCommand", "core.pager", "uploadpack.packObjectsHook"):  # fmt: skip
        repository.git("config", key, run)
    repository.write({"a.py": "gamma"})
    os.utime(repository.path / "a.py")
    indexed(repository.path)
    indexed(repository.path, revision="HEAD")
    assert not (tmp_path / "executed").exists()


def test_after_a_crash_the_index_is_built_again(repository, indexed: Indexed, settings: Settings) -> None:
    repository.write({"a.py": "alpha"}).commit()
    indexed(repository.path)
    folder = next(path.parent for path in settings.state_dir.glob("code/*/catalogue.msgpack"))
    (folder / updating._MARK).touch()
    assert holding(indexed(repository.path), "alpha") == ["a.py"]
    (folder / "catalogue.msgpack").write_bytes(b"\xc1 damaged")
    assert holding(indexed(repository.path), "alpha") == ["a.py"]
    assert not (folder / updating._MARK).exists()


def test_a_cancelled_index_keeps_what_was_read(repository, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "_REPORT_SECONDS", 0.0)
    repository.write({f"f{n}.py": f"word{n} beta" for n in range(20)}).commit()
    work = Work(lambda progress: work.cancel() if isinstance(progress, Progress) and progress.done == 10 else None)
    with pytest.raises(CancelledError):
        indexed(repository.path, work=work)
    index = indexed(repository.path)
    assert (len(index), len(holding(index, "beta"))) == (20, 20)
    assert index.files["f0.py"] < 12  # not read a second time
    repository.write({f"f{n}.py": f"other{n} beta" for n in range(20)})
    again = Work(lambda progress: again.cancel() if progress.done == 10 else None)
    with pytest.raises(CancelledError):
        indexed(repository.path, work=again)
    index = indexed(repository.path)
    assert (len(holding(index, "beta")), holding(index, "word19"), holding(index, "other19")) == (20, [], ["f19.py"])


def test_readers_go_on_while_another_process_writes_and_a_dead_writers_lock_is_free(
    repository, indexed: Indexed, settings: Settings
) -> None:
    repository.write({"a.py": "alpha"}).commit()
    reader = indexed(repository.path)
    folder = next(path.parent for path in settings.state_dir.glob("code/*/catalogue.msgpack"))
    held = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import fcntl, time
            file = open({str(folder / "lock")!r}, "a"); fcntl.flock(file, fcntl.LOCK_EX)
            print(flush=True); time.sleep(60)
        """)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert held.stdout and held.stdout.readline()
    assert holding(reader, "alpha") == ["a.py"]
    repository.write({"a.py": "gamma"})
    waited: list[str] = []

    def listen(progress: Progress) -> None:
        waited.append(progress.message)
        held.kill()

    index = indexed(repository.path, work=Work(listen))
    assert "another process indexes the same files" in waited
    assert (holding(index, "gamma"), holding(reader, "alpha")) == (["a.py"], ["a.py"])
    held.wait()
