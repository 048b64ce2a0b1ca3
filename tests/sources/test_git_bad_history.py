"""Histories that are odd, huge or hostile: read as far as they go, told where they end, and nothing of them runs."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deep_code_reasoning.sources.changes import git_repository
from deep_code_reasoning.sources.changes.git_log import GitLog
from sources.reading import read_path
from sources.test_git_repository import ENVIRONMENT, commit, git, repository, touched

__all__ = ["repository"]  # the fixture


def fast_import(folder: Path, stream: str) -> None:
    git(folder, "fast-import", "--quiet", "--force", data=stream.encode())


def test_equal_and_skewed_dates_keep_the_order_of_the_history(repository: Path) -> None:
    times = [5_000, 5_000, 9_000, 1_000, 1_000, 7_000]  # the fourth commit's clock is behind
    who = "committer A <a@example.com>"
    fast_import(
        repository,
        "".join(f"commit refs/heads/main\n{who} {time} +0000\ndata 2\n{n}\n" for n, time in enumerate(times)),
    )
    reading = read_path(repository)
    assert [row["message"] for row in reading.rows["commits"]] == ["5", "4", "3", "2", "1", "0"]
    assert [row["time_unix_nano"] // 10**9 for row in reading.rows["commits"]] == times[::-1]
    assert not reading.skipped


def test_a_submodule_is_a_file_that_changes_from_commit_to_commit(repository: Path, tmp_path: Path) -> None:
    """What the submodule holds is not read: it is a repository of its own, if it is there at all."""
    shas = [c * 40 for c in "abc"]
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{shas[0]},library")
    git(repository, "commit", "-q", "-m", "added")
    git(repository, "update-index", "--cacheinfo", f"160000,{shas[1]},library")
    git(repository, "commit", "-q", "-m", "bumped")
    reading = read_path(repository)
    bumped = reading.rows["commits"][0]["sha"]
    hunk = f"@@ -1 +1 @@\n-Subproject commit {shas[0]}\n+Subproject commit {shas[1]}\n"
    assert touched(reading, bumped) == [("library", None, "modified", 1, 1, hunk)]
    assert not reading.skipped


def test_counts_are_those_of_git(repository: Path) -> None:
    """Lines are counted from the patches; git's own count is the oracle."""
    commit(repository, "one", a="-- x\n++ y\n@@ z\n" * 50, b="no end", c="", d="\n" * 9, e="diff --git a/x b/x\n")
    commit(repository, "two", a="++ y\n-- x\n@@ z\n" * 50, b="no end\n", c="x", d=None, e="\x1ediff --git a b\n-\n+\n")
    (repository / "a").rename(repository / "moved")
    commit(repository, "three", moved="+++ y\n" + "++ y\n-- x\n@@ z\n" * 49, b=b"\0binary")
    (repository / "c").chmod(0o755)
    commit(repository, "four")
    reading = read_path(repository)
    for row in reading.rows["commits"]:
        listed = git(repository, "show", "--numstat", "-M", "--format=", row["sha"]).splitlines()
        counted = {parts[2].rpartition(" => ")[2]: parts[:2] for line in listed if (parts := line.split("\t"))}
        assert {
            path: ["-" if n is None else str(n) for n in (plus, minus)]
            for path, _, _, plus, minus, _ in touched(reading, row["sha"])
        } == counted


def test_blocks_may_end_anywhere(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same history whatever the pieces in which git's output arrives."""
    from deep_code_reasoning.sources.changes import git_log

    commit(repository, "one\n\nbody", a="-x\n+y\n" * 30, b=b"\0", c="1\n")
    commit(repository, "two", a="+y\n-x\n" * 30, b=None, c="2")
    git(repository, "mv", "c", "d")
    commit(repository, "three", e="".join(f"{n}\n" for n in range(40)))
    expected = read_path(repository).rows
    for size in (1, 2, 3, 7, 12, 13, 64, 1000):
        monkeypatch.setattr(git_log, "_READ_BYTES", size)
        rows = read_path(repository).rows
        assert rows == expected


@pytest.mark.slow
def test_a_patch_of_100_megabytes_is_left_out_in_bounded_memory(repository: Path, tmp_path: Path) -> None:
    line = "a line of the file that was committed by mistake, of which there are many\n"
    with (repository / "huge").open("w") as file:
        for _ in range(140):
            file.write(line * 10_000)
    assert (repository / "huge").stat().st_size > 100_000_000
    commit(repository, "huge", small="x\n")
    script = (
        "import resource, sys, time; from pathlib import Path; from sources.reading import read_path\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; started = time.process_time()\n"
        "reading = read_path(Path(sys.argv[1]))\n"
        "print(reading.reasons, [(r['path'], r['insertions']) for r in reading.rows['commit_files']])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - started)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(repository)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    said, used = run.stdout.splitlines()
    assert said == f"['{git_repository.LARGE_PATCH}'] [('huge', 1400000), ('small', 1)]"
    kibibytes, seconds = map(float, used.split())
    assert kibibytes < 100_000  # the reader's modules and blocks, not the patch
    assert seconds < 5


def test_a_work_tree_of_another_repository_and_borrowed_objects(repository: Path, tmp_path: Path) -> None:
    sha = commit(repository, "one", a="1\n")
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "second"))
    side = commit(tmp_path / "second", "two", a="2\n")
    assert [row["sha"] for row in read_path(tmp_path / "second").rows["commits"]] == [side, sha]
    assert [row["sha"] for row in read_path(repository).rows["commits"]] == [sha]
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(tmp_path / "borrowing"))
    assert read_path(tmp_path / "borrowing").only("commits")["sha"] == sha


def test_replaced_and_grafted_commits_are_read_as_they_were_made(repository: Path) -> None:
    """Else a reference of a hostile repository could show another change under a deployed commit's id."""
    first = commit(repository, "one", a="1\n")
    second = commit(repository, "two", a="2\n")
    other = git(repository, "commit-tree", "-m", "another", f"{second}^{{tree}}")
    git(repository, "replace", second, other)
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "grafts").write_text(f"{second}\n")
    reading = read_path(repository)
    assert reading.rows["commits"][0]["message"] == "two"
    assert [row["sha"] for row in reading.rows["commits"]] in ([second, first], [second])


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"garbage"])
def test_damaged_objects_are_told_and_what_is_newer_is_kept(repository: Path, damage: bytes) -> None:
    commit(repository, "one", a="1\n")
    broken = commit(repository, "two", a="2\n")
    newest = commit(repository, "three", a="3\n")
    file = repository / ".git" / "objects" / broken[:2] / broken[2:]
    file.chmod(0o644)
    file.write_bytes(damage)
    reading = read_path(repository)
    assert git_repository.STOPPED in reading.reasons
    assert [row["sha"] for row in reading.rows.get("commits", [])] in ([newest], [])


def test_a_hundred_thousand_references(repository: Path) -> None:
    sha = commit(repository, "one", a="1\n")
    lines = "".join(f"{sha} refs/heads/b{n}\n" for n in range(100_000))
    (repository / ".git" / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{lines}")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/gone")  # so that all of them are looked at
    started = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    assert read_path(repository).only("commits")["sha"] == sha
    assert time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - started < 10


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_is_read(repository: Path) -> None:
    sha = commit(repository, "one", a="1\n")
    subprocess.run(["chown", "-R", "12345", str(repository)], check=True, env=ENVIRONMENT)
    assert read_path(repository).only("commits")["sha"] == sha


def test_nothing_that_a_configuration_names_is_run(repository: Path, tmp_path: Path) -> None:
    """Every place where git takes a program from, in files that include each other."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {sprung}\n')
    trap.chmod(0o755)
    sha = commit(repository, "one", a="1\n", __gitattributes="* diff=evil filter=evil merge=evil\n")
    info = repository / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* diff=evil filter=evil\n")
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
        (repository / ".git" / "hooks").mkdir(exist_ok=True)
        (repository / ".git" / "hooks" / hook).write_text(trap.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    included = tmp_path / "included"
    program = f'"{trap}"'
    included.write_text(
        f"[core]\nfsmonitor={program}\npager={program}\nsshCommand={program}\neditor={program}\ngitProxy={program}\n"
        f"askPass={program}\nalternateRefsCommand={program}\nattributesFile={repository}/.gitattributes\n"
        f'[diff]\nexternal={program}\nsubmodule=log\n[diff "evil"]\ncommand={program}\ntextconv={program}\n'
        f'[filter "evil"]\nclean={program}\nsmudge={program}\nprocess={program}\nrequired=true\n'
        f'[merge "evil"]\ndriver={program}\n[gpg]\nprogram={program}\n[gpg "ssh"]\nprogram={program}\n'
        f"[log]\nshowSignature=true\nmailmap=true\n[credential]\nhelper={program}\n[pager]\nlog={program}\n"
        f'[alias]\nlog="!{trap}"\nrev-parse="!{trap}"\n[interactive]\ndiffFilter={program}\n[sequence]\neditor={program}\n'
        f'[remote "origin"]\nurl=ext::{trap}\npromisor=true\nuploadpack={program}\n[protocol]\nallow=always\n'
        "[extensions]\npartialClone=origin\n"
    )
    git(repository, "config", "core.repositoryFormatVersion", "1")
    git(repository, "config", "include.path", str(included))
    reading = read_path(repository)
    assert reading.only("commits")["sha"] == sha
    assert not sprung.exists(), sprung.read_text()
    subprocess.run(["git", "log", "-p"], cwd=repository, env=ENVIRONMENT, capture_output=True, check=False)
    assert sprung.exists()  # the trap works


def test_a_missing_object_of_a_promisor_is_not_fetched(repository: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    commit(repository, "one", a="1\n")
    blob = git(repository, "rev-parse", "HEAD:a")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::sh -c touch% {sprung}"),
        ("protocol.ext.allow", "always"),
    ):
        git(repository, "config", key, value)
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    reading = read_path(repository)
    assert git_repository.STOPPED in reading.reasons
    assert not sprung.exists()


def test_a_reader_that_leaves_early_ends_git(repository: Path) -> None:
    for number in range(3):
        commit(repository, str(number), a=f"{number}\n" * 200_000)
    with GitLog("git", repository / ".git", "HEAD", 100, with_patches=True) as log:
        assert next(iter(log)).message == "2"
    assert log._process.poll() is not None
