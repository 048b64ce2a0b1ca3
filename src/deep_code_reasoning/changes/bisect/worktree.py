"""A temporary work tree beside the user's own, whose files and index are never touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from deep_code_reasoning.errors import EvidenceError
from deep_code_reasoning.sources.changes.git_command import SECONDS, command, run_git, surroundings
from deep_code_reasoning.sources.changes.git_directory import git_directory

_CONFIG = ("-c", "core.sparseCheckout=false", "-c", "advice.detachedHead=false")


class Worktree:
    """`commit` is what is checked out; None before the first checkout."""

    def __init__(self, git: str, git_dir: Path, path: Path) -> None:
        self._git, self._git_dir = git, git_dir
        self.path = path
        self.commit: str | None = None

    def create(self, commit: str) -> None:
        """An empty work tree that git knows. Raises EvidenceError with what git said."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        arguments = (*_CONFIG, "worktree", "add", "-f", "--detach", "--no-checkout", str(self.path), commit)
        failure = self._run(self._git_dir, arguments, self._git_dir, {})
        own = git_directory(self.path)
        if failure is not None or own is None:
            raise EvidenceError(
                f"bisect: git cannot add a work tree to this repository: {failure or 'no reason given'}"
            )
        self._own = own
        self._no_filters = self._without_filters()

    def checkout(self, commit: str, clean: bool) -> bool:
        """The files of a commit as git stores them, whatever was there; files that git does not track stay unless
        `clean`. False where git cannot (objects are missing)."""
        steps = [("checkout", "-q", "-f", "--detach", commit, "--")]
        if clean:
            steps.append(("clean", "-q", "-ffdx"))
        self.commit = None
        for step in steps:
            arguments = (f"--work-tree={self.path}", *_CONFIG, *step)
            if self._run(self._own, arguments, self.path, self._no_filters) is not None:
                return False
        self.commit = commit
        return True

    def remove(self) -> None:
        """The files, and what git knows of them. Never raises: what stays is removed by the next bisection."""
        forget(self._git_dir, self.path)
        shutil.rmtree(self.path, ignore_errors=True)

    def _without_filters(self) -> dict[str, str]:
        """Settings that switch off each filter program that the repository's configuration names."""
        names = run_git(self._git, self._own, "config", "--null", "--name-only", "--get-regexp", r"^filter\.") or ""
        drivers = sorted({name.rpartition(".")[0] for name in names.split("\0") if name})
        settings = [
            (f"{driver}.{key}", value)
            for driver in drivers
            for key, value in (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
        ]
        numbered = {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)}
        numbered |= {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)}
        return {"GIT_CONFIG_COUNT": str(len(settings)), **numbered}

    def _run(self, git_dir: Path, arguments: tuple[str, ...], folder: Path, more: dict[str, str]) -> str | None:
        """None where it went well; else the last line of what git said."""
        keywords = surroundings(folder)
        keywords |= {"env": keywords["env"] | more, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        try:
            done = subprocess.run(command(self._git, git_dir, arguments), **keywords, timeout=SECONDS, check=False)
        except (subprocess.SubprocessError, OSError) as error:
            return type(error).__name__
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        return said[-1] if done.returncode else None


def forget(git_dir: Path, path: Path) -> None:
    """Takes what git keeps about one work tree of ours out of the repository; those of others stay, missing or not."""
    pointer = os.fsencode(path / ".git")
    with suppress(OSError):
        for entry in (git_dir / "worktrees").iterdir():
            with suppress(OSError):
                if (entry / "gitdir").read_bytes().strip() == pointer:
                    shutil.rmtree(entry, ignore_errors=True)
        (git_dir / "worktrees").rmdir()  # only where it is empty
