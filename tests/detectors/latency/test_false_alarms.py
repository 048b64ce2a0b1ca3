"""How often a shift is reported when nothing changed: the share that the pages promise, measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from deep_code_reasoning.detectors.groundwork.latency import shift
from deep_code_reasoning.detectors.groundwork.traces import trace_outcomes
from deep_code_reasoning.store.tables import Tables
from store.rows import tables_of

WINDOWS, SUBJECTS = 40, 60


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with tables_of(tmp_path, spans=[{}]) as opened:
        opened.execute(
            "CREATE TEMP TABLE trace_outcomes AS SELECT 0 AS trace_number, 'a' AS root_service, 'b' AS root_operation,"
            " 1 AS duration_nano, 'incident' AS phase"
        )
        opened.execute(Path(trace_outcomes.__file__).with_name("entry_increases.sql").read_text(encoding="utf-8"))
        numbers = pa.table({"subject_number": pa.array(range(SUBJECTS), pa.int64())})
        opened.register("latency_subjects", numbers)
        yield opened


def _shifted(tables: Tables, random: np.random.Generator, sizes: tuple[int, int], factor: float = 1.0) -> set[int]:
    """Subjects found when the first one's latencies are multiplied in the incident; log-normal, heavy-tailed."""
    columns: dict[str, list] = {"subject_number": [], "phase": [], "value_nano": []}
    for subject in range(SUBJECTS):
        middle = 10 ** random.uniform(5, 8)
        for phase, size in zip(("incident", "baseline"), sizes, strict=True):
            values = middle * random.lognormal(0, 0.5, size) * (factor if phase == "incident" and not subject else 1)
            columns["subject_number"] += [subject] * size
            columns["phase"] += [phase] * size
            columns["value_nano"] += list(values)
    rows = len(columns["phase"])
    table = pa.table(columns).append_column("trace_number", pa.array([0] * rows, pa.int64()))
    tables.register("latency_samples", table.append_column("total_nano", table["value_nano"]))
    found, tested = shift.shifts(tables)
    assert len(tested) == SUBJECTS
    return {one.subject["subject_number"] for one in found}


@pytest.mark.parametrize("sizes", [(40, 40), (12, 8), (3, 20), (2, 2), (4, 1)], ids=str)
def test_quiet_windows_are_rarely_reported(tables: Tables, sizes: tuple[int, int]) -> None:
    """At 5 % two of forty quiet windows may show something; more than six has a chance below 0.4 %."""
    random = np.random.default_rng(7)
    alarms = sum(bool(_shifted(tables, random, sizes)) for _ in range(WINDOWS))
    assert alarms <= 6


@pytest.mark.parametrize(
    ("sizes", "factor"), [((40, 40), 2), ((12, 8), 6), ((3, 20), 30), ((2, 2), 300), ((4, 1), 300)], ids=str
)
def test_a_real_shift_is_found_by_the_same_tests(tables: Tables, sizes: tuple[int, int], factor: float) -> None:
    random = np.random.default_rng(8)
    hits = sum(0 in _shifted(tables, random, sizes, factor) for _ in range(10))
    assert hits >= 9
