"""The read-only view: parameters, temporary tables, numpy and Arrow, interruption, and what it refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from deep_code_reasoning.errors import CancelledError, EvidenceError, SettingsError
from deep_code_reasoning.finding import Evidence, Finding, Subject
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.findings import write_findings
from deep_code_reasoning.store.tables import Tables
from store.rows import folder_with, tables_of


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with tables_of(
        tmp_path,
        spans=[{"span_id": "a", "duration_nano": 5, "attributes": {"k": "v"}}, {"span_id": "b", "parent_span_id": "a"}],
    ) as opened:
        yield opened


def test_rows_dicts_arrow_arrays_and_count(tables: Tables) -> None:
    sql = "SELECT span_id, parent_span_id, duration_nano AS d FROM spans WHERE duration_nano < $most ORDER BY 1"
    assert tables.rows(sql, most=9, unused=1) == [("a", None, 5), ("b", "a", 0)]
    assert tables.dicts(sql, most=1) == [{"span_id": "b", "parent_span_id": "a", "d": 0}]
    assert tables.arrow(sql, most=9).column("d").to_pylist() == [5, 0]
    arrays = tables.arrays(sql, most=9)
    assert arrays["d"].dtype == np.int64
    assert np.ma.is_masked(arrays["parent_span_id"])
    assert tables.count("spans") == 2
    assert tables.rows("SELECT attributes[1].value FROM spans WHERE span_id = 'a'") == [("v",)]


def test_a_forgotten_parameter_is_named(tables: Tables) -> None:
    with pytest.raises(KeyError, match="most"):
        tables.rows("SELECT $most")


def test_temporary_tables_by_several_statements_and_from_arrow(tables: Tables) -> None:
    tables.execute("CREATE TEMP TABLE x AS SELECT $a AS v; CREATE TEMP TABLE y AS SELECT v + $b AS v FROM x", a=1, b=2)
    assert tables.rows("FROM y") == [(3,)]
    for values in ([1, 2], [3]):
        tables.register("mine", pa.table({"v": values}))
        assert tables.rows("SELECT v FROM mine") == [(value,) for value in values]


def test_every_table_is_there_even_where_nothing_was_loaded(tables: Tables) -> None:
    for name in tables.names():
        assert tables.count(name) >= 0
    wanted = {"metrics", "commits", "changes", "deploys", "alerts", "findings", "unread", "service_edges"}
    assert wanted <= set(tables.names())


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO segment_0001.spans SELECT * FROM spans",
        "COPY spans TO 'x.csv'",
        "ATTACH 'x.duckdb'",
        "SET enable_external_access = true",
        "SET threads = 3",
        "FROM read_text('/etc/hostname')",
        "LOAD httpfs",
    ],
)
def test_the_connection_is_sealed(tables: Tables, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        tables.execute(sql)


def test_an_interrupted_statement_is_a_cancellation(tables: Tables) -> None:
    threading.Timer(0.2, tables.interrupt).start()
    with pytest.raises(CancelledError):
        tables.rows("SELECT sum(hash(range)) FROM range(1000000000000)")
    assert tables.rows("SELECT 1") == [(1,)]


def test_more_rows_than_memory_are_sorted_on_disk_and_the_spill_is_removed(tmp_path: Path) -> None:
    settings = Settings(memory_limit="100MB", threads=1)
    folder = folder_with(tmp_path / "x", settings, spans=[{}])
    with Tables.open(folder, settings) as tables:
        sql = "SELECT a FROM range(8000000) t(a) ORDER BY hash(a) LIMIT 1 OFFSET 7999999"
        assert len(tables.rows(sql)) == 1
        assert list(folder.path.glob("spill-*"))
    assert not list(folder.path.glob("spill-*"))


def test_interrupting_what_is_closed_is_no_error(tmp_path: Path) -> None:
    with tables_of(tmp_path, spans=[{}]) as tables:
        pass
    tables.interrupt()


def test_a_memory_limit_that_is_none_is_a_settings_error(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "x", Settings(), spans=[{}])
    with pytest.raises(SettingsError, match="2GiB"):
        Tables.open(folder, Settings(memory_limit="plenty"))


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "x", Settings(), spans=[{}])
    (folder.path / "segment-0001.duckdb").write_bytes(b"x" * 10_000)
    with pytest.raises(EvidenceError, match="damaged"):
        Tables.open(folder, Settings())


def test_findings_are_a_table_of_the_last_diagnosis(tmp_path: Path) -> None:
    settings = Settings(memory_limit="256MiB")
    folder = folder_with(tmp_path / "x", settings, spans=[{}])
    finding = Finding(
        code="CLK001",
        title="node-2 runs ahead",
        severity="critical",
        role="cause",
        subject=Subject(service="pay", resource="lock"),
        interval=TimeWindow(5, 9),
        numbers={"offset_ms": np.float64(51.5), "pairs": np.int64(7)},  # ty: ignore[invalid-argument-type]
        evidence=(Evidence("span:1/2"), Evidence("log:3")),
        id="CLK001-1",
    )
    with Tables.open(folder, settings) as before:
        write_findings(folder, [finding], settings)
        assert before.count("findings") == 0
    with Tables.open(folder, settings) as tables:
        (row,) = tables.dicts("FROM findings")
        write_findings(folder, [finding, finding], settings)
        assert tables.count("findings") == 1, "open Tables keep what they had"
        with Tables.open(folder, settings) as later:
            assert later.count("findings") == 2
        write_findings(folder, [], settings)
    assert row == {
        "finding_id": "CLK001-1",
        "code": "CLK001",
        "title": "node-2 runs ahead",
        "severity": "critical",
        "role": "cause",
        "service_name": "pay",
        "operation": None,
        "resource": "lock",
        "start_time_unix_nano": 5,
        "end_time_unix_nano": 9,
        "numbers": '{"offset_ms":51.5,"pairs":7}',
        "evidence": ["span:1/2", "log:3"],
    }
    with Tables.open(folder, settings) as tables:
        assert tables.count("findings") == 0
