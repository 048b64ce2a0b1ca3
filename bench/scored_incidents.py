"""Incidents whose cause is known, and `dcr investigate` run over them as a user would.

A set is a folder with one folder an incident, and a truth file that maps its name to {"service", "fault"}. An
incident's `case.json` may hold the windows: {"baseline": [start, end], "incident": [start, end]}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

SOURCES = Path(__file__).parents[1] / "src"
CASE = "case.json"


@dataclass(frozen=True)
class Incident:
    name: str
    folder: Path
    service: str
    fault: str
    windows: tuple[str, ...] = ()

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != CASE)


@dataclass(frozen=True)
class Answered:
    """What was said of an incident. `services` are those of the suspects, first first, each once."""

    incident: Incident
    seconds: float
    services: tuple[str, ...] = ()
    verdict: dict[str, Any] = field(default_factory=dict)
    investigation: str = ""
    problem: str = ""

    @property
    def rank(self) -> int | None:
        wanted = self.incident.service
        return self.services.index(wanted) + 1 if wanted in self.services else None

    @property
    def confidence(self) -> float:
        return self.verdict.get("confidence", 0.0)

    @property
    def is_right(self) -> bool:
        """Is the service to blame the one that is named first? A verdict that nothing happened names none."""
        named = self.verdict.get("service") or next(iter(self.services), None)
        return named == self.incident.service and self.verdict.get("kind") != "none"


def read_set(data: Path, truth: Path, limit: int | None = None) -> list[Incident]:
    known = json.loads(truth.read_text(encoding="utf-8"))
    return [
        Incident(name, data / name, one["service"], one["fault"], _windows(data / name / CASE))
        for name, one in sorted(known.items())[:limit]
    ]


def _windows(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    case = json.loads(path.read_text(encoding="utf-8"))
    given = [(name, case[name]) for name in ("baseline", "incident") if name in case]
    return tuple(part for name, pair in given for part in (f"--{name}", "/".join(pair)))


def dcr(arguments: Iterable[str], state: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deep_code_reasoning.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(state)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def investigate(incident: Incident, evidence: Iterable[Path], state: Path, *, windows: bool = True) -> Answered:
    """From the start of the process to its end, nothing loaded before (where `state` is a new folder)."""
    given = incident.windows if windows else ()
    started = time.perf_counter()
    run = dcr(["investigate", *map(str, evidence), *given, "--no-model", "--json"], state)
    seconds = time.perf_counter() - started
    if run.returncode:
        return Answered(incident, seconds, problem=(run.stderr.strip().splitlines() or ["no message"])[-1])
    told = json.loads(run.stdout)
    named = [suspect["service"] for suspect in told["suspects"] if suspect["service"]]
    return Answered(incident, seconds, tuple(dict.fromkeys(named)), told["verdict"], told["investigation"])


Item = TypeVar("Item")
Result = TypeVar("Result")


def over(items: Iterable[Item], work: Callable[[Item], Result], jobs: int) -> Iterator[Result]:
    """In their order, `jobs` at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(work, items)
