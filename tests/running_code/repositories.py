"""Git repositories made by tests: a state that is committed, and what lies on disk after it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from call_graph.programs import write
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.running_code.impact.cross_system import ChangeScope, cross_system_impact
from deep_code_reasoning.running_code.impact.report import Impact, ImpactReport
from deep_code_reasoning.settings import Settings


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, str | bytes | None]) -> str:
    """Writes the files (None: deletes), commits, and gives the commit's id."""
    change(folder, files)
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "state")
    return git(folder, "rev-parse", "HEAD")


def change(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, {name: text for name, text in files.items() if text is not None})
    for name in (name for name, text in files.items() if text is None):
        (folder / name).unlink()


def settings_for(folder: Path) -> Settings:
    return Settings(state_dir=folder.parent / "state", allowed_roots=(folder,))


def impact_of(
    folder: Path,
    *files: str,
    revision: str | None = None,
    root: Path | None = None,
    evidence: tuple[str, ...] = (),
    services: tuple[str, ...] = (),
) -> ImpactReport:
    settings = settings_for(folder)
    return cross_system_impact(
        Investigations(settings, trust_arguments=False),
        ChangeScope(files, services, revision=revision),
        root=root or folder,
        roots=settings.allowed_roots,
        evidence=evidence,
        work=Work(),
    )


def told(impacts: list[Impact], kind: str) -> list[tuple[str, str, int | None, float | None]]:
    """Who is reached by impacts of a kind: state, file, line, confidence."""
    found = [party for one in impacts if one.kind == kind for party in one.affected]
    return [(one.state, one.file, one.line, one.confidence and round(one.confidence, 2)) for one in found]
