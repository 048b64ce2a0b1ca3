"""Batches into one segment: whole row groups, two at once, and what a batch that does not fit costs the others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.catalogue import described
from deep_code_reasoning.store.engine import ROW_GROUP
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import Refused, SegmentWriter
from store.rows import batch_of, folder_with


def test_a_writer_that_is_left_early_leaves_no_file(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "s.duckdb", Settings()) as writer:
        writer.insert("logs", batch_of("logs", [{"body": "x"}]), source=0)
        with pytest.raises(ValueError, match="no table"):
            writer.insert("nonsense", batch_of("logs", [{"body": "x"}]), source=0)
    assert not list(tmp_path.iterdir())


def test_batches_of_different_columns_and_text_types_go_into_one_table(tmp_path: Path) -> None:
    plain = pa.record_batch({"log_number": [0], "body": ["a"], "source_offset": [0]})
    view = pa.record_batch(
        {
            "log_number": [0],
            "body": pa.array(["a string longer than twelve bytes"], pa.string_view()),
            "service_name": pa.array(["web"]).dictionary_encode(),
            "source_offset": [9],
        }
    )
    path = tmp_path / "s.duckdb"
    with SegmentWriter(path, Settings()) as writer:
        writer.insert("logs", plain, source=1)
        writer.insert("logs", view, source=2, shift={"log_number": 1})
        writer.finish()
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT log_number, body, service_name, source FROM logs ORDER BY 1").fetchall()
    assert rows == [(0, "a", None, 1), (1, "a string longer than twelve bytes", "web", 2)]


def events(first: int, count: int) -> pa.RecordBatch:
    numbers = list(range(first, first + count))
    columns = {"span_number": numbers, "time_unix_nano": numbers, "source_offset": numbers}
    return pa.record_batch(columns | {"name": [f"event {number}" for number in numbers]})


def written(folder: Path, table: str, *batches: pa.RecordBatch) -> list[Refused]:
    """Batch n is source n."""
    with SegmentWriter(folder / "s-1.duckdb", Settings()) as writer:
        for number, batch in enumerate(batches):
            writer.insert(table, batch, source=number)
        writer.finish()
        return writer.refused


def opened(folder: Path) -> Tables:
    InvestigationFolder(folder).publish(Manifest("x", segments=["s-1.duckdb"]))
    return Tables.open(InvestigationFolder(folder), Settings())


@pytest.mark.parametrize("size", [7_000, ROW_GROUP, ROW_GROUP + 1, 2 * ROW_GROUP + 100])
def test_whole_row_groups_and_the_rest_are_all_there_once(tmp_path: Path, size: int) -> None:
    total = 3 * ROW_GROUP + 17
    with SegmentWriter(tmp_path / "s-1.duckdb", Settings()) as writer:
        for first in range(0, total, size):
            writer.insert("events", events(first, min(size, total - first)), source=0)
            writer.insert("links", link(first), source=0)
        writer.finish()
    with opened(tmp_path) as tables:
        found = tables.rows(
            "SELECT count(*), count(DISTINCT span_number), count_if(name <> 'event ' || span_number) FROM events"
        )
        links = tables.rows("SELECT list(span_number ORDER BY span_number) FROM links")
    assert found == [(total, total, 0)]
    assert links == [(list(range(0, total, size)),)]


def link(number: int) -> pa.RecordBatch:
    return batch_of("links", [{"span_number": number}])


def test_a_batch_that_the_schema_does_not_admit_is_refused_alone(tmp_path: Path) -> None:
    broken = pa.record_batch({"span_number": [1, None], "name": ["a", "b"], "source_offset": [0, 0]})
    refused = written(tmp_path, "events", events(0, ROW_GROUP), broken, events(ROW_GROUP, ROW_GROUP - 2))
    assert [(one.table, one.source, one.rows) for one in refused] == [("events", 1, 2)]
    with opened(tmp_path) as tables:
        assert tables.count("events") == 2 * ROW_GROUP - 2


def test_rows_that_got_lost_fail_the_load(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with SegmentWriter(path, Settings()) as writer:
        writer.insert("events", events(0, 10), source=0)
        writer.flush()
        writer._running.popleft().result()
        writer.engine.connection.execute("DELETE FROM segment.events WHERE span_number = 3")
        with pytest.raises(StoreError, match="10 rows were written and 9 are there"):
            writer.finish()
    assert not list(tmp_path.iterdir())


def columns_of(path: Path, table: str) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}


def test_a_column_that_is_null_throughout_takes_no_room_and_shows_null(tmp_path: Path) -> None:
    settings = Settings(memory_limit="512MiB")
    rows = [{"body": "a", "trace_id": None, "severity_text": None}, {"body": "b", "severity_text": "WARN"}]
    folder = folder_with(tmp_path / "i", settings, logs=rows)
    there = columns_of(tmp_path / "i" / "segment-0001.duckdb", "logs")
    assert {"log_number", "body", "severity_text", "source"} <= there
    assert not {"trace_id", "host", "exception_type"} & there
    with Tables.open(folder, settings) as tables:
        assert tables.dicts("SELECT body, trace_id, severity_text FROM logs ORDER BY log_number") == [
            {"body": "a", "trace_id": None, "severity_text": None},
            {"body": "b", "trace_id": None, "severity_text": "WARN"},
        ]
        shown = tables.rows("SELECT column_name, replace(column_type, chr(34), '') FROM (DESCRIBE logs)")
        assert shown == [(column.name, column.type) for column in described("logs").columns]
        assert tables.count("spans") == 0


def test_a_column_that_comes_late_is_there_for_all_rows(tmp_path: Path) -> None:
    """In the midst of statements at work, several times: nothing is lost, and what was there before shows NULL."""
    late = [plain_spans(group * ROW_GROUP, ROW_GROUP) for group in range(6)]
    for group, name in ((1, "host"), (2, "service_name"), (5, "http_route")):
        values = [None if number % 2 else f"{name} {number % 7}" for number in range(ROW_GROUP)]
        late[group] = late[group].append_column(name, pa.array(values))
    written(tmp_path, "spans", *late)
    with opened(tmp_path) as tables:
        found = tables.rows(
            "SELECT count(*), count(DISTINCT span_number), count(host), count(service_name), count(http_route),"
            f" count_if(host = 'host ' || (span_number % {ROW_GROUP}) % 7),"
            " min(span_number) FILTER (http_route IS NOT NULL) FROM spans"
        )
    half = ROW_GROUP // 2
    assert found == [(6 * ROW_GROUP, 6 * ROW_GROUP, half, half, half, half, 5 * ROW_GROUP)]


def test_a_column_that_comes_late_is_there_in_the_segment_too(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "s-1.duckdb", Settings()) as writer:
        for first in range(0, 300, 100):
            batch = plain_spans(first, 100)
            if first == 200:
                batch = batch.append_column("host", pa.array(["h"] * 100))
            writer.insert("spans", batch, source=0)
            writer.flush()
        writer.finish()
    with opened(tmp_path) as tables:
        assert tables.rows("SELECT host, count(*) FROM spans GROUP BY host ORDER BY count(*)") == [
            ("h", 100),
            (None, 200),
        ]


def plain_spans(first: int, count: int) -> pa.RecordBatch:
    """With the columns alone that a span must have."""
    numbers = list(range(first, first + count))
    texts = [f"{number:032x}" for number in numbers]
    return pa.record_batch(
        {
            "span_number": numbers,
            "trace_id": texts,
            "span_id": [text[16:] for text in texts],
            "name": ["op"] * count,
            "kind": ["server"] * count,
            "status_code": ["ok"] * count,
            "start_time_unix_nano": numbers,
            "duration_nano": [1] * count,
            "resource_number": [0] * count,
            "source_offset": numbers,
        }
    )
