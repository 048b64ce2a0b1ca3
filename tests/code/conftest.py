"""Repositories that tests make themselves, and their indexes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning.code.index.code_index import CodeIndex, open_index
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

_GIT = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always")


class Repository:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *_GIT, *arguments], cwd=self.path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, files: dict[str, str | bytes]) -> Repository:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def init(self) -> Repository:
        self.git("init", "-q", "-b", "main")
        return self

    def commit(self, message: str = "one") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A git repository without files."""
    return Repository(tmp_path / "shop").init()


@pytest.fixture
def folder(tmp_path: Path) -> Repository:
    """A folder without git."""
    return Repository(tmp_path / "plain")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


@pytest.fixture
def indexed(settings: Settings) -> Callable[..., CodeIndex]:
    """Opens the index of a folder with the test's own state."""

    def opened(root: Path, revision: str | None = None, work: Work | None = None) -> CodeIndex:
        return open_index(root, settings, work or Work(), revision=revision)

    return opened
