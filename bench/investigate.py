"""Seconds, MB/s and peak memory of `dcr load` and `dcr investigate` on a generated incident, as whole processes.

    python bench/investigate.py [--sizes 10MB,500MB] [--runs 3]

`load` and `investigate, cold` start with an empty store; `investigate, warm` has the evidence loaded. Each figure is
the median of the runs; memory is the largest resident size of the process. Evidence is generated once a size, and
read once before the first run, so that the disk is not what is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


class Run(NamedTuple):
    seconds: float
    peak_bytes: int
    output: bytes


def run(arguments: list[str], state: Path) -> Run:
    """One process of the command line, from its start to its end. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "deep_code_reasoning.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": str(state)}
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        return Run(seconds, usage.ru_maxrss * MAXRSS_BYTES, output.read())


def measure(size: str, runs: int, scratch: Path) -> None:
    from deep_code_reasoning.demo import generate

    evidence, state = scratch / "evidence", scratch / "state"
    generate("lease-expiry", evidence, size_bytes=parsed(size))
    investigate = ["investigate", str(evidence), "--no-model", "--json"]
    load = ["load", str(evidence), "--json"]
    run(load, state)
    loads, cold, warm = [], [], []
    for _ in range(runs):
        shutil.rmtree(state)
        loads.append(run(load, state))
        shutil.rmtree(state)
        cold.append(run(investigate, state))
        warm.append(run(investigate, state))
    report = json.loads(loads[0].output)
    for name, measured in (("load", loads), ("investigate, cold", cold), ("investigate, warm", warm)):
        seconds = statistics.median(one.seconds for one in measured)
        peak = statistics.median(one.peak_bytes for one in measured)
        rate = "-" if measured is warm else f"{report['bytes'] / 1e6 / seconds:.0f}"  # warm reads no evidence
        print(
            f"{size:>8}  {name:18} {seconds:8.2f} s {rate:>8} MB/s "
            f"{peak / 2**20:7.0f} MiB {report['rows']['spans']:>11,} spans",
            flush=True,
        )


def parsed(size: str) -> int:
    """Bytes of `10MB`."""
    number, unit = size[:-2], size[-2:].upper()
    if unit not in UNITS or not number.isdigit():
        raise SystemExit(f"size {size!r}: expected a whole number with kB, MB or GB, as 500MB")
    return int(number) * UNITS[unit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10MB,500MB", help="how much telemetry, separated by commas")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    for size in given.sizes.split(","):
        with tempfile.TemporaryDirectory(prefix="dcr-bench-") as scratch:
            measure(size.strip(), given.runs, Path(scratch))


if __name__ == "__main__":
    main()
