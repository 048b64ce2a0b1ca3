"""How often missing-spans is wrong on windows between which nothing changed, and whether it sees what did."""

from __future__ import annotations

from pathlib import Path
from random import Random

from deep_code_reasoning.detectors import groundwork
from deep_code_reasoning.detectors.trace import missing_spans
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 1_000_000_000
INCIDENT = Incident(TimeWindow(0, 100 * SECOND), TimeWindow(100 * SECOND, 200 * SECOND), origin="given")
OPERATIONS = 8
CHILDREN = 5


def spans(random: Random, traces: int, skipped: float = 0.0) -> list[dict]:
    """Operations with children of which some are missing now and then, in both windows alike.

    `skipped` is the share of the incident's traces in which the first operation's first child does not run.
    """
    shares = [[random.choice((1.0, 1.0, 0.98, 0.9, 0.5)) for _ in range(CHILDREN)] for _ in range(OPERATIONS)]
    shares[0][0] = 1.0
    found = []
    for _ in range(traces):
        operation = random.randrange(OPERATIONS)
        start = random.randrange(200 * SECOND)
        ids = {"trace_id": f"{random.getrandbits(128):032x}", "service_name": "s", "start_time_unix_nano": start}
        found.append(ids | {"span_id": "p", "name": f"op {operation}", "kind": "server", "duration_nano": 1_000})
        for child in range(CHILDREN):
            gone = operation == child == 0 and start >= 100 * SECOND and random.random() < skipped
            if random.random() < shares[operation][child] and not gone:
                found.append(ids | {"span_id": f"c{child}", "parent_span_id": "p", "name": f"step {child}"})
    return found


def detected(path: Path, rows: list[dict]) -> list:
    with tables_of(path, spans=rows) as tables:
        groundwork.prepare(tables, INCIDENT, Work())
        return list(missing_spans.detect(tables, INCIDENT))


def test_windows_alike_are_rarely_told_apart(tmp_path: Path) -> None:
    """At 5 % one or two of thirty may show something; more than five has a chance below 0.4 %."""
    random = Random(17)
    alarms = sum(bool(detected(tmp_path / str(at), spans(random, 400))) for at in range(30))
    assert alarms <= 5


def test_a_step_skipped_in_a_third_of_the_traces_is_seen(tmp_path: Path) -> None:
    random = Random(18)
    for at in range(8):
        found = detected(tmp_path / str(at), spans(random, 600, skipped=0.35))
        assert "s op 0 no longer calls step 0" in " ".join(finding.title for finding in found)


def test_without_windows_nothing_is_said(tmp_path: Path) -> None:
    with tables_of(tmp_path, spans=spans(Random(1), 20)) as tables:
        groundwork.prepare(tables, Incident(), Work())
        assert missing_spans.detect(tables, Incident()) == []
