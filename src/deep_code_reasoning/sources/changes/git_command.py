"""How git is called so that a hostile repository can execute nothing.

Signature programs, external diffs, text converters, filters, hooks, fsmonitor, lazy fetches, pagers and the user's own
configuration are all switched off; what remains is reading and writing objects and files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS = 300.0

_SAFE_CONFIG = (
    "safe.directory=*",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.pager=cat",
    "log.showSignature=false",
    "protocol.allow=never",
    "diff.suppressBlankEmpty=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


def command(git: str, git_dir: Path, arguments: tuple[str, ...]) -> list[str]:
    config = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    return [git, "--no-pager", f"--git-dir={git_dir}", *config, *arguments]


def surroundings(folder: Path) -> dict:
    """Where and in which environment a command runs: keyword arguments for subprocess."""
    return {"cwd": folder, "env": _ENVIRONMENT, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def git_lines(git: str, git_dir: Path, *arguments: str, names: Sequence[str] = ()) -> tuple[list[str], bool]:
    """The lines a command prints that is given `names` on its standard input, and whether it came to its end."""
    options = {**surroundings(git_dir), "stdin": None} if names else surroundings(git_dir)
    given = "".join(f"{name}\n" for name in names).encode() if names else None
    try:
        done = subprocess.run(
            command(git, git_dir, arguments), **options, input=given, stdout=subprocess.PIPE, timeout=SECONDS
        )
    except (subprocess.SubprocessError, OSError):
        return [], False
    return done.stdout.decode("utf-8", "replace").split("\n")[:-1], not done.returncode


def run_git(git: str, git_dir: Path, *arguments: str) -> str | None:
    """The output of a short command; None when it fails."""
    try:
        done = subprocess.run(
            command(git, git_dir, arguments),
            **surroundings(git_dir),
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
