"""Evidence with holes: whatever is missing, the detector says less and does not fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.detectors import groundwork
from deep_code_reasoning.detectors.logs import expected_next
from deep_code_reasoning.incident import Incident, TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 10**9
INCIDENT = Incident(TimeWindow(0, 20 * SECOND), TimeWindow(20 * SECOND, 40 * SECOND), origin="given")


def _line(trace: int | None, body: str, moment: int | None, **more: Any) -> dict[str, Any]:
    return {"trace_id": None if trace is None else f"{trace:032x}", "body": body, "time_unix_nano": moment, **more}


def _span(trace: int, number: int, parent: int | None, **more: Any) -> dict[str, Any]:
    parent_id = None if parent is None else f"{parent:016x}"
    return {"trace_id": f"{trace:032x}", "span_id": f"{number:016x}", "parent_span_id": parent_id, **more}


HOSTILE = {
    "nothing": {"spans": [], "logs": []},
    "lines without trace or time": {"spans": [], "logs": [_line(None, "a", 1), _line(1, "b", None), _line(2, "", 5)]},
    "spans without service, all at one moment": {
        "spans": [
            _span(trace, 10 * trace + n, 10 * trace + n - 1 if n else None) for trace in range(40) for n in range(3)
        ],
        "logs": [],
    },
    "spans that are their own parents": {"spans": [_span(1, 1, 1), _span(1, 2, 3), _span(1, 3, 2)], "logs": []},
    "lines of one window only": {
        "spans": [],
        "logs": [_line(n, "only now", 30 * SECOND + n, service_name="shop") for n in range(30)],
    },
}


@pytest.mark.parametrize("evidence", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_is_found_where_there_is_nothing_to_compare(tmp_path: Path, evidence: dict[str, list]) -> None:
    with tables_of(tmp_path, **evidence) as tables:
        groundwork.prepare(tables, INCIDENT, Work())
        assert list(expected_next.detect(tables, INCIDENT)) == []


def test_a_break_is_found_beside_damaged_rows(tmp_path: Path) -> None:
    """Spans without a service, an orphan, lines without time or with an unknown span: the rest still counts."""
    spans, logs = [], []
    for trace in range(1, 41):
        at = trace * SECOND - SECOND
        spans.append(_span(trace, trace, None, name="run", start_time_unix_nano=at, duration_nano=SECOND // 2))
        spans.append(_span(trace, 1000 + trace, 5000 + trace, name="lost", start_time_unix_nano=at + 1))
        span_id = f"{trace:016x}"
        logs.append(_line(trace, "begun", at + 1, span_id=span_id))
        logs.append(_line(trace, "odd", None, span_id=span_id))
        logs.append(_line(trace, "elsewhere", at + 2, span_id="f" * 16))
        if trace <= 20:
            logs.append(_line(trace, "done", at + 3, span_id=span_id))
    with tables_of(tmp_path, spans=spans, logs=logs) as tables:
        groundwork.prepare(tables, INCIDENT, Work())
        found = list(expected_next.detect(tables, INCIDENT))
    assert [(one.subject.service, one.subject.operation, one.numbers["expected"]) for one in found] == [
        (None, "run", "«done»")
    ]
