"""Metric points, seeded: OTLP/JSON lines, Prometheus text with timestamps, and CSV in the long form."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from evidence_traces import FIRST_NANO, SERVICES, resource

METRICS = ("http_requests_total", "queue_depth", "heap_used_bytes", "cpu_utilization")
HOSTS = 25
SERIES = [(name, service, host) for name in METRICS for service in range(len(SERVICES)) for host in range(HOSTS)]
STEP_SECONDS = 15


def write_otlp(path: Path, points: int) -> int:
    """`points` number points, a scrape's points of one metric and service in one `metrics` entry. Number of points."""
    with path.open("w") as file:
        done = 0
        for seconds, values in _scrapes():
            nano = str(seconds * 1_000_000_000)
            for service in range(len(SERVICES)):
                metrics = []
                for name in METRICS:
                    at = (METRICS.index(name) * len(SERVICES) + service) * HOSTS
                    kept = [_point(nano, host, values[at + host]) for host in range(min(HOSTS, points - done))]
                    done += len(kept)
                    if kept:
                        metrics.append({"name": name, "unit": "1", **_kind(name, kept)})
                if metrics:
                    described = [{"key": k, "value": {"stringValue": v}} for k, v in resource(service)]
                    scoped = [{"scope": {"name": "shop"}, "metrics": metrics}]
                    line = {"resourceMetrics": [{"resource": {"attributes": described}, "scopeMetrics": scoped}]}
                    file.write(json.dumps(line, separators=(",", ":")) + "\n")
            if done >= points:
                return done
    raise AssertionError("_scrapes() has no end")


def _kind(name: str, points: list[dict[str, object]]) -> dict[str, object]:
    if name.endswith("_total"):
        return {"sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}
    return {"gauge": {"dataPoints": points}}


def _point(nano: str, host: int, value: float) -> dict[str, object]:
    attributes = [{"key": "host", "value": {"stringValue": f"node-{host}"}}]
    return {"attributes": attributes, "startTimeUnixNano": str(FIRST_NANO), "timeUnixNano": nano, "asDouble": value}


def write_prometheus(path: Path, points: int) -> int:
    """`points` samples with a timestamp each, grouped by metric as the format demands. Number of samples."""
    scrapes = _first(points)
    with path.open("w") as file:
        done = 0
        for name in METRICS:
            kind = "counter" if name.endswith("_total") else "gauge"
            file.write(f"# HELP {name} Of the shop.\n# TYPE {name} {kind}\n")
            mine = [(at, key) for at, key in enumerate(SERIES) if key[0] == name]
            for seconds, values in scrapes:
                for at, (_, service, host) in mine:
                    if done < points:
                        labels = f'service="{SERVICES[service]}",host="node-{host}"'
                        file.write(f"{name}{{{labels}}} {values[at]} {seconds * 1000}\n")
                        done += 1
    return done


def write_csv(path: Path, points: int) -> int:
    """`points` rows: timestamp, metric, service, host, value. Number of rows."""
    with path.open("w") as file:
        file.write("timestamp,metric,service,host,value\n")
        done = 0
        for seconds, values in _first(points):
            moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for (name, service, host), value in zip(SERIES, values, strict=True):
                if done < points:
                    file.write(f"{moment},{name},{SERVICES[service]},node-{host},{value}\n")
                    done += 1
    return done


def _first(points: int) -> list[tuple[int, list[float]]]:
    source = _scrapes()
    return [next(source) for _ in range(-(-points // len(SERIES)))]


def _scrapes() -> Iterator[tuple[int, list[float]]]:
    """Seconds since 1970 and a value a series, in SERIES' order; counters never fall."""
    chance = random.Random(3)
    counts = [0.0] * len(SERIES)
    seconds = FIRST_NANO // 1_000_000_000
    while True:
        for at, (name, _, _) in enumerate(SERIES):
            drawn = round(chance.random() * 1000, 3)
            counts[at] = counts[at] + int(drawn) if name.endswith("_total") else drawn
        yield seconds, list(counts)
        seconds += STEP_SECONDS
