"""Real git repositories made for a test, read by the real reader and put beside deploys and telemetry as rows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.candidates.candidates import candidates_of
from sources.reading import read_path
from store.rows import tables_of

HOUR = 3_600_000_000_000
BEGIN = 500_000 * HOUR  # in January 2027
ONSET = BEGIN + 1_000 * HOUR


class History:
    """A repository at `folder`. Times are hours after BEGIN."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        if url:
            self.git("remote", "add", "origin", url)

    def git(self, *arguments: str, at: float = 0) -> str:
        stamp = f"{(BEGIN + int(at * HOUR)) // 1_000_000_000} +0000"
        who = {f"GIT_{one}_{what}": value for one in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "Ana"), ("EMAIL", "ana@example.com"), ("DATE", stamp))}  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
        allowed = ("-c", "protocol.file.allow=always")
        done = subprocess.run(
            ["git", *allowed, *arguments], cwd=self.folder, env=environment, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def commit(self, message: str, at: float, files: dict[str, str] | None = None) -> str:
        for name, text in (files or {f"src/{message.replace(' ', '-')}.py": message}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, at=at)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


def deploy(service: str | None, at: float, sha: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "deploy_id": f"{service} {at}",
        "time_unix_nano": BEGIN + int(at * HOUR),
        "service_name": service,
        "kind": "deployed",
        "sha": sha,
    } | more


@dataclass(frozen=True)
class Found:
    live: dict[str, Candidate]
    """By the first line of the message."""
    others: dict[str, Candidate]

    def why(self, message: str) -> str:
        return "; ".join(self.live[message].because)


def found(
    at: Path,
    folders: Sequence[Path],
    deploys: Sequence[dict[str, Any]] = (),
    *,
    onset: float = 1_000,
    resources: Sequence[dict[str, Any]] = (),
    commits: Sequence[dict[str, Any]] = (),
    spans: Sequence[dict[str, Any]] = (),
    **options: Any,
) -> Found:
    rows: dict[str, list[dict[str, Any]]] = {"commits": list(commits), "commit_files": []}
    for folder in folders:
        reading = read_path(folder)
        for table in rows:
            rows[table] += reading.rows.get(table, [])
    with tables_of(at / "evidence", deploys=deploys, resources=resources, spans=spans, **rows) as tables:
        live, others = candidates_of(tables, BEGIN + int(onset * HOUR), **options)
    return Found(*({one.message.split("\n", 1)[0]: one for one in side} for side in (live, others)))
