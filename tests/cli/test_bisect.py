"""`dcr bisect` as a person runs it: output, exit codes, Ctrl-C and the same call again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Dcr
from deep_code_reasoning.changes.bisect.request import BisectionRequest
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from sources.test_git_repository import git

SCRIPT = 'echo $DCR_BISECT_COMMIT >> {made}; sleep {seconds}; test "$(cat n)" -lt 12'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number in range(1, 17):
        (folder / "n").write_text(f"{number}\n")
        git(folder, "add", "n")
        git(folder, "commit", "-q", "-m", f"commit {number} [red]\x1b[31m")
    return folder


def test_the_answer_as_text_and_as_json(dcr: Dcr, repository: Path, tmp_path: Path) -> None:
    call = ("bisect", repository, "--good", "HEAD~15")
    command = ("--", "sh", "-c", SCRIPT.format(made=tmp_path / "made", seconds=0))
    text = dcr(*call, *command)
    assert text.returncode == 0, text.stderr
    sha = git(repository, "rev-parse", "HEAD~4")
    assert text.stdout.startswith(f"first bad commit: {sha}\n  commit 12 [red]")
    assert "\x1b" not in text.stdout
    told = json.loads(dcr(*call, "--json", *command).stdout)
    assert told["schema"] == "bisection/1"
    assert told["first_bad"]["commit"] == sha
    assert told["confidence"]["value"] >= told["confidence"]["wanted"] == 0.95
    assert "Beta(0.5, 0.5)" in told["confidence"]["computed"]
    assert told["resumed_runs"] == told["runs"] == len((tmp_path / "made").read_text().splitlines())
    assert sum(step["runs"] for step in told["steps"]) + told["bad"]["runs"] + told["good"]["runs"] == told["runs"]


def test_exit_codes(dcr: Dcr, repository: Path, tmp_path: Path) -> None:
    call = ("bisect", repository, "--good", "HEAD~15")
    several = dcr(*call, "--", "sh", "-c", 'n=$(cat n); test $n = 12 && exit 125; test "$n" -lt 13')
    assert several.returncode == 1
    assert "is one of 2" in several.stdout
    assert dcr(*call, "--repeat", "4", "--", "false").returncode == 2
    assert dcr("bisect", repository, "--", "true").returncode == 2
    assert dcr(*call, "--", "sh", "-c", "exit 129").returncode == 1
    assert dcr("bisect", tmp_path, "--good", "x", "--", "true").returncode == 3


def test_an_agent_may_not_have_a_command_run(repository: Path, tmp_path: Path) -> None:
    request = BisectionRequest(repository, good="HEAD~15", bad="HEAD", command=("touch", str(tmp_path / "ran")))
    with pytest.raises(UsageError, match="only a person may give"):
        Investigations(Settings(state_dir=tmp_path / "state"), trust_arguments=False).bisect(request, work=Work())
    assert not (tmp_path / "ran").exists()


def test_help_tells_what_exit_codes_mean(dcr: Dcr) -> None:
    told = dcr("bisect", "--help", COLUMNS="200").stdout
    for said in ("125", "DCR_BISECT_COMMIT", "Exit code 0", "130"):
        assert said in told


def test_ctrl_c_leaves_nothing_behind_and_the_same_call_goes_on(
    dcr: Dcr, repository: Path, tmp_path: Path, state: Path
) -> None:
    made = tmp_path / "made"
    call = ("bisect", str(repository), "--good", "HEAD~15", "--jobs", "2", "--json")
    command = ("--", "sh", "-c", SCRIPT.format(made=made, seconds=0.2))
    first = started(call + command, state)
    wait_for(lambda: made.exists() and len(made.read_text().splitlines()) >= 5)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=30)
    assert first.returncode == 130
    assert said.decode().startswith("dcr: cancelled")
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert list(state.glob("bisections/*/trees/*")) == []
    told = json.loads(dcr(*call, *command).stdout)
    assert told["first_bad"]["subject"].startswith("commit 12")
    assert told["resumed_runs"] >= 3


def test_what_a_killed_bisection_left_is_removed_by_the_next(
    dcr: Dcr, repository: Path, tmp_path: Path, state: Path
) -> None:
    made = tmp_path / "made"
    call = ("bisect", str(repository), "--good", "HEAD~15")
    first = started((*call, "--", "sh", "-c", SCRIPT.format(made=made, seconds=0.3)), state)
    wait_for(lambda: made.exists() and len(made.read_text().splitlines()) >= 2)
    running = dcr(*call, "--", "sh", "-c", SCRIPT.format(made=made, seconds=0.3))
    assert running.returncode == 2
    assert "running already" in running.stderr
    first.kill()
    first.wait()
    assert len(git(repository, "worktree", "list").splitlines()) == 2
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    other = dcr(
        *call, "--", "sh", "-c", 'test "$(cat n)" -lt 3'
    )  # another bisection; it finds the first one's work tree
    assert other.returncode == 0
    assert [line.split()[0] for line in git(repository, "worktree", "list").splitlines()] == [
        str(repository),
        str(tmp_path / "mine"),
    ]


def started(arguments: tuple[str, ...], state: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "deep_code_reasoning.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "DCR_STATE_DIR": str(state)},
    )


def wait_for(happened) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
