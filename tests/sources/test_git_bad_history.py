"""Histories that are odd, huge or hostile: read as far as they go, told where they end, and nothing of them runs."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.sources.changes import git_log, git_output, git_repository
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
    commit(repository, "one\n\nbody", a="-x\n+y\n" * 30, b=b"\0", c="1\n")
    commit(repository, "two", a="+y\n-x\n" * 30, b=None, c="2")
    git(repository, "mv", "c", "d")
    commit(repository, "three", e="".join(f"{n}\n" for n in range(40)))
    expected = read_path(repository).rows
    for size in (1, 2, 3, 7, 12, 13, 64, 1000):
        monkeypatch.setattr(git_output, "READ_BYTES", size)
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
    assert [row["sha"] for row in read_path(repository).rows["commits"]] == [sha, side]
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(tmp_path / "borrowing"))
    assert [row["sha"] for row in read_path(tmp_path / "borrowing").rows["commits"]] == [sha, side]


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
def test_damaged_commits_end_the_history_and_what_is_newer_is_kept(repository: Path, damage: bytes) -> None:
    commit(repository, "one", a="1\n")
    broken = commit(repository, "two", a="2\n")
    newest = commit(repository, "three", a="3\n")
    damaged(repository, broken, damage)
    reading = read_path(repository)
    assert git_repository.STOPPED in reading.reasons
    assert [row["sha"] for row in reading.rows.get("commits", [])] in ([newest], [])


def damaged(repository: Path, sha: str, content: bytes | None) -> None:
    file = repository / ".git" / "objects" / sha[:2] / sha[2:]
    file.chmod(0o644)
    file.unlink() if content is None else file.write_bytes(content)


@pytest.mark.parametrize("damage", [None, b"", b"garbage"])
def test_past_a_commit_whose_file_is_missing_or_damaged(repository: Path, damage: bytes | None) -> None:
    """The file is in two commits' diffs: those two come without patches, all others with theirs."""
    shas = [commit(repository, str(n), a=f"{n}\n", **{f"f{n}": "x\n"}) for n in range(7)]
    damaged(repository, git(repository, "rev-parse", f"{shas[3]}:a"), damage)
    reading = read_path(repository)
    assert [row["sha"] for row in reading.rows["commits"]] == shas[::-1]
    assert [row["insertions"] for row in reading.rows["commits"]] == [2, 2, None, None, 2, 2, 2]
    assert [sha in shas[3:5] for sha in shas for path, *_, patch in touched(reading, sha) if patch is None] == [
        True
    ] * 4
    assert reading.reasons == [
        f"commit {sha[:12]} read without patches and line counts (objects missing or damaged)"
        for sha in (shas[4], shas[3])
    ]


def test_past_commits_whose_trees_are_missing(repository: Path) -> None:
    shas = [commit(repository, str(n), a=f"{n}\n") for n in range(5)]
    damaged(repository, git(repository, "rev-parse", f"{shas[2]}^{{tree}}"), None)
    reading = read_path(repository)
    assert [row["message"] for row in reading.rows["commits"]] == ["4", "3", "2", "1", "0"]
    assert [len(touched(reading, sha)) for sha in shas] == [1, 1, 0, 0, 1]
    assert reading.reasons == [
        f"commit {sha[:12]} read without its files (objects missing or damaged)" for sha in (shas[3], shas[2])
    ]


def test_where_most_contents_are_missing_the_rest_is_read_without_patches(
    repository: Path, monkeypatch: pytest.MonkeyPatch, calls: list[subprocess.Popen]
) -> None:
    """Git is started again so many times and no more; what then has patches is what was read before."""
    monkeypatch.setattr(git_log, "RESTARTS", 3)
    shas = [commit(repository, str(n), a=f"{n}\n") for n in range(40)]
    for sha in shas[:36]:
        damaged(repository, git(repository, "rev-parse", f"{sha}:a"), None)
    calls.clear()
    reading = read_path(repository)
    assert [row["sha"] for row in reading.rows["commits"]] == shas[::-1]
    assert [bool(patch) for sha in shas for *_, patch in touched(reading, sha)] == [False] * 37 + [True] * 3
    assert reading.reasons.count("commits read without patches and line counts (objects missing or damaged)") == 32
    assert len(calls) < 30


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """Every process that is started."""
    started: list[subprocess.Popen] = []
    begin = subprocess.Popen.__init__

    def counted(self: subprocess.Popen, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        started.append(self)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    return started


def test_commits_are_read_by_name_in_the_order_asked_for(repository: Path) -> None:
    shas = [commit(repository, str(n), a=f"{n}\n") for n in range(5)]
    damaged(repository, git(repository, "rev-parse", f"{shas[3]}:a"), b"")
    asked = [shas[1], shas[4], "f" * 40, shas[3], shas[0]]
    with GitLog("git", repository / ".git", asked, walk=False) as log:
        read = list(log)
    assert [(one.message, one.lacks, len(one.files)) for one in read] == [
        *(("1", None, 1), ("4", "patches", 1), ("3", "patches", 1), ("0", None, 1))
    ]
    assert not log.failed
    with GitLog("git", repository / ".git", [], walk=False) as log:
        assert not list(log)


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
    assert reading.reasons == [git_repository.lacking("patches", reading.only("commits")["sha"], 0)]
    assert not sprung.exists()


def test_a_reader_that_leaves_early_ends_git(repository: Path, calls: list[subprocess.Popen]) -> None:
    for number in range(3):
        commit(repository, str(number), a=f"{number}\n" * 200_000)
    calls.clear()
    with GitLog("git", repository / ".git", ["HEAD"], most=100) as log:
        assert next(iter(log)).message == "2"
    assert [call.poll() is not None for call in calls] == [True]


def test_output_that_is_not_understood_is_not_waited_for(repository: Path, tmp_path: Path) -> None:
    """A git that goes on printing what the parser stopped at would wait for ever for someone to read it."""
    sha = commit(repository, "one", a="1\n")
    odd = tmp_path / "git"
    odd.write_text(
        f'#!/bin/sh\ncase "$*" in *rev-list*) echo {sha} ;;\n'
        "*) printf garbage; head -c 9000000 /dev/zero; sleep 60 ;;\nesac\n"
    )
    odd.chmod(0o755)
    started = time.monotonic()
    with GitLog(str(odd), repository / ".git", ["HEAD"]) as log:
        assert not list(log)
    assert time.monotonic() - started < 30
    assert log.unreadable == [sha]


def test_a_git_that_hangs_is_ended(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_log, "SECONDS", 0.2)
    odd = tmp_path / "git"
    odd.write_text("#!/bin/sh\nexec sleep 60\n")
    odd.chmod(0o755)
    with GitLog(str(odd), repository / ".git", ["HEAD"]) as log:
        assert not list(log)
    assert log.failed
