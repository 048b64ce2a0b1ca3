"""Reads generated telemetry back, with nothing but json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from deep_code_reasoning.demo.truth import RegressionTruth, Truth

Incident = tuple[Path, Truth]
Regression = tuple[Path, RegressionTruth]
SIZE = 10_000_000
WEEK_SIZE = 5_000_000


def lines(directory: Path, signal: str) -> Iterator[bytes]:
    """The whole lines of a signal's files, rotated ones first; a broken last line is left out."""
    for path in sorted((directory / "telemetry").glob(f"{signal}*.jsonl")):
        with path.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))


def attributes(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Key to value; integers as int."""
    result: dict[str, Any] = {}
    for entry in entries:
        ((kind, value),) = entry["value"].items()
        if kind == "arrayValue":
            value = [text["stringValue"] for text in value["values"]]
        result[entry["key"]] = int(value) if kind == "intValue" else value
    return result


def spans(directory: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """(resource attributes, span, span attributes) of every span."""
    for line in lines(directory, "traces"):
        for of_resource in json.loads(line)["resourceSpans"]:
            resource = attributes(of_resource["resource"]["attributes"])
            for of_scope in of_resource["scopeSpans"]:
                for span in of_scope["spans"]:
                    yield resource, span, attributes(span["attributes"])


def metrics(directory: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(resource attributes, metric) of every metric."""
    for line in lines(directory, "metrics"):
        for of_resource in json.loads(line)["resourceMetrics"]:
            resource = attributes(of_resource["resource"]["attributes"])
            for of_scope in of_resource["scopeMetrics"]:
                for metric in of_scope["metrics"]:
                    yield resource, metric


def answered(directory: Path, path: str) -> Iterator[tuple[float, float]]:
    """(Unix seconds, duration in seconds) of every request of the gateway's access logs for a path."""
    for file in sorted((directory / "logs" / "gateway").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if entry["path"] == path:
                yield datetime.fromisoformat(entry["time"]).timestamp(), entry["duration_ms"] / 1000
