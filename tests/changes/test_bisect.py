"""Bisections of real repositories with real commands."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning.changes.bisect import git_range
from deep_code_reasoning.changes.bisect.command_run import run_command
from deep_code_reasoning.changes.bisect.request import BisectionRequest
from deep_code_reasoning.changes.bisect.result import Bisection
from deep_code_reasoning.changes.bisect.search import NO_CHECKOUT, SKIPPED, TIMED_OUT, bisect
from deep_code_reasoning.errors import CancelledError, DcrError, EvidenceError, UsageError
from deep_code_reasoning.progress import Progress, Work
from sources.test_git_repository import ENVIRONMENT, git

BAD_FROM = 'test "$(cat n)" -lt {0}'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """20 commits, `n` holds 1 to 20; the work tree and the index hold changes that are not committed."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    who = "committer Ana <ana@example.com> 1791874800 +0000"
    stream = "".join(
        f"commit refs/heads/main\n{who}\ndata <<end\ncommit {n}\nend\nM 100644 inline n\ndata <<end\n{n}\nend\n"
        for n in range(1, 21)
    )
    git(folder, "fast-import", "--quiet", data=stream.encode())
    git(folder, "reset", "-q", "--hard")
    (folder / "n").write_text("edited\n")
    (folder / "new").write_text("staged\n")
    git(folder, "add", "new")
    return folder


def commit(folder: Path, number: int, **files: str) -> str:
    for name, text in {"n": f"{number}\n", **files}.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"commit {number}")
    return git(folder, "rev-parse", "HEAD")


Bisect = Callable[..., Bisection]


@pytest.fixture
def search(repository: Path, tmp_path: Path) -> Bisect:
    def run(script: str, work: Work | None = None, good: str = "HEAD~19", **options) -> Bisection:
        asked = {"repository": repository, "good": good, "bad": "HEAD", "command": ("sh", "-c", script), **options}
        return bisect(BisectionRequest(**asked), tmp_path / "state", work or Work())

    return run


def untouched(repository: Path, tmp_path: Path) -> bool:
    """What the user had is as it was, and nothing of ours is left."""
    assert git(repository, "status", "--porcelain").splitlines() == ["M n", "A  new"]  # strip() took a space
    assert (repository / "n").read_text() == "edited\n"
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert not (repository / ".git" / "worktrees").exists()
    assert list(tmp_path.glob("state/bisections/*/trees/*")) == []
    return True


def test_a_command_that_never_errs(search: Bisect, repository: Path, tmp_path: Path) -> None:
    found = search(BAD_FROM.format(13))
    assert found.first_bad
    assert found.first_bad.subject == "commit 13"
    assert found.first_bad.commit == git(repository, "rev-parse", "HEAD~7")
    assert 0.95 <= found.confidence <= 1
    assert (found.bad.failed, found.good.failed) == (found.bad.runs, 0)
    assert found.runs <= 20
    assert all(step.decision == ("bad" if step.failed else "good") for step in found.steps)
    assert untouched(repository, tmp_path)


def test_a_command_that_fails_every_third_time(search: Bisect, tmp_path: Path) -> None:
    count = tmp_path / "count"
    counting = f"k=$(($(cat {count} 2>/dev/null || echo 0) + 1)); echo $k > {count}"
    script = f"{counting}; {BAD_FROM.format(8)} || test $((k % 3)) -gt 0"
    found = search(script)
    assert found.first_bad
    assert found.first_bad.subject == "commit 8"
    assert 0.2 < found.failure_rates["with_it"] < 0.5
    assert found.failure_rates["without_it"] < 0.1


def test_runs_at_the_same_time_in_work_trees_of_their_own(search: Bisect, repository: Path, tmp_path: Path) -> None:
    found = search(
        f'test "$(git rev-parse HEAD)" = $DCR_BISECT_COMMIT || exit 200; touch own; {BAD_FROM.format(5)}', jobs=3
    )
    assert found.first_bad
    assert found.first_bad.subject == "commit 5"
    assert untouched(repository, tmp_path)


def test_commits_that_cannot_be_tested_leave_several_candidates(search: Bisect) -> None:
    found = search(f"case $(cat n) in 9|10) exit 125;; esac; {BAD_FROM.format(10)}")
    assert found.first_bad is None
    assert {c.subject for c in found.candidates} == {"commit 9", "commit 10", "commit 11"}
    assert [c.probability for c in found.candidates] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert set(found.skipped.values()) == {SKIPPED}
    assert len(found.skipped) == 2


@pytest.mark.parametrize("answer", ["bad", "skip"])
def test_a_run_that_hangs(search: Bisect, answer: str, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    script = f'test "$(cat n)" -lt 15 && exit 0; test "$(cat n)" -gt 15 && exit 1; (sleep 9; touch {alive}) & sleep 9'
    started = time.monotonic()
    found = search(script, timeout_seconds=0.3, timeout_is=answer)
    assert time.monotonic() - started < 9
    if answer == "bad":
        assert found.first_bad
        assert found.first_bad.subject == "commit 15"
    else:
        assert {c.subject for c in found.candidates} == {"commit 15", "commit 16"}
        assert list(found.skipped.values()) == [TIMED_OUT]
    assert not alive.exists()


def test_what_a_command_starts_ends_with_it(tmp_path: Path) -> None:
    run = run_command(("sh", "-c", "sleep 60 & echo $!; exit 3"), tmp_path, "c", None, "bad", threading.Event())
    assert (run.outcome, run.exit_code) == ("bad", 3)
    status = Path(f"/proc/{int(run.output)}/stat")
    until = time.monotonic() + 5
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < until
        time.sleep(0.01)


def test_only_the_end_of_what_a_run_prints_is_kept(tmp_path: Path) -> None:
    script = "head -c 30000000 /dev/zero; echo; echo last"
    run = run_command(("sh", "-c", script), tmp_path, "c", None, "bad", threading.Event())
    assert run.output.endswith(b"\0\nlast\n")
    assert len(run.output) == 64 << 10


def test_merges(search: Bisect, repository: Path) -> None:
    """The culprit sits on the side branch, whose commits hold nothing of what came meanwhile."""
    git(repository, "stash", "-q")
    git(repository, "checkout", "-q", "-b", "side", "HEAD~10")
    for number in range(100, 106):
        commit(repository, number, side=str(number))
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "-X", "ours", "-m", "merge", "side")
    for number in range(21, 25):
        commit(repository, number)
    script = 'test ! -e side || test "$(cat side)" -lt 103'
    found = search(script, good="HEAD~24")
    assert found.first_bad
    assert found.first_bad.subject == "commit 103"
    mainline = search(script, good="HEAD~24", first_parent=True)
    assert mainline.first_bad
    assert mainline.first_bad.subject == "merge"
    below = search(script, good="HEAD~24", paths=("side",))
    assert below.first_bad
    assert (below.first_bad.subject, below.commits) == ("commit 103", 6)


def test_a_good_commit_on_another_branch_is_good_only_if_the_branch_point_is(search: Bisect, repository: Path) -> None:
    git(repository, "stash", "-q")
    git(repository, "checkout", "-q", "-b", "release", "HEAD~10")
    commit(repository, 1, fix="yes")
    git(repository, "checkout", "-q", "main")
    found = search(BAD_FROM.format(15), good="release")
    assert found.first_bad
    assert found.first_bad.subject == "commit 15"
    assert [base.commit for base in found.bases] == [git(repository, "rev-parse", "HEAD~10")]
    with pytest.raises(UsageError, match=r"where good and bad branched, is bad .* holds a fix"):
        search("test -e fix", good="release")


@pytest.mark.parametrize(
    ("options", "script", "said"),
    [
        ({}, "exit 1", "does not tell bad from good: it failed in 10 of 10 .* and in 10 of 10"),
        ({}, "exit 0", "does not tell bad from good"),
        ({}, 'test "$(cat n)" -gt 5', "fails more often at the good one"),
        ({}, "exit 125", "the bad commit .* cannot be tested: the command left with 125"),
        ({"good": "nowhere"}, "true", "nowhere is no commit"),
        ({"good": "--all"}, "true", "--all is no commit"),
        ({"good": "HEAD"}, "true", "the bad commit must be the later one"),
        ({"paths": ("absent",)}, "true", "no commit between .* touches the paths"),
        ({"error": 0.7}, "true", "expected 0 to 0.5|more than 0 and below 0.5"),
        ({"command": ()}, "", "no command given"),
    ],
)
def test_refusals(search: Bisect, repository: Path, tmp_path: Path, options: dict, script: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        search(script, repeat=10, **options)
    assert untouched(repository, tmp_path)


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 130", "left with 130"), ("kill -SEGV $$", "left with 139"), ("./repro.sh", "was not found")],
)
def test_what_breaks_off(search: Bisect, repository: Path, tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(DcrError, match=said):
        search(script)
    assert untouched(repository, tmp_path)


def test_one_run_a_commit_where_a_failure_is_no_chance(search: Bisect) -> None:
    found = search(BAD_FROM.format(13), repeat=1)
    assert found.first_bad
    assert found.first_bad.subject == "commit 13"
    assert {step.runs for step in found.steps} == {1}
    assert (found.bad.runs, found.good.runs) == (1, 1)


def test_a_stopped_bisection_goes_on_and_a_changed_script_starts_anew(search: Bisect, tmp_path: Path) -> None:
    script, made = tmp_path / "repro.sh", tmp_path / "made"
    script.write_text(f"echo >> {made}; {BAD_FROM.format(11)}")
    work = Work(lambda progress: work.cancel() if progress.done >= 10 else None)
    command = ("sh", str(script))
    with pytest.raises(CancelledError):
        search("", work, command=command)
    first = len(made.read_text())
    found = search("", command=command)
    assert found.first_bad
    assert found.first_bad.subject == "commit 11"
    assert found.resumed_runs >= 9
    assert found.runs == found.resumed_runs + len(made.read_text()) - first
    assert search("", command=command).resumed_runs == found.runs  # nothing left to run
    assert search("", command=command, restart=True).resumed_runs == 0
    script.write_text(BAD_FROM.format(4))
    changed = search("", command=command)
    assert changed.first_bad
    assert (changed.first_bad.subject, changed.resumed_runs) == ("commit 4", 0)


def test_progress_tells_steps_and_runs_left(search: Bisect) -> None:
    told: list[Progress] = []
    search(BAD_FROM.format(13), Work(told.append))
    assert told[0].message.startswith("comparing good and bad")
    assert " steps, about " in told[-1].message
    assert told[-1].total and told[-1].total > told[-1].done


def test_files_between_runs(search: Bisect) -> None:
    """What git tracks is as committed in every run; what it does not track stays, unless asked to be removed."""
    stale = 'test -e built && test "$(cat n)" = 1 && exit 1'
    script = f"{stale}; {BAD_FROM.format(13)}; code=$?; echo x > n; touch built; exit $code"
    with pytest.raises(UsageError, match="does not tell bad from good"):
        search(script, repeat=4)
    found = search(script, clean=True)
    assert found.first_bad
    assert found.first_bad.subject == "commit 13"


def test_a_bare_repository_and_a_folder_within_one(search: Bisect, repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "shop", "bare.git")
    (repository / "below").mkdir()
    for place in (tmp_path / "bare.git", repository / "below"):
        found = search(BAD_FROM.format(3), repository=place)
        assert found.first_bad
        assert found.first_bad.subject == "commit 3"
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "second"))
    assert search(BAD_FROM.format(3), repository=tmp_path / "second").first_bad


def test_a_shallow_boundary_in_the_range(search: Bisect, repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "old", "HEAD~15")
    for branch, said in (("main", "HEAD~19 is no commit .* --unshallow"), ("old", "--unshallow brings the rest")):
        clone = tmp_path / f"shallow-{branch}"
        git(tmp_path, "clone", "-q", "--depth", "4", "--no-single-branch", f"file://{repository}", str(clone))
        with pytest.raises(UsageError, match=said):
            search("true", repository=clone, good="HEAD~19" if branch == "main" else "origin/old")


def test_what_cannot_be_bisected(search: Bisect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvidenceError, match="not a git repository, nor in one"):
        search("true", repository=tmp_path)
    monkeypatch.setattr(git_range, "MAX_COMMITS", 5)
    with pytest.raises(UsageError, match="more than 5 commits"):
        search("true")


def test_a_damaged_commit_is_skipped_and_told(search: Bisect, repository: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD~9:n")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = search(BAD_FROM.format(11))
    assert {c.subject for c in found.candidates} == {"commit 11", "commit 12"}
    assert list(found.skipped.values()) == [NO_CHECKOUT]


def test_submodules_and_filters_are_noted(search: Bisect, repository: Path, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    git(repository, "stash", "-q")
    commit(repository, 21, **{".gitattributes": "n filter=evil\n", ".gitmodules": ""})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (repository / ".git" / "hooks" / hook).write_text(trap.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    for key in ("smudge", "clean", "process"):
        git(repository, "config", f"filter.evil.{key}", str(trap))
    git(repository, "config", "filter.evil.required", "true")
    git(repository, "config", "core.fsmonitor", str(trap))
    sprung.unlink(missing_ok=True)
    found = search(BAD_FROM.format(13), good="HEAD~20")
    assert found.first_bad
    assert found.first_bad.subject == "commit 13"
    assert found.notes == (git_range.SUBMODULES, git_range.FILTERED)
    assert not sprung.exists()


def test_the_command_has_the_user_s_environment_but_not_a_git_directory_of_another(
    search: Bisect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_USER", "yes")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert search(f'test "$OF_THE_USER" = yes || exit 200; git status -s || exit 201; {BAD_FROM.format(13)}').first_bad


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user(search: Bisect, repository: Path) -> None:
    subprocess.run(["chown", "-R", "12345", str(repository)], check=True, env=ENVIRONMENT)
    assert search(BAD_FROM.format(13)).first_bad
