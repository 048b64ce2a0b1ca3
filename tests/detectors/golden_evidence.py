"""Turns the tables of a golden page into the files a user has: OTLP/JSON lines and CDEvents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detectors.golden import Block, Case, Row

START = datetime(2026, 10, 13, 9, 0, 0, tzinfo=UTC)
EPOCH = int(START.timestamp()) * 1_000_000_000
SPAN_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
STATUSES = {"unset": 0, "ok": 1, "error": 2}
SEVERITIES = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


def trace_ids(name: str) -> str:
    """The trace id that a page's name of a trace stands for."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def span_ids(trace: str, name: str) -> str:
    return hashlib.md5(f"{trace}/{name}".encode(), usedforsecurity=False).hexdigest()[:16]


def write(case: Case, folder: Path) -> list[Path]:
    """Writes the case's evidence and says where; files without rows are not written."""
    written = Evidence(case)
    files = {
        "traces.jsonl": list(written.traces()),
        "logs.jsonl": list(written.logs()),
        "metrics.jsonl": list(written.metrics()),
    }
    paths = []
    for name, lines in files.items():
        if lines:
            paths.append(folder / name)
            paths[-1].write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    deploys = [_deploy(row) for row in case.rows("deploys")]
    if deploys:
        paths.append(folder / "deploys.json")
        paths[-1].write_text(json.dumps(deploys), encoding="utf-8")
    return paths


class Evidence:
    """The records of a case, one resource an OTLP line."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.clocks = {row["host"]: row for row in case.rows("clocks")}
        self.hosts: dict[tuple[str, str], str] = {}

    def traces(self) -> Iterator[dict]:
        events = self._by_span("events", self._event)
        links = self._by_span("links", self._link)
        for block in self.case.of("spans"):
            origin = min(float(row["start_ms"]) for row in block.rows)
            for turn in range(block.repeat):
                for row in block.rows:
                    span = self._span(row, block, turn, origin)
                    key = (_renamed(row["trace"], turn), row["span"])
                    span["events"] = events.pop(key, [])
                    span["links"] = links.pop(key, [])
                    scope = {"scope": {"name": row.get("scope", "golden")}, "spans": [span]}
                    yield {"resourceSpans": [{"resource": _resource(row), "scopeSpans": [scope]}]}
        assert not events and not links, f"{self.case}: events or links of unknown spans {[*events, *links]}"

    def _span(self, row: Row, block: Block, turn: int, origin: float) -> dict:
        trace = _renamed(row["trace"], turn)
        scale = 1 + block.vary * (2 * _van_der_corput(turn) - 1)
        start = origin + turn * block.every_ms + (float(row["start_ms"]) - origin) * scale
        end = start + float(row["dur_ms"]) * scale
        host = row.get("host", row["service"])
        self.hosts[trace, row["span"]] = host
        return {
            "traceId": trace_ids(trace),
            "spanId": span_ids(trace, row["span"]),
            "parentSpanId": span_ids(trace, row["parent"]) if "parent" in row else "",
            "name": row.get("name", row["span"]),
            "kind": SPAN_KINDS[row.get("kind", "internal")],
            "startTimeUnixNano": str(self._shown(host, start)),
            "endTimeUnixNano": str(self._shown(host, end)),
            "attributes": _attributes(row),
            "status": {"code": STATUSES[row.get("status", "unset")], "message": row.get("message", "")},
        }

    def _by_span(self, kind: str, make) -> dict[tuple[str, str], list[dict]]:
        found: dict[tuple[str, str], list[dict]] = {}
        for row in self.case.rows(kind):
            found.setdefault((row["trace"], row["span"]), []).append(make(row))
        return found

    def _event(self, row: Row) -> dict:
        at = self._shown(row.get("host", ""), float(row["at_ms"]))
        return {"timeUnixNano": str(at), "name": row["name"], "attributes": _attributes(row)}

    def _link(self, row: Row) -> dict:
        ids = {"traceId": trace_ids(row["to_trace"]), "spanId": span_ids(row["to_trace"], row["to_span"])}
        return {**ids, "attributes": _attributes(row)}

    def logs(self) -> Iterator[dict]:
        for block, turn, row in self._repeated("logs"):
            at = self._at(row, block, turn)
            severity = row.get("severity", "INFO")
            record = {
                "timeUnixNano": str(at),
                "severityText": severity,
                "severityNumber": SEVERITIES[severity],
                "body": {"stringValue": row["body"].replace("{n}", str(turn))},
                "attributes": _attributes(row),
            }
            if "trace" in row:
                trace = _renamed(row["trace"], turn)
                record |= {"traceId": trace_ids(trace), "spanId": span_ids(trace, row.get("span", ""))}
            scope = {"scope": {"name": row.get("scope", "golden")}, "logRecords": [record]}
            yield {"resourceLogs": [{"resource": _resource(row), "scopeLogs": [scope]}]}

    def metrics(self) -> Iterator[dict]:
        for block, turn, row in self._repeated("metrics"):
            point = _point(row, turn) | {"timeUnixNano": str(self._at(row, block, turn))}
            point["startTimeUnixNano"] = str(EPOCH - 60_000_000_000)
            kind = row.get("kind", "gauge")
            data: dict = {"dataPoints": [point]}
            if kind != "gauge":
                data["aggregationTemporality"] = 1 if kind.endswith("delta") else 2
            shape = "histogram" if kind.startswith("histogram") else "gauge" if kind == "gauge" else "sum"
            if shape == "sum":
                data["isMonotonic"] = True
            metric = {"name": row["name"], "unit": row.get("unit", ""), shape: data}
            scope = {"scope": {"name": row.get("scope", "golden")}, "metrics": [metric]}
            yield {"resourceMetrics": [{"resource": _resource(row), "scopeMetrics": [scope]}]}

    def _repeated(self, kind: str) -> Iterator[tuple[Block, int, Row]]:
        for block in self.case.of(kind):
            for turn in range(block.repeat):
                for row in block.rows:
                    yield block, turn, row

    def _at(self, row: Row, block: Block, turn: int) -> int:
        return self._shown(row.get("host", row["service"]), float(row["at_ms"]) + turn * block.every_ms)

    def _shown(self, host: str, true_ms: float) -> int:
        """Nanoseconds that the host's clock shows at a true time."""
        clock = self.clocks.get(host, {})
        drift = 1 + float(clock.get("drift_ppm", 0)) * 1e-6
        step = float(clock.get("step_ms", 0)) if true_ms >= float(clock.get("step_at_ms", "inf")) else 0.0
        return EPOCH + round((float(clock.get("offset_ms", 0)) + step + true_ms * drift) * 1e6)


def _renamed(trace: str, turn: int) -> str:
    return f"{trace}#{turn}" if turn else trace


def _van_der_corput(turn: int) -> float:
    """0, 1/2, 1/4, 3/4 ...: varies without being random, and fills its interval evenly."""
    return sum((turn >> bit & 1) / 2 ** (bit + 1) for bit in range(turn.bit_length()))


def _resource(row: Row) -> dict:
    known = {"service.name": row["service"], "host.name": row.get("host", row["service"])}
    known |= {key.removeprefix("resource."): text for key, text in row.items() if key.startswith("resource.")}
    return {"attributes": [_key_value(key, text) for key, text in known.items()]}


def _attributes(row: Row) -> list[dict]:
    pairs = [(k, v) for k, v in row.items() if "." in k and not k.startswith("resource.")]
    for part in row.get("attributes", "").split(";"):
        if part.strip():
            key, _, text = part.partition("=")
            pairs.append((key.strip(), text.strip()))
    return [_key_value(key, text) for key, text in pairs]


def _key_value(key: str, text: str) -> dict:
    return {"key": key, "value": _value(text)}


def _value(text: str) -> dict:
    if text in ("true", "false"):
        return {"boolValue": text == "true"}
    for kind, convert in (("intValue", int), ("doubleValue", float)):
        try:
            number = convert(text)
        except ValueError:
            continue
        return {kind: str(number) if kind == "intValue" else number}
    return {"stringValue": text.strip('"')}


def _point(row: Row, turn: int) -> dict:
    point: dict = {"attributes": _attributes(row)}
    if "value" in row:
        point["asDouble"] = _growing(row["value"], turn)
    for column, key in (("count", "count"), ("sum", "sum"), ("min", "min"), ("max", "max")):
        if column in row:
            number = _growing(row[column], turn)
            point[key] = str(int(number)) if column == "count" else number
    if "bounds" in row:
        point["explicitBounds"] = [float(bound) for bound in row["bounds"].split()]
        point["bucketCounts"] = [str(int(_growing(count, turn))) for count in row["buckets"].split()]
    return point


def _growing(text: str, turn: int) -> float:
    """`10+5` is 10 in the first turn of a repeated block and 5 more in each one after."""
    first, _, step = text.partition("+")
    return float(first) + float(step or 0) * turn


def _deploy(row: Row) -> dict:
    moment = START + timedelta(milliseconds=float(row["at_ms"]))
    service, version = row["service"], row.get("version", "1.0.0")
    return {
        "context": {
            "specversion": "0.4.1",
            "id": f"deploy-{service}-{version}",
            "source": "/golden",
            "type": f"dev.cdevents.service.{row.get('kind', 'deployed')}.0.2.0",
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
        "subject": {
            "id": service,
            "type": "service",
            "content": {"environment": {"id": "production"}, "artifactId": f"pkg:oci/{service}@{version}"},
        },
        "customData": {"service": service, "version": version, "commit_sha": row.get("sha", "")},
    }
