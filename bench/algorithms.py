"""Seconds and peak memory of the algorithms over all spans of an incident: trees, graph, clocks, repetition, locks.

    python bench/algorithms.py EVIDENCE_OR_INVESTIGATION_FOLDER [--runs 3] [--threads 2]

Evidence is loaded first (not counted). Each algorithm runs in a process of its own over every span, not only over those
of the symptom; a figure is the median of the runs, memory the largest resident size of the process. Where one needs
what another made (locks need clocks), that is made first and not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.tables import Tables


class Measured(NamedTuple):
    seconds: float
    rows: int
    peak_bytes: int


def timed(work: Callable[[], int]) -> Measured:
    started = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - started
    return Measured(seconds, rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES)


def span_trees(folder: InvestigationFolder, settings: Settings) -> Measured:
    """From the ids in the segments to the written table, closed."""
    from deep_code_reasoning.kernels.cache import kernels_of
    from deep_code_reasoning.store import span_trees
    from deep_code_reasoning.store.attachment import attach_segments
    from deep_code_reasoning.store.derived_file import DerivedFile
    from deep_code_reasoning.store.engine import Engine

    kernels = kernels_of(settings)
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as scratch:
        engine = Engine(settings, Path(scratch))
        file = DerivedFile(engine, Path(scratch) / "derived.duckdb")
        attach_segments(engine, folder.path, folder.manifest())

        def written() -> int:
            span_trees.write_span_trees(file, kernels, settings.threads or os.cpu_count() or 1)
            rows = engine.connection.execute("SELECT sum(rows) FROM derived.row_files").fetchone()
            file.finish()
            return int(rows[0]) if rows and rows[0] else 0  # of so many spans all lie in row files

        measured = timed(written)
        file.close()
        return measured


def over_tables(
    folder: InvestigationFolder, settings: Settings, work: Callable[[Tables], int], clocks: bool
) -> Measured:
    from deep_code_reasoning.detectors.groundwork.clocks import host_clocks
    from deep_code_reasoning.store.tables import Tables

    with Tables.open(folder, settings) as tables:
        if clocks:
            host_clocks.prepare(tables)
        return timed(lambda: work(tables))


def service_graph(tables: Tables) -> int:
    return len(tables.rows("SELECT * FROM service_edges"))


def critical_path_by_operation(tables: Tables) -> int:
    return len(tables.rows("SELECT * FROM critical_path"))


def clock_bounds(tables: Tables) -> int:
    from deep_code_reasoning.detectors.groundwork.clocks import host_clocks

    host_clocks.prepare(tables)
    return tables.count("host_clock_pairs")


def repeated_calls(tables: Tables) -> int:
    """Every span with the equal calls below it counted, whatever the trace; five or more are named."""
    from deep_code_reasoning.detectors.contract import sql_beside
    from deep_code_reasoning.detectors.database import n_plus_one

    tables.execute(sql_beside(n_plus_one.__file__, "calls"))
    return tables.count("repeated_calls")


def lock_overlaps(tables: Tables) -> int:
    """Pairs of holds of one lock that overlap, by the lock service's clock."""
    from deep_code_reasoning.detectors.contract import sql_beside
    from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
    from deep_code_reasoning.detectors.locks import lease_overlap, vocabulary

    tables.register("lease_attributes", vocabulary.attributes())
    tables.execute(sql_beside(lease_overlap.__file__, "calls"), **vocabulary.words())
    servers = tables.rows(sql_beside(lease_overlap.__file__))
    if not servers:
        return 0
    lines = lease_overlap._lines_to(tables, Clocks(tables), servers[0][1])
    return sum(len(holder.overlaps) for holder in lease_overlap._holders(tables, lines))


ALGORITHMS = {
    "span trees": "parents, depth, self time and critical path of every trace, written to topology",
    "critical path": "what traces' durations consist of, by service and operation",
    "service graph": "calls, errors and quantiles of every edge",
    "clock bounds": "offset and drift bounds of every pair of hosts",
    "N+1 groups": "equal calls below one span, counted",
    "lock overlaps": "pairs of holds of one lock at once",
}


def measure(name: str, folder: InvestigationFolder, settings: Settings) -> Measured:
    if name == "span trees":
        return span_trees(folder, settings)
    work = {
        "critical path": critical_path_by_operation,
        "service graph": service_graph,
        "clock bounds": clock_bounds,
        "N+1 groups": repeated_calls,
        "lock overlaps": lock_overlaps,
    }[name]
    return over_tables(folder, settings, work, clocks=name == "lock overlaps")


def in_own_process(name: str, folder: Path, threads: int) -> Measured:
    command = [sys.executable, __file__, str(folder), "--only", name, "--threads", str(threads)]
    return Measured(*json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def loaded(given: Path, state: Path) -> Path:
    """The investigation's folder; evidence is loaded into `state` first."""
    if (given / "manifest.json").exists():
        return given
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(state)}
    load = [sys.executable, "-m", "deep_code_reasoning.cli", "load", str(given), "--json"]
    name = json.loads(subprocess.run(load, check=True, capture_output=True, env=environment).stdout)["investigation"]
    return state / "investigations" / name


def main() -> None:
    import dataclasses

    from deep_code_reasoning.settings import load_settings
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=ALGORITHMS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        settings = dataclasses.replace(load_settings(), threads=given.threads)
        print(json.dumps(measure(given.only, InvestigationFolder(given.evidence), settings)))
        return
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as scratch:
        folder = loaded(given.evidence, Path(scratch))
        total = 0.0
        for name, meaning in ALGORITHMS.items():
            runs = [in_own_process(name, folder, given.threads) for _ in range(given.runs)]
            seconds = statistics.median(run.seconds for run in runs)
            peak = statistics.median(run.peak_bytes for run in runs)
            total += seconds
            print(f"{name:14} {seconds:7.3f} s {peak / 2**20:6.0f} MiB {runs[0].rows:>9,} rows  {meaning}", flush=True)
        print(f"{'total':14} {total:7.3f} s")


if __name__ == "__main__":
    main()
