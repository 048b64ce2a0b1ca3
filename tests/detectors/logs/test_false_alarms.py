"""How often a step is said to be missing when nothing changed: windows drawn at random from the same traces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from deep_code_reasoning.detectors import groundwork
from deep_code_reasoning.detectors.logs import expected_next
from deep_code_reasoning.finding import Finding
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from deep_code_reasoning.store.tables import Tables
from store.rows import tables_of

TRACES, SERVICES, STEPS = 120, 6, 8
INCIDENT = Incident(TimeWindow(0, 60 * 10**9), TimeWindow(60 * 10**9, 120 * 10**9), origin="given")
NAMES = ["asked", "found", "checked", "reserved", "charged", "stored", "sent", "closed"]


def _evidence(broken: frozenset[int] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """A chain of services, each with lines of which most are skipped now and then, each at its own rate.

    In the `broken` traces the last service stops after its second line.
    """
    random = np.random.default_rng(11)
    skipped = random.choice([0.0, 0.02, 0.05, 0.1, 0.3], (SERVICES, STEPS))
    spans, logs = [], []
    for trace in range(TRACES):
        for service in range(SERVICES):
            at = trace * 10**9 + service * 10**6
            number, parent = trace * SERVICES + service, trace * SERVICES + service
            ids = {"trace_id": f"{trace + 1:032x}", "span_id": f"{number + 1:016x}", "service_name": f"s{service}"}
            spans.append(
                {
                    **ids,
                    "parent_span_id": f"{parent:016x}" if service else None,
                    "name": f"op{service}",
                    "start_time_unix_nano": at,
                    "duration_nano": 10**8,
                }
            )
            for step in range(STEPS):
                is_cut = trace in broken and service == SERVICES - 1 and step > 1
                if random.random() >= skipped[service, step] and not is_cut:
                    body = f"{NAMES[step]} by {NAMES[service]}"
                    logs.append({**ids, "body": body, "time_unix_nano": at + 10**7 * (step + 1)})
    return {"spans": spans, "logs": logs}


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with tables_of(tmp_path, **_evidence()) as opened:
        groundwork.prepare(opened, INCIDENT, Work())
        yield opened


def _found(tables: Tables, of_incident: set[int]) -> list[Finding]:
    """With the traces of the incident drawn anew."""
    numbers = [number for (number,) in tables.rows("SELECT trace_number FROM trace_outcomes ORDER BY trace_id")]
    phases = ["incident" if place in of_incident else "baseline" for place in range(len(numbers))]
    tables.register("drawn", pa.table({"trace_number": numbers, "phase": phases}))
    tables.execute(
        "UPDATE trace_outcomes SET phase = d.phase FROM drawn AS d WHERE d.trace_number = trace_outcomes.trace_number"
    )
    return list(expected_next.detect(tables, INCIDENT))


@pytest.mark.parametrize("size", [60, 20, 5])
def test_quiet_windows_are_rarely_reported(tables: Tables, size: int) -> None:
    """At 5 % two of forty quiet windows may show something; more than six has a chance below 0.4 %."""
    random = np.random.default_rng(size)
    alarms = sum(bool(_found(tables, set(random.permutation(TRACES)[:size].tolist()))) for _ in range(40))
    assert alarms <= 6


@pytest.mark.parametrize("size", [60, 20, 5])
def test_a_service_that_stops_is_found_in_the_same_noise(tmp_path: Path, size: int) -> None:
    incident = set(range(TRACES - size, TRACES))
    with tables_of(tmp_path, **_evidence(frozenset(incident))) as opened:
        groundwork.prepare(opened, INCIDENT, Work())
        found = _found(opened, incident)
    assert found
    assert found[0].subject.service == f"s{SERVICES - 1}"
    assert "checked by" in found[0].numbers["expected"]
    assert {finding.subject.service for finding in found if finding.role == "cause"} == {f"s{SERVICES - 1}"}
