"""Whose parent a span is, told by its ids, whatever they look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.rows import tables_of

SHAPES = {
    "64 bits written twice": lambda number: f"{number:016x}" * 2,
    "32 bits written four times": lambda number: f"{number:08x}" * 4,
    "padded with zeros": lambda number: f"{number:032x}",
    "zeros behind": lambda number: f"{number:016x}" + "0" * 16,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_span_gets_a_parent_of_another_trace(tmp_path: Path, shape: str) -> None:
    """In every trace the same span ids: only its own id tells one from another."""
    spans = []
    for number in range(1, 3_001):
        trace = SHAPES[shape](number)
        spans += [
            {"trace_id": trace, "span_id": f"{1:016x}", "name": trace, "start_time_unix_nano": number},
            {"trace_id": trace, "span_id": f"{2:016x}", "parent_span_id": f"{1:016x}", "start_time_unix_nano": number},
        ]
    with tables_of(tmp_path, spans=spans) as tables:
        strangers = tables.rows(
            "SELECT count(*) FROM topology AS t JOIN spans AS s ON s.span_number = t.span_number "
            "JOIN spans AS p ON p.span_number = t.parent_number WHERE p.trace_id <> s.trace_id"
        )
        traces = tables.rows("SELECT count(DISTINCT trace_number), count(parent_number) FROM topology")
    assert (strangers, traces) == ([(0,)], [(3_000, 3_000)])


def test_ids_that_are_not_hexadecimal_are_ids(tmp_path: Path) -> None:
    spans = [
        {"trace_id": "not-hex", "span_id": "a", "start_time_unix_nano": 1},
        {"trace_id": "not-hex", "span_id": "b", "parent_span_id": "a", "start_time_unix_nano": 1},
        {"trace_id": "another", "span_id": "a", "start_time_unix_nano": 1},
    ]
    with tables_of(tmp_path, spans=spans) as tables:
        traces = tables.rows("SELECT count(DISTINCT trace_number), count(parent_number) FROM topology")
    assert traces == [(2, 1)]
