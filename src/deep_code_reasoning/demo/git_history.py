"""Real git repositories with history, written by `git fast-import` so that commit ids repeat.

A service's repository is data: `repositories/<service>/history.toml` lists its commits, oldest first, and
`repositories/<service>/tree/<path>.weave` holds every version of a file interleaved (a weave: Rochkind,
"The Source Code Control System", 1975). A line `%% 4` says that what follows is there from commit 4 on, `%%
4-9` that it is there in commits 4 to 9. A file exists in the commits in which it has a line.

A scenario that plays later continues the histories: `history.<continuation>.toml` lists the commits that
follow, numbered on in the same weaves, so that the scenario which stops before them sees none of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SOURCES = Path(__file__).parent / "repositories"
BRANCH = "main"
_DIRECTIVE = "%% "


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a history: a `tag` is a version, `deployed` says when that version went live."""

    author: str
    at: datetime
    message: str
    tag: str = ""
    deployed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A generated repository: `commits`, `shas` and `trees` have one entry a revision, oldest first."""

    service: str
    path: Path
    commits: tuple[Commit, ...]
    shas: tuple[str, ...]
    trees: tuple[dict[str, str], ...]

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.shas[-1]

    def revision(self, tag: str) -> int:
        """The index of the commit with that tag."""
        return next(index for index, commit in enumerate(self.commits) if commit.tag == tag)

    def line(self, path: str, needle: str, revision: int = -1) -> int:
        """The number of the first line with `needle` in a file of a commit, by default of the newest."""
        for number, text in enumerate(self.trees[revision][path].splitlines(), 1):
            if needle in text:
                return number
        raise LookupError(f"{self.service}: no line with {needle!r} in {path}")


def unweave(woven: str, revision: int) -> str:
    """The text of a file in a revision, counted from 1; empty when it is not there."""
    visible = False
    lines: list[str] = []
    for line in woven.splitlines(keepends=True):
        if line.startswith(_DIRECTIVE):
            first, _, last = line[len(_DIRECTIVE) :].strip().partition("-")
            visible = int(first) <= revision and (not last or revision <= int(last))
        elif visible:
            lines.append(line)
    return "".join(lines)


def services(continuation: str = "") -> list[str]:
    """What has a repository: with a `continuation`, only what that continues or begins."""
    name = _history(continuation)
    return sorted(entry.name for entry in SOURCES.iterdir() if (entry / name).is_file())


def commits(service: str, continuation: str = "") -> list[Commit]:
    """The history of a service, then its continuation."""
    files = [SOURCES / service / name for name in dict.fromkeys((_history(""), _history(continuation)))]
    return [
        Commit(**entry)
        for file in files
        if file.is_file()
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["commit"]
    ]


def _history(continuation: str) -> str:
    return f"history.{continuation}.toml" if continuation else "history.toml"


def tree(service: str, revision: int) -> dict[str, str]:
    """Path to text of all files in a revision."""
    root = SOURCES / service / "tree"
    files = {
        str(woven.relative_to(root).with_suffix("").as_posix()): unweave(woven.read_text(encoding="utf-8"), revision)
        for woven in sorted(root.rglob("*.weave"))
    }
    return {path: text for path, text in files.items() if text}


def build(directory: Path, service: str, continuation: str = "") -> Repository:
    """Write the repository of a service, with its work tree, into a directory that does not exist yet."""
    history = commits(service, continuation)
    trees = tuple(tree(service, revision) for revision in range(1, len(history) + 1))
    directory.mkdir(parents=True)
    _git(directory, "init", "--quiet", "--template=", "--object-format=sha1", f"--initial-branch={BRANCH}")
    _git(directory, "config", "remote.origin.url", f"https://git.example.com/shop/{service}.git")
    _git(directory, "fast-import", "--quiet", stdin=_stream(history, trees))
    _git(directory, "reset", "--quiet", "--hard")
    shas = _git(directory, "rev-list", "--reverse", BRANCH).decode().split()
    return Repository(service, directory, tuple(history), tuple(shas), trees)


def _stream(history: list[Commit], trees: tuple[dict[str, str], ...]) -> bytes:
    parts: list[bytes] = []
    for mark, (commit, files) in enumerate(zip(history, trees, strict=True), 1):
        who = f"{commit.author} {int(commit.at.timestamp())} +0000"
        message = commit.message.strip() + "\n"
        parts.append(
            f"commit refs/heads/{BRANCH}\nmark :{mark}\nauthor {who}\ncommitter {who}\n".encode()
            + _data(message)
            + (f"from :{mark - 1}\n".encode() if mark > 1 else b"")
            + b"deleteall\n"
        )
        parts.extend(f"M 100644 inline {path}\n".encode() + _data(text) for path, text in files.items())
        if commit.tag:
            parts.append(f"reset refs/tags/{commit.tag}\nfrom :{mark}\n\n".encode())
    return b"".join(parts)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git free of the user's and the system's configuration."""
    program = shutil.which("git")
    if program is None:
        raise FileNotFoundError("the demo needs the git command to write its repositories")
    environment = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(
        [program, "-C", str(directory), *arguments],
        input=stdin,
        capture_output=True,
        check=True,
        env=environment,
    )
    return done.stdout
