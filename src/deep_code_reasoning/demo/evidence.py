"""The folder an incident is written to: repositories first, because the telemetry points into them."""

from __future__ import annotations

from pathlib import Path

from . import git_history
from .git_history import Repository


def prepare(directory: Path, continuation: str = "") -> dict[str, Repository]:
    """Create the folder and its git repositories; FileExistsError when it has content."""
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty")
    return {
        service: git_history.build(directory / "repositories" / service, service, continuation)
        for service in git_history.services(continuation)
    }
