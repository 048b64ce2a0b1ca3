"""Contents before and after commits of real repositories, in their worst shapes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deep_code_reasoning.sources.changes.git_blobs import GitBlobs

GIT = shutil.which("git") or "git"


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    done = subprocess.run([GIT, *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit(folder: Path, files: dict[str, bytes | None]) -> str:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


def test_added_changed_renamed_and_deleted(repository: Path) -> None:
    first = commit(repository, {"a b.py": b"one\n", "c.py": b"gone\n"})
    second = commit(repository, {"a b.py": b"two\n", "c.py": None})
    third = commit(repository, {"a b.py": None, "\u00fc/d.py": b"two\n"})
    with GitBlobs(GIT, repository / ".git") as blobs:
        assert blobs.before_and_after(first, "a b.py", status="added") == (None, b"one\n")
        assert blobs.before_and_after(second, "a b.py") == (b"one\n", b"two\n")
        assert blobs.before_and_after(second, "c.py", status="deleted") == (b"gone\n", None)
        assert blobs.before_and_after(third, "\u00fc/d.py", old_path="a b.py") == (b"two\n", b"two\n")
        assert blobs.before_and_after(first, "a b.py") == (None, b"one\n")  # no parent
        assert not blobs.failed


def test_what_is_missing_a_folder_or_no_name_is_none_and_the_next_is_read(repository: Path) -> None:
    sha = commit(repository, {"x/a.py": b"", "x/b.py": b"no newline", "x/c.bin": bytes(range(256))})
    with GitBlobs(GIT, repository / ".git") as blobs:
        for revision, path in [
            (sha, "nothing.py"), (sha, "x"), ("0" * 40, "x/a.py"), ("no such", "x/a.py"), (sha, "a\nb"), ("", "x/a.py"),
            ("--help", "x"), (sha, ""), (sha[:1], "x/a.py"),
        ]:  # fmt: skip
            assert blobs.read(revision, path) is None
        assert blobs.read(sha, "x/a.py") == b""
        assert blobs.read(sha, "x/b.py") == b"no newline"
        assert blobs.read(sha, "x/c.bin") == bytes(range(256))
        assert not blobs.failed


def test_a_large_file_is_read_past_and_told(repository: Path) -> None:
    sha = commit(repository, {"large.py": b"x" * 300_000, "small.py": b"y"})
    with GitBlobs(GIT, repository / ".git", most_bytes=1_000) as blobs:
        assert blobs.read(sha, "large.py") is None
        assert blobs.too_large == [f"{sha}:large.py"]
        assert blobs.read(sha, "small.py") == b"y"


def test_a_damaged_object_ends_in_none(repository: Path) -> None:
    sha = commit(repository, {"a.py": b"text that is long enough to be stored\n" * 50, "b.py": b"b"})
    name = git(repository, "rev-parse", f"{sha}:a.py")
    file = repository / ".git" / "objects" / name[:2] / name[2:]
    file.chmod(0o600)
    file.write_bytes(b"damaged")
    with GitBlobs(GIT, repository / ".git") as blobs:
        assert blobs.read(sha, "a.py") is None
        assert blobs.read(sha, "b.py") in (b"b", None)  # git may have ended; nothing raises


def test_the_repository_executes_nothing(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    sha = commit(repository, {"a.py": b"a", ".gitattributes": b"*.py filter=bad diff=bad\n"})
    for name in ("filter.bad.smudge", "filter.bad.clean", "diff.bad.textconv", "core.fsmonitor", "core.pager"):
        git(repository, "config", name, f"touch {mark}")
    with GitBlobs(GIT, repository / ".git") as blobs:
        assert blobs.read(sha, "a.py") == b"a"
    assert not mark.exists()


def test_leaving_early_leaves_no_process(repository: Path) -> None:
    sha = commit(repository, {"a.py": b"a"})
    with pytest.raises(RuntimeError), GitBlobs(GIT, repository / ".git") as blobs:
        blobs.read(sha, "a.py")
        process = blobs._process
        raise RuntimeError
    assert process.poll() is not None
