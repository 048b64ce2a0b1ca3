"""Seconds to read the newest commits of several git repositories, with their diffs: git's own time beside ours.

    python bench/changes.py [REPOSITORY...] [--commits 200] [--runs 3] [--json]

Without repositories, ten are generated, of 200 commits that touch five files each. Given ones are borrowed from (a
shared clone in a temporary folder) and not changed. Figures are medians of the runs, wall clock and CPU seconds:

git, one after another    `git log` as the reader calls it, its output thrown away: the floor of a serial reader
git, a process a core     the same, as many at a time as there are cores: the floor
read                      the reader, to Arrow batches
dcr load                  the whole command, from its start to its end, with an empty store
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))

from deep_code_reasoning.sources.changes import git_repository  # noqa: E402
from deep_code_reasoning.sources.changes.git_command import surroundings  # noqa: E402
from deep_code_reasoning.sources.changes.git_directory import git_directory  # noqa: E402
from deep_code_reasoning.sources.changes.git_log import GitLog  # noqa: E402
from deep_code_reasoning.sources.reader import Batch  # noqa: E402
from deep_code_reasoning.sources.stream import EvidenceStream, Limits  # noqa: E402

REPOSITORIES, FILES, LINES, TOUCHED = 10, 120, 300, 5
LOAD = (
    "import sys; from deep_code_reasoning.sources.changes import git_repository\n"
    "git_repository.MAX_COMMITS = int(sys.argv.pop(1)); from deep_code_reasoning.cli import main; main()"
)


class Timing(NamedTuple):
    seconds: float
    cpu_seconds: float


def git(folder: Path, *arguments: str, data: bytes | None = None) -> bytes:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    run = subprocess.run(["git", *arguments], cwd=folder, input=data, env=settings, stdout=subprocess.PIPE, check=True)
    return run.stdout


def generated(folder: Path, commits: int, seed: int) -> Path:
    """A bare repository, packed, whose commits change a few lines of a few files, as commits do."""
    rng = random.Random(seed)
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    texts = [[f"    value_{n} = compute({n}, {rng.random()})\n" for n in range(LINES)] for _ in range(FILES)]
    parts = []
    for number in range(commits):
        message = f"Change {number}\n\nWhat it does and why, in a sentence or two.\n"
        parts.append(
            f"commit refs/heads/main\ncommitter Ana <ana@example.com> {1_791_874_800 + number * 600} +0000\n"
            f"data {len(message)}\n{message}"
        )
        for file in range(FILES) if number == 0 else rng.sample(range(FILES), TOUCHED):
            at = rng.randrange(LINES - 8)
            texts[file][at : at + rng.randrange(6)] = [f"    changed_{number}_{k}()\n" for k in range(rng.randrange(6))]
            text = "".join(texts[file])
            parts.append(f"M 100644 inline src/package_{file % 7}/module_{file}.py\ndata {len(text)}\n{text}")
    git(folder, "fast-import", "--quiet", data="".join(parts).encode())
    return folder


def borrowed(repository: Path, folder: Path) -> Path:
    """A bare repository with the same HEAD and objects; a shared clone, so that nothing is copied."""
    git(
        folder.parent,
        "clone",
        "--quiet",
        "--bare",
        "--shared",
        "--no-tags",
        "--single-branch",
        str(repository),
        str(folder),
    )
    return folder


def measured(work: Callable[[], object], runs: int) -> Timing:
    timings = []
    for _ in range(runs):
        wall, before = time.perf_counter(), os.times()
        work()
        after = os.times()
        timings.append(Timing(time.perf_counter() - wall, sum(after[:4]) - sum(before[:4])))
    return Timing(*(statistics.median(values) for values in zip(*timings, strict=True)))


def run_git(repository: Path, commits: int) -> None:
    git_dir = git_directory(repository)
    assert git_dir
    log = GitLog("git", git_dir, ["HEAD"], most=commits)
    subprocess.run(log.command, **surroundings(git_dir), stdout=subprocess.DEVNULL, check=True)


def read(repository: Path) -> int:
    stream = EvidenceStream(repository, str(repository), Limits())
    return sum(part.rows.num_rows for part in git_repository.READER.read(stream) if isinstance(part, Batch))


def load(repositories: list[Path], commits: int, scratch: Path) -> None:
    state = Path(tempfile.mkdtemp(dir=scratch))
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(state), "DCR_ALLOWED_ROOTS": "/"}
    command = [sys.executable, "-c", LOAD, str(commits), "load", *map(str, repositories), "--json"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    shutil.rmtree(state)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    git_repository.MAX_COMMITS = options.commits
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if options.repositories:
            places = [borrowed(given.resolve(), scratch / f"{n}.git") for n, given in enumerate(options.repositories)]
        else:
            places = [generated(scratch / f"{n}.git", options.commits, n) for n in range(REPOSITORIES)]
        rows = sum(map(read, places))  # also brings every file into memory

        def in_parallel() -> None:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda place: run_git(place, options.commits), places))

        subjects: dict[str, Callable[[], object]] = {
            "git, one after another": lambda: [run_git(place, options.commits) for place in places],
            "git, a process a core": in_parallel,
            "read": lambda: [read(place) for place in places],
            "dcr load": lambda: load(places, options.commits, scratch),
        }
        timings = {name: measured(subject, options.runs) for name, subject in subjects.items()}
    if options.json:
        print(json.dumps({"repositories": len(places), "rows": rows, **{k: t._asdict() for k, t in timings.items()}}))
        return 0
    print(f"{len(places)} repositories, the newest {options.commits} commits of each, {rows:,} rows")
    for subject, timing in timings.items():
        print(f"{subject:26} {timing.seconds:7.2f} s  {timing.cpu_seconds:7.2f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
