"""The benchmark's evidence, a format a file, the same for the same size.

python bench/evidence_files.py otlp-json 500MB FOLDER      (prints path, bytes before compression and rows as JSON)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import evidence_jaeger
import evidence_logs
import evidence_metrics
import evidence_otlp

UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
POINTS_OF_A_MB = 2_000  # 500 MB asked for: a million points, whatever the format makes of them


class Format(NamedTuple):
    file: str
    table: str
    write: Callable[[Path, int], int]  # a file of so many bytes; the number of rows of `table`
    packed: str = ""  # the suffix of the compression, where the file is compressed once written


class Evidence(NamedTuple):
    path: Path
    bytes: int  # before compression
    rows: int


def _points(write: Callable[[Path, int], int]) -> Callable[[Path, int], int]:
    return lambda path, size: write(path, max(1, size * POINTS_OF_A_MB // 10**6))


FORMATS = {
    "otlp-json": Format("traces.jsonl", "spans", evidence_otlp.write_json),
    "otlp-json-gzip": Format("traces.jsonl", "spans", evidence_otlp.write_json, ".gz"),
    "otlp-json-zstd": Format("traces.jsonl", "spans", evidence_otlp.write_json, ".zst"),
    "otlp-protobuf": Format("traces.binpb", "spans", evidence_otlp.write_protobuf),
    "jaeger-json": Format("traces.json", "spans", evidence_jaeger.write),
    "logs-json": Format("shop.jsonl", "logs", evidence_logs.write_json),
    "logs-text": Format("shop.log", "logs", evidence_logs.write_text),
    "metrics-otlp": Format("metrics.jsonl", "metrics", _points(evidence_metrics.write_otlp)),
    "metrics-prometheus": Format("metrics.prom", "metrics", _points(evidence_metrics.write_prometheus)),
    "metrics-csv": Format("metrics.csv", "metrics", _points(evidence_metrics.write_csv)),
}


def generate(name: str, size: int, folder: Path) -> Evidence:
    """Raises KeyError where no such format is known."""
    form = FORMATS[name]
    path = folder / form.file
    rows = form.write(path, size)
    plain_bytes = path.stat().st_size
    if form.packed:
        plain, path = path, path.with_name(path.name + form.packed)
        evidence_otlp.compress(plain, path)
        plain.unlink()
    return Evidence(path, plain_bytes, rows)


def parsed(size: str) -> int:
    """Bytes of `10MB`."""
    number, unit = size[:-2], size[-2:].upper()
    if unit not in UNITS or not number.isdigit():
        raise SystemExit(f"size {size!r}: expected a whole number with kB, MB or GB, as 500MB")
    return int(number) * UNITS[unit]


if __name__ == "__main__":
    asked, of_size, into = sys.argv[1:]
    print(json.dumps(generate(asked, parsed(of_size), Path(into))._asdict(), default=str))
