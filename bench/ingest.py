"""Format x MB/s x peak memory of `dcr load`, beside floors, work by hand and peers, as whole processes in one run.

    python bench/ingest.py [--formats otlp-json,logs-json] [--sizes 500MB] [--runs 3] [--peers-python PYTHON] [--json]

Every measurement is a fresh process with an empty store, from its start to its end; the figures are medians of the
runs, memory is the largest resident size. Each file is read once before the first run, so that the disk is not what
is measured. The rows of every run are compared with the number generated: a difference is told, and ends with 1.
Floors, work by hand and peers are measured on OTLP/JSON. Method and peers: docs/performance.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from evidence_files import FORMATS, Evidence, parsed

SOURCES = Path(__file__).parents[1] / "src"
PEERS = Path(__file__).parent / "peers"
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
GENERATOR = Path(__file__).with_name("evidence_files.py")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
JQ = (
    ".resourceSpans[] | (.resource.attributes[] | select(.key == \"service.name\").value.stringValue) as $service | "
    ".scopeSpans[].spans[] | [.traceId, .spanId, .parentSpanId, $service, .name, .kind, .status.code, "
    ".startTimeUnixNano, .endTimeUnixNano, (.attributes | map({(.key): (.value | to_entries[0].value)}) | add)]"
)  # fmt: skip


class Subject(NamedTuple):
    """What is measured: a command that gets an empty folder, and the count it must come to (None: nothing to count)."""

    name: str
    command: list[str]
    expected: int | None
    counted: Callable[[bytes], int]
    environment: dict[str, str]


class Run(NamedTuple):
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    rows: int


def measure(subject: Subject, scratch: Path) -> Run:
    """One process in a folder of its own. Raises CalledProcessError, with what it wrote, where it fails.

    Bytecode is kept in `scratch`, so that the first load compiles it for those that count: an environment that
    forbids to write any, as images of containers do, would have every load compile all sources anew.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch))
    command = [part.replace("{folder}", str(folder)) for part in subject.command]
    settings = {name: value.replace("{folder}", str(folder)) for name, value in subject.environment.items()}
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment | settings)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (output, errors):
            stream.seek(0)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output.read(), errors.read())
        rows = subject.counted(output.read())
    settle()
    shutil.rmtree(folder)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_BYTES, rows)


def loads(evidence: Evidence, table: str, kernels: Path, scratch: Path, cold: bool) -> list[Subject]:
    """`dcr load` with compiled kernels at hand, and (`cold`) as on a machine that never compiled any.

    Of these sources: an installed wheel carries its kernels, and never is cold.
    A first load, which does not count, has compiled bytecode and kernels. Where it left no kernel, the format has
    none: there is one road, and the name says so. Raises CalledProcessError where the file cannot be loaded.
    """
    command = [sys.executable, "-m", "deep_code_reasoning.cli", "load", str(evidence.path), "--json"]

    def subject(name: str, kernel_dir: str) -> Subject:
        environment = {"PYTHONPATH": str(SOURCES), "DCR_STATE_DIR": "{folder}/state", "DCR_KERNEL_DIR": kernel_dir}
        return Subject(name, command, evidence.rows, lambda out: json.loads(out)["rows"].get(table, 0), environment)

    measure(subject("", str(kernels)), scratch)
    if not any(kernels.glob("*.o")):
        return [subject("dcr load, no kernel", str(kernels))]
    warm = subject("dcr load", str(kernels))
    return [warm, subject("dcr load, cold kernel cache", "{folder}/kernels")] if cold else [warm]


def adopt_orphans() -> None:
    """Makes this process the parent of compilers that outlive a load, so that `measure` can wait for them (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def settle() -> None:
    """Until no process is left behind: a compiler at work would slow what is measured next."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def beside(evidence: Evidence, peers_python: str | None) -> list[Subject]:
    """Floors, work by hand, and peers where there is an interpreter that has them."""

    path, rows = evidence.path, evidence.rows

    def script(name: str, file: str, python: str, expected: int | None = rows) -> Subject:
        return Subject(name, [python, str(PEERS / file), str(path), "{folder}"], expected, int, {})

    subjects = [
        script("floor: read the file", "floor_read.py", sys.executable, path.stat().st_size),
        script("floor: orjson.loads", "floor_orjson.py", sys.executable, None),
        script("by hand: Python and SQLite", "spans_script.py", sys.executable),
    ]
    if jq := shutil.which("jq"):
        subjects.append(
            Subject("by hand: jq", ["sh", "-c", '"$0" -c "$1" "$2" | wc -l', jq, JQ, str(path)], rows, int, {})
        )
    else:
        print("jq is not installed: left out", file=sys.stderr)
    if not peers_python:
        print("no --peers-python: ClickHouse, DuckDB, Polars and pandas are left out", file=sys.stderr)
        return subjects
    for name, file in (
        ("by hand: pandas", "spans_pandas.py"),
        ("peer: ClickHouse (chdb)", "spans_clickhouse.py"),
        ("peer: DuckDB read_json", "spans_duckdb.py"),
        ("peer: Polars scan_ndjson", "spans_polars.py"),
    ):
        subjects.append(script(name, file, peers_python))
    return subjects


def generated(name: str, size: str, folder: Path) -> Evidence:
    """In a process of its own: a process starts with the peak memory of the one that started it (Linux)."""
    made = subprocess.run(
        [sys.executable, str(GENERATOR), name, size, str(folder)], check=True, stdout=subprocess.PIPE
    ).stdout
    evidence = Evidence(**json.loads(made))
    subprocess.run([sys.executable, str(PEERS / "floor_read.py"), str(evidence.path)], check=True, stdout=sys.stderr)
    return evidence._replace(path=Path(evidence.path))


def measured(name: str, size: str, given: argparse.Namespace, scratch: Path, kernels: Path) -> list[dict[str, object]]:
    """The rows of the table for one format and size; subjects take turns, so that a noisy minute is shared by all."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    evidence = generated(name, size, folder)
    about: dict[str, object] = {"format": name, "bytes": evidence.bytes}
    subjects: list[Subject] = []
    results: list[dict[str, object]] = []
    try:
        subjects += loads(evidence, FORMATS[name].table, kernels, scratch, cold=not given.warm_only)
    except subprocess.CalledProcessError as error:
        results.append(about | {"subject": "dcr load", "failed": _reason(error)})
    if name == "otlp-json" and not given.no_peers:
        subjects += beside(evidence, given.peers_python)
    runs: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
    failed: dict[str, str] = {}
    for _ in range(given.runs):
        for subject in subjects:
            if subject.name in failed:
                continue
            try:
                runs[subject.name].append(measure(subject, scratch))
            except subprocess.CalledProcessError as error:
                failed[subject.name] = _reason(error)
            print(f"{name}: {subject.name} {failed.get(subject.name) or runs[subject.name][-1]}", file=sys.stderr)
    shutil.rmtree(folder)
    for subject in subjects:
        row = about | {"subject": subject.name, "expected": subject.expected}
        broken = {"failed": failed[subject.name]} if subject.name in failed else {}
        results.append(row | (broken or figures(runs[subject.name], subject)))
    return results


def _reason(error: subprocess.CalledProcessError) -> str:
    said = (error.stderr or b"").strip() or (error.output or b"").strip()
    return f"exit {error.returncode}: " + said.decode(errors="replace")[-300:]


def figures(runs: list[Run], subject: Subject) -> dict[str, object]:
    return {
        "seconds": statistics.median(run.seconds for run in runs),
        "cpu_seconds": statistics.median(run.cpu_seconds for run in runs),
        "peak_bytes": statistics.median(run.peak_bytes for run in runs),
        "rows": [run.rows for run in runs],
        "right": all(subject.expected in (None, run.rows) for run in runs),
        "runs": [run._asdict() for run in runs],
    }


def markdown(results: list[dict]) -> str:
    """One table; `x dcr`: the seconds of a subject over those of `dcr load` (kernels at hand) on the same file."""
    lines = [
        "| format | MB | subject | s | CPU s | MB/s | peak MiB | x dcr | rows |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    ours = {
        (one["format"], one["bytes"]): one.get("seconds")
        for one in results
        if one["subject"] in ("dcr load", "dcr load, no kernel")
    }
    for one in results:
        start = f"| {one['format']} | {one['bytes'] / 1e6:,.0f} | {one['subject']} |"
        if "failed" in one:
            lines.append(f"{start} - | - | - | - | - | failed: {' '.join(str(one['failed']).split())[:120]} |")
            continue
        base = ours.get((one["format"], one["bytes"]))
        ratio = f"{one['seconds'] / base:.2f}" if base else "-"
        told = "not counted" if one["expected"] is None else f"{one['expected']:,}"
        if not one["right"]:
            told = f"**WRONG** {one['rows']} of {one['expected']:,}"
        lines.append(
            f"{start} {one['seconds']:.2f} | {one['cpu_seconds']:.2f} | {one['bytes'] / 1e6 / one['seconds']:,.0f} | "
            f"{one['peak_bytes'] / 2**20:,.0f} | {ratio} | {told} |"
        )
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default=",".join(FORMATS), help="separated by commas; all where not given")
    parser.add_argument("--sizes", default="500MB", help="before compression; metrics: 2,000 points a MB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers-python", help="an interpreter with bench/peers/requirements.txt installed")
    parser.add_argument("--no-peers", action="store_true", help="`dcr load` alone")
    parser.add_argument("--warm-only", action="store_true", help="leave out the cold kernel cache")
    parser.add_argument("--kernels", type=Path, help="keep compiled kernels here; else in a folder of this run")
    parser.add_argument("--json", action="store_true", help="print JSON, every run included, not the table")
    given = parser.parse_args()
    for size in given.sizes.split(","):
        parsed(size.strip())
    if unknown := [name for name in given.formats.split(",") if name not in FORMATS]:
        parser.error(f"unknown format {unknown[0]!r}; known are {', '.join(FORMATS)}")
    return given


def main() -> None:
    given = arguments()
    results: list[dict] = []
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as scratch:
        kernels = given.kernels or Path(tempfile.mkdtemp(dir=scratch))  # mode 0700
        for name in given.formats.split(","):
            for size in given.sizes.split(","):
                results += measured(name, size.strip(), given, Path(scratch), kernels.resolve())
    print(json.dumps(results, indent=1) if given.json else markdown(results))
    if not all(one.get("right") for one in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
