"""Small incidents whose split was computed by hand: cases/*.toml. What a case does not name is 0 or not looked at."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.detectors.groundwork.traces import trace_outcomes
from deep_code_reasoning.diagnosis.differential.view import differential
from deep_code_reasoning.finding import Differential
from deep_code_reasoning.incident import Incident, TimeWindow
from store.rows import tables_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
MILLISECOND = 1_000_000
LONG = 1_000_000 * MILLISECOND
START = {"baseline": 0, "incident": LONG}
INCIDENT = Incident(TimeWindow(0, LONG), TimeWindow(LONG, 2 * LONG), origin="given")


def spans(table: str) -> Iterator[dict[str, Any]]:
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    for line in lines:
        row = dict(zip(header, line, strict=True))
        for turn in range(int(row["times"])):
            trace = f"{row['window']}/{row.get('trace', '')}/{turn}"
            yield {
                "trace_id": trace,
                "span_id": f"{trace}/{row['span']}",
                "parent_span_id": f"{trace}/{row['parent']}" if row.get("parent") else None,
                "service_name": row["service"],
                "host": "one",
                "name": row["name"],
                "http_route": row.get("route") or None,
                "start_time_unix_nano": START[row["window"]] + int(row["start"]) * MILLISECOND,
                "duration_nano": int(row["ms"]) * MILLISECOND,
            }


def seen(path: Path, rows: list[dict[str, Any]], incident: Incident = INCIDENT) -> Differential | None:
    with tables_of(path, spans=rows) as tables:
        trace_outcomes.prepare(tables, incident)
        return differential(tables)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_split_is_the_one_computed_by_hand(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    found = seen(tmp_path, list(spans(case["spans"])))
    assert found
    assert list(found.requests) == case["requests"]
    for name in ("mean", "tail_95", "tail_99", "work"):
        if name in case:
            zeros = dict.fromkeys(asdict(found.mean), 0)
            assert asdict(getattr(found, name)) == pytest.approx(zeros | case[name], abs=1e-9), name
    contexts = [context for context in found.contexts if abs(context.overall_ms) > 1e-9]
    assert [list(context.path) for context in contexts] == [wanted["path"] for wanted in case["contexts"]]
    for context, wanted in zip(contexts, case["contexts"], strict=True):
        for name, value in wanted.items():
            got = getattr(context, name)
            assert (list(got) == value) if name == "path" else got == pytest.approx(value, abs=1e-9), name


def test_without_a_baseline_there_is_nothing_to_split(tmp_path: Path) -> None:
    case = tomllib.loads(CASES[0].read_text(encoding="utf-8"))
    assert seen(tmp_path, list(spans(case["spans"])), Incident()) is None


def test_a_service_that_calls_itself_a_thousand_deep_keeps_its_time(tmp_path: Path) -> None:
    rows = [
        {
            "trace_id": window,
            "span_id": f"{window}/{depth}",
            "parent_span_id": f"{window}/{depth - 1}" if depth else None,
            "service_name": "loop",
            "host": "one",
            "name": "again",
            "start_time_unix_nano": START[window] + depth,
            "duration_nano": (2 * 1000 - 2 * depth) * MILLISECOND * (2 if window == "incident" else 1),
        }
        for window in START
        for depth in range(1000)
    ]
    found = seen(tmp_path, rows)
    assert found
    assert (found.mean.before_ms, found.mean.after_ms) == (2000, 4000)
    parts = found.mean.calls_ms + found.mean.self_time_ms
    assert parts == pytest.approx(2000, rel=1e-9)
    assert len(found.contexts[0].path) <= 6


def damaged(seed: int) -> list[dict[str, Any]]:
    """Cycles, orphans, several roots, spans without service, name or duration, times at the end of time."""
    chance = random.Random(seed)
    return [
        {
            "trace_id": f"{trace}",
            "span_id": f"{trace}/{number}",
            "parent_span_id": chance.choice([None, "gone", *(f"{trace}/{chance.randrange(count)}" for _ in range(3))]),
            "service_name": chance.choice([None, "", "a", "b"]),
            "name": chance.choice(["", "x", "y;z 5"]),
            "host": chance.choice([None, "h1", "h2"]),
            "kind": chance.choice(["internal", "server", "client", "consumer"]),
            "start_time_unix_nano": chance.choice([0, 5, 50, 99, 2**62]),
            "duration_nano": chance.choice([0, 0, 1, 10, 2**40]),
            "http_request_method": chance.choice([None, "GET"]),
        }
        for trace in range(chance.choice([1, 2, 40]))
        for count in [chance.randint(1, 12)]
        for number in range(count)
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(10))
def test_damaged_traces_are_split_without_a_remainder(seed: int, tmp_path: Path) -> None:
    windows = [
        Incident(TimeWindow(0, 50), TimeWindow(50, 2**63 - 1)),
        Incident(TimeWindow(0, 0), TimeWindow(0, 2**63 - 1)),
        Incident(None, TimeWindow(0, 60)),
    ]
    with tables_of(tmp_path, spans=damaged(seed)) as tables:
        for incident in windows:
            trace_outcomes.prepare(tables, incident)
            found = differential(tables)
            assert found is None or incident == windows[0]
            for split in (found.mean, found.tail_95, found.tail_99, found.work) if found else ():
                before, after, *parts = asdict(split).values()
                size = before + after + sum(map(abs, parts))
                assert sum(parts) == pytest.approx(after - before, rel=0, abs=1e-12 * size)
