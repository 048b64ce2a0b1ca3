"""No rule raises, whatever the evidence holds, and what it says can be written as JSON."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from deep_code_reasoning import ingest
from deep_code_reasoning.detectors import groundwork, registry
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables
from detectors.golden_evidence import EPOCH

NAMES = [
    "GET /",
    "Acquire",
    "Release",
    "getConnection",
    "SELECT",
    "publish",
    "process",
    "loadCache",
    "",
    "ü" * 50,
    "%s{",
]
TEXTS = [
    "",
    "deadlock detected",
    "connection pool exhausted",
    'Found one Java-level deadlock: "a": ',
    "\x00 %(",
    "GC pause",
]
VALUES = {
    "lock.key": ["a", "b", "", "'; --"],
    "db.system.name": ["mysql", "redis", ""],
    "db.query.text": ["SELECT 1", "select x from y where z='1'", "%(\\"],
    "messaging.destination.name": ["q", ""],
    "messaging.message.id": ["1", "2", "span 3"],
    "messaging.message.delivery_count": ["2", "1e99", "x"],
    "timeout_ms": ["500", "nan", "inf", "-3", "x"],
    "cache.hit": ["true", "7"],
    "http.request.resend_count": ["1", "x"],
}


def pairs(values: dict[str, str]) -> list[dict]:
    return [{"key": key, "value": {"stringValue": text}} for key, text in values.items()]


def some(draw: random.Random, values: dict[str, list[str]], share: float) -> list[dict]:
    return pairs({key: draw.choice(texts) for key, texts in values.items() if draw.random() < share})


def span(draw: random.Random, trace: int, number: int) -> dict:
    begin = EPOCH + draw.choice([0, 1, draw.randrange(10**10), draw.randrange(4 * 10**10), -(10**18), 10**18])
    end = max(0, begin + draw.choice([0, 1, 10**6, 10**9, 10**10, -5]))
    found = {
        "traceId": f"{trace + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "parentSpanId": draw.choice(["", f"{draw.randrange(1, 30):016x}"]),
        "name": draw.choice(NAMES),
        "kind": draw.randrange(6),
        "startTimeUnixNano": str(max(0, begin)),
        "endTimeUnixNano": str(end),
        "attributes": some(draw, VALUES, 0.25),
        "status": {"code": draw.randrange(3), "message": draw.choice(TEXTS)},
    }
    if draw.random() < 0.2:
        found["links"] = [{"traceId": f"{draw.randrange(1, 20):032x}", "spanId": f"{draw.randrange(1, 30):016x}"}]
    if draw.random() < 0.2:
        said = {"exception.type": "DeadlockException", "exception.message": draw.choice(TEXTS)}
        found["events"] = [{"timeUnixNano": str(end), "name": "exception", "attributes": pairs(said)}]
    return found


def write(draw: random.Random, folder: Path) -> None:
    lines = []
    for trace in range(20):
        for number in range(draw.randrange(1, 30)):
            known = some(draw, {"service.name": ["a", "b", ""], "host.name": ["h1", "h2", ""]}, 0.7)
            scope = {"scope": {}, "spans": [span(draw, trace, number)]}
            lines.append({"resourceSpans": [{"resource": {"attributes": known}, "scopeSpans": [scope]}]})
    for number in range(30):
        at = str(EPOCH + draw.randrange(4 * 10**10)) if draw.random() < 0.8 else "0"
        record = {"timeUnixNano": at, "body": {"stringValue": draw.choice(TEXTS)}}
        scope = {"scope": {}, "logRecords": [record]}
        lines.append({"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [scope]}]})
        value = draw.choice([number, float(number**2), -1.0])
        point = {"timeUnixNano": str(EPOCH + number * 10**9), "asDouble": value}
        scope = {"scope": {}, "metrics": [{"name": "messages_unacked", "gauge": {"dataPoints": [point]}}]}
        lines.append({"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [scope]}]})
    for signal in ("Spans", "Logs", "Metrics"):
        text = "".join(json.dumps(line) + "\n" for line in lines if f"resource{signal}" in line)
        (folder / f"{signal.lower()}.jsonl").write_text(text, encoding="utf-8")


def seconds(begin: int, end: int) -> TimeWindow:
    return TimeWindow(EPOCH + begin * 10**9, EPOCH + end * 10**9)


INCIDENTS = [
    Incident(),
    Incident(seconds(0, 5), seconds(5, 40), origin="given"),
    Incident(seconds(0, 0), seconds(5, 5), origin="given"),
    Incident(None, seconds(0, 40), origin="given"),
    Incident(seconds(0, 40), seconds(-(10**9), 2 * 10**9), origin="given"),
]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_rule_raises(seed: int, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    write(random.Random(seed), evidence)
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(evidence,), memory_limit="512MiB")
    folder = folder_of(settings.state_dir, investigation="hostile")
    ingest.load([evidence], folder, settings, Work())
    with Tables.open(folder, settings) as tables:
        for incident in INCIDENTS:
            groundwork.prepare(tables, incident, Work())
            for rule in registry.all_rules():
                for finding in rule.detect(tables, incident):
                    json.dumps(finding.numbers, allow_nan=False)
                    assert finding.code == rule.code
