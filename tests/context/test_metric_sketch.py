from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from context.incident_tables import START, diagnosis
from context.test_brief import section
from deep_code_reasoning.context.brief import build_brief
from deep_code_reasoning.context.render.metric_sketch import metric_sketch
from deep_code_reasoning.finding import Evidence
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Work
from store.rows import tables_of

SECOND = 10**9


def points(*values: float, name: str = "") -> list[tuple[str, int, float, str]]:
    return [(name, n * 10 * SECOND, value, "ms") for n, value in enumerate(values)]


def test_a_step_is_seen_with_its_numbers() -> None:
    sketch = metric_sketch(points(1, 1, 2, 1, 9, 7, 9, 9), TimeWindow(40 * SECOND, 50 * SECOND))
    assert sketch.splitlines() == [
        "1970-01-01T00:00:00.000Z to 1970-01-01T00:01:10.000Z, 8.75 s a bar, | the onset",
        "▁ 1 ms to █ 9 ms",
        "▁▁▂▁|█▇██",
        "  all: before the onset 1 / 1 / 2 (least, median, most of 4); since 7 / 9 / 9 (least, median, most of 4)",
    ]


def test_series_come_in_order_of_how_much_they_move_and_gaps_stay_gaps() -> None:
    still, moving = points(5, 5, 5, 5, name="pool=a"), points(1, 1, 1, 8, name="pool=b")
    gap = [p for p in points(2, 0, 0, 3, name="pool=c") if p[2]]
    both = sorted([*still, *moving, *gap], key=lambda p: p[1])
    lines = metric_sketch(both, None).splitlines()
    assert [line.split(":")[0].strip() for line in lines if line.startswith("  ")] == ["pool=b", "pool=c", "pool=a"]
    assert "▂··▃" in lines


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a"]), st.integers(0, 2**62), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1, max_size=60,
    ),
    st.none() | st.integers(0, 2**62),
)  # fmt: skip
def test_any_finite_points_are_drawn(drawn: list[tuple[str, int, float]], onset: int | None) -> None:
    ordered = sorted(((name, time, value, None) for name, time, value in drawn), key=lambda point: point[1])
    sketch = metric_sketch(ordered, TimeWindow(onset, onset) if onset is not None else None)
    assert all(len(line) <= 49 for line in sketch.splitlines()[2::2])


def test_a_metric_that_a_finding_points_at_is_in_the_brief(tmp_path: Path) -> None:
    found = diagnosis()
    metric = Evidence("metric:payment/pool.wait", "rises")
    pointed = type(found)(**{**vars(found), "findings": (_with(found.findings[0], metric),)})
    rows = [
        {"name": "pool.wait", "service_name": "payment", "kind": "gauge", "unit": "ms", "value": float(n),
         "time_unix_nano": START + n * SECOND, "attributes": {"pool": "db"}, "host": "node-1"} for n in range(20)
    ]  # fmt: skip
    with tables_of(tmp_path, metrics=rows) as evidence:
        brief = build_brief(evidence, pointed, budget_tokens=9_000, work=Work())
    assert "▁ 0 ms to █ 19 ms" in section(brief, "metric:payment/pool.wait")
    assert "node-1 pool=db: " in section(brief, "metric:payment/pool.wait")


def _with(finding, evidence: Evidence):
    from dataclasses import replace

    return replace(finding, evidence=(*finding.evidence, evidence))
