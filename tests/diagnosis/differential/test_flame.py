"""The whole tree as data: what formats cannot hold in a frame, one window alone, and what is too small to print."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.diagnosis.differential.flame import Flame, flame
from deep_code_reasoning.progress import Work
from diagnosis.differential.test_cases import INCIDENT, spans
from store.rows import tables_of

TABLE = """
window   | times | span | parent | service | name     | start | ms
baseline | 2     | a    |        | shop    | GET /    | 0     | 100
baseline | 2     | b    | a      | redis   | a;b 0.5  | 10    | 20
incident | 4     | a    |        | shop    | GET /    | 0     | 100
incident | 4     | b    | a      | redis   | a;b 0.5  | 10    | 60
incident | 2     | c    | a      | mail    | send  12 | 80    | 1
"""


def seen(path: Path, table: str, *, windows: bool = True) -> Flame:
    given = {"baseline": INCIDENT.baseline, "incident": INCIDENT.incident} if windows else {}
    with tables_of(path, spans=list(spans(table))) as tables:
        return flame(tables, investigation="test", work=Work(), **given)


def test_folded_frames_hold_nothing_that_the_format_reads_otherwise(tmp_path: Path) -> None:
    found = seen(tmp_path, TABLE)
    assert list(found.folded("difference", "critical-path")) == [
        "shop GET / 80000000 39500000",
        "shop GET /;mail send_12 0 500000",
        "shop GET /;redis a:b_0.5 20000000 60000000",
    ]
    assert list(found.folded("baseline", "self-time")) == [
        "shop GET / 80000000",
        "shop GET /;redis a:b_0.5 20000000",
    ]


def test_printed_is_what_is_a_share_of_its_entry_with_all_below(tmp_path: Path) -> None:
    lines = list(seen(tmp_path, TABLE).lines(0.01))
    assert [(line.depth, line.frame, line.before_ms, line.after_ms) for line in lines] == [
        (0, "shop GET /", 100, 100),
        (1, "redis a;b 0.5", 20, 60),
    ]
    assert lines[1].changed_by == pytest.approx((0, 40))
    assert len(list(seen(tmp_path / "all", TABLE).lines(0.001))) == 3


def test_rows_name_their_parents_and_add_up(tmp_path: Path) -> None:
    told = seen(tmp_path, TABLE).as_json()
    assert told["requests"] == {"baseline": 2, "incident": 4}
    rows = {row["operation"]: row for row in told["nodes"]}
    assert rows["GET /"]["parent"] is None
    assert rows["send  12"]["parent"] == rows["GET /"]["node"]
    assert rows["send  12"]["incident"]["calls_a_parent"] == 0.5
    assert sum(row["incident"]["critical_path_share"] for row in rows.values()) == pytest.approx(1)
    assert sum(row["change"]["overall_ms"] for row in rows.values()) == pytest.approx(0, abs=1e-6)
    assert rows["send  12"]["change"]["calls_ms"] == 0.5


def test_without_windows_there_is_one_tree(tmp_path: Path) -> None:
    found = seen(tmp_path, TABLE.replace("baseline", "incident"), windows=False)
    assert not found.has_baseline
    told = found.as_json()
    assert told["change"] is None
    assert [set(row) for row in told["nodes"]] == [{"node", "parent", "service", "operation", "incident"}] * 3
    assert next(found.lines(0)).changed_by is None


def test_without_spans_there_is_none(tmp_path: Path) -> None:
    with tables_of(tmp_path, logs=[{"body": "hello"}]) as tables:
        found = flame(tables, investigation="test", work=Work())
    assert (list(found.folded("incident", "critical-path")), list(found.lines(0)), found.as_json()["nodes"]) == (
        [],
        [],
        [],
    )
