"""Whole groups of rows lie in Parquet files beside their segment, the rest in it: together they are the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from deep_code_reasoning.errors import EvidenceError, StoreError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.engine import ROW_GROUP
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.row_file_writing import RowFiles
from deep_code_reasoning.store.row_files import LEAST_ROWS
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import SegmentWriter

SETTINGS = Settings(memory_limit="512MiB")
PAIRS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
VIEW_PAIRS = pa.list_(pa.struct([("key", pa.string_view()), ("value", pa.string_view())]))


def lines(first: int, count: int, **columns: Any) -> pa.RecordBatch:
    numbers = list(range(first, first + count))
    given = {"log_number": numbers, "body": [f"line {number} of many" for number in numbers], "source_offset": numbers}
    return pa.record_batch(given | columns)


def written(folder: Path, *batches: pa.RecordBatch, segment: str = "segment-0001.duckdb") -> Manifest:
    """Batch n is source n."""
    folder.mkdir(exist_ok=True)
    with SegmentWriter(folder / segment, SETTINGS) as writer:
        for number, batch in enumerate(batches):
            writer.insert("logs", batch, source=number)
        writer.finish()
    return Manifest(folder.name, segments=[segment])


def opened(folder: Path, manifest: Manifest) -> Tables:
    InvestigationFolder(folder).publish(manifest)
    return Tables.open(InvestigationFolder(folder), SETTINGS)


@pytest.mark.parametrize("size", [7_000, ROW_GROUP, ROW_GROUP + 1, 2 * ROW_GROUP + 100])
def test_every_row_is_there_once_whatever_the_batches(tmp_path: Path, size: int) -> None:
    total = 3 * ROW_GROUP + 17
    manifest = written(tmp_path, *(lines(first, min(size, total - first)) for first in range(0, total, size)))
    assert list(tmp_path.glob("*.parquet"))
    with opened(tmp_path, manifest) as tables:
        found = tables.rows(
            "SELECT count(*), count(DISTINCT log_number), count_if(body <> 'line ' || log_number || ' of many'),"
            " count(DISTINCT template_id), count_if(source_offset <> log_number) FROM logs"
        )
        with duckdb.connect(str(tmp_path / manifest.segments[0]), read_only=True) as connection:
            beside = connection.execute("SELECT sum(rows) FROM row_files").fetchone()
    assert found == [(total, total, 0, 1, 0)]
    assert beside == (total,)


@pytest.mark.parametrize("total", [2 * LEAST_ROWS - 1, 2 * LEAST_ROWS, 2 * LEAST_ROWS + 5])
def test_the_last_rows_are_shared_by_two_threads(tmp_path: Path, total: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are enough for both, wherever that cuts a batch."""
    shared: list[int] = []
    write = RowFiles.write
    monkeypatch.setattr(RowFiles, "write", lambda files, rows: shared.append(rows.num_rows) or write(files, rows))
    manifest = written(tmp_path, *(lines(first, min(3_000, total - first)) for first in range(0, total, 3_000)))
    assert sorted(shared) == ([total] if total < 2 * LEAST_ROWS else [total // 2, total - total // 2])
    with opened(tmp_path, manifest) as tables:
        assert tables.rows("SELECT count(*), count(DISTINCT log_number), max(log_number) FROM logs") == [
            (total, total, total - 1)
        ]


def test_few_rows_make_no_file(tmp_path: Path) -> None:
    written(tmp_path, lines(0, LEAST_ROWS - 1))
    assert [file.name for file in tmp_path.iterdir()] == ["segment-0001.duckdb"]


@pytest.mark.parametrize("rows", [11, ROW_GROUP + 1])
def test_a_row_is_the_same_in_a_file_and_in_the_segment(tmp_path: Path, rows: int) -> None:
    """Every kind of column; as readers give them (strings) and as kernels do (views, dictionaries)."""

    def column(value: Any, kind: pa.DataType) -> pa.Array:
        return pa.array([value if row % 2 else None for row in range(rows - 1)] + [value], kind)

    def batch(first: int, text: pa.DataType, pairs: pa.DataType, word: pa.DataType) -> pa.RecordBatch:
        return lines(
            first,
            rows,
            body=pa.array(["a body longer than twelve bytes, Zoë\0"] * rows, text),
            severity_number=column(9, pa.int32()),
            service_name=column("web", word),
            trace_id=column("0af7651916cd43dd8448eb211c80319c", text),
            attributes=column([{"key": "user", "value": "a value of some length"}, {"key": "x", "value": None}], pairs),
            time_unix_nano=column(1_760_000_000_000_000_000, pa.int64()),
        )

    plain = batch(0, pa.string(), PAIRS, pa.string())
    views = batch(rows, pa.string_view(), VIEW_PAIRS, pa.dictionary(pa.int32(), pa.string()))
    with opened(tmp_path, written(tmp_path, plain, views)) as tables:
        found = tables.rows(
            "SELECT body, severity_number, service_name, trace_id, attributes, time_unix_nano, host, template_id,"
            " count(*) FROM logs GROUP BY ALL ORDER BY count(*) DESC"
        )
    assert [len(row) for row in found] == [9, 9]
    whole = [row for row in found if row[1] is not None]
    assert {row[8] for row in found} == {rows - 1, rows + 1}
    assert bool(list(tmp_path.glob("*.parquet"))) == (rows > LEAST_ROWS)
    assert whole[0][:7] == (
        "a body longer than twelve bytes, Zoë\0",
        9,
        "web",
        "0af7651916cd43dd8448eb211c80319c",
        [{"key": "user", "value": "a value of some length"}, {"key": "x", "value": None}],
        1_760_000_000_000_000_000,
        None,
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"log_number": pa.array([1, None], pa.int64())},
        {"body": pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"b"]).buffers())},
        {"severity_number": pa.array(["nine", "ten"])},
    ],
)
def test_a_batch_that_does_not_fit_costs_the_others_nothing(tmp_path: Path, broken: dict[str, pa.Array]) -> None:
    batch = lines(ROW_GROUP, 2, **broken)
    with SegmentWriter(tmp_path / "segment-0001.duckdb", SETTINGS) as writer:
        for number, part in enumerate((lines(0, ROW_GROUP - 2), batch, lines(ROW_GROUP + 2, ROW_GROUP))):
            writer.insert("logs", part, source=number)
        writer.finish()
        refused = writer.refused
    assert [(one.source, one.rows) for one in refused] == [(1, 2)]
    with opened(tmp_path, Manifest("x", segments=["segment-0001.duckdb"])) as tables:
        assert tables.rows("SELECT count(*), count(DISTINCT log_number), max(length(body)) FROM logs") == [
            (2 * ROW_GROUP - 2, 2 * ROW_GROUP - 2, 19)
        ]


def test_sources_that_no_longer_count_are_hidden_there_too(tmp_path: Path) -> None:
    manifest = written(tmp_path, lines(0, ROW_GROUP), lines(ROW_GROUP, ROW_GROUP + 5))
    manifest.withdrawn = {"segment-0001.duckdb": [0]}
    with opened(tmp_path, manifest) as tables:
        assert tables.rows("SELECT count(*), min(log_number) FROM logs") == [(ROW_GROUP + 5, ROW_GROUP)]


def test_who_has_it_open_reads_on_when_a_load_replaces_it(tmp_path: Path) -> None:
    with opened(tmp_path, written(tmp_path, lines(0, ROW_GROUP))) as tables:
        InvestigationFolder(tmp_path).publish(written(tmp_path, lines(0, 5), segment="segment-0002.duckdb"))
        assert not list(tmp_path.glob("*.parquet"))
        assert tables.rows("SELECT count(*) FROM logs WHERE body LIKE 'line 7% of many'") == [(1_111,)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["manifest.json", "segment-0002.duckdb"]


def test_the_files_can_be_read_as_tables_alone(tmp_path: Path) -> None:
    with opened(tmp_path, written(tmp_path, lines(0, ROW_GROUP))) as tables:
        other = tmp_path / "other.parquet"
        other.write_bytes(next(tmp_path.glob("segment*.parquet")).read_bytes())
        for sql in (f"FROM read_parquet('{other}')", f"FROM '{other}'", f"COPY logs TO '{tmp_path / 'x.parquet'}'"):
            with pytest.raises(duckdb.Error):
                tables.execute(sql)
        assert tables.count("logs") == ROW_GROUP


def test_columns_differ_from_file_to_file(tmp_path: Path) -> None:
    """Each has those that its first group held; one of which they are a part takes others."""
    hosts, services = pa.array(["h"] * ROW_GROUP), pa.array(["web"] * ROW_GROUP)
    manifest = written(
        tmp_path,
        lines(0, ROW_GROUP, host=hosts),
        lines(ROW_GROUP, ROW_GROUP, service_name=services),
        lines(2 * ROW_GROUP, ROW_GROUP),
    )
    with opened(tmp_path, manifest) as tables:
        found = tables.rows("SELECT host, service_name, trace_id, count(*), min(log_number) FROM logs GROUP BY ALL")
    assert sorted(found, key=lambda row: row[4]) == [
        ("h", None, None, ROW_GROUP, 0),
        (None, "web", None, ROW_GROUP, ROW_GROUP),
        (None, None, None, ROW_GROUP, 2 * ROW_GROUP),
    ]


@pytest.mark.parametrize("damage", [b"", b"x" * 10_000, None])
def test_a_file_that_is_damaged_or_gone_is_one_line(tmp_path: Path, damage: bytes | None) -> None:
    manifest = written(tmp_path, lines(0, ROW_GROUP))
    file = next(tmp_path.glob("*.parquet"))
    file.unlink()
    if damage is not None:
        file.write_bytes(damage)
    with pytest.raises(EvidenceError, match="damaged"):
        opened(tmp_path, manifest)


def test_rows_that_got_lost_fail_the_load_and_leave_nothing(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "segment-0001.duckdb", SETTINGS) as writer:
        writer.insert("logs", lines(0, ROW_GROUP), source=0)
        writer.flush()
        while writer._running:
            writer._running.popleft().result()
        writer._row_files["logs"]._files[0].rows += 1
        with pytest.raises(StoreError, match="61,441 rows were written and 61,440 are there"):
            writer.finish()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_fails_the_load_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    import pyarrow.parquet

    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "write_table", full)
    with SegmentWriter(tmp_path / "segment-0001.duckdb", SETTINGS) as writer:
        writer.insert("logs", lines(0, ROW_GROUP), source=0)
        with pytest.raises(OSError, match="No space left"):
            writer.finish()
    assert not list(tmp_path.iterdir())


def test_a_writer_that_is_left_early_leaves_no_file(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path / "segment-0001.duckdb", SETTINGS) as writer:
        writer.insert("logs", lines(0, ROW_GROUP), source=0)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_load_left_is_removed(tmp_path: Path) -> None:
    manifest = written(tmp_path, lines(0, ROW_GROUP))
    left = [tmp_path / "segment-0007.logs-0.parquet", tmp_path / "segment-0007.logs-1.parquet.tmp"]
    for file in left:
        file.write_bytes(b"half")
    InvestigationFolder(tmp_path).clean(manifest)
    assert not any(file.exists() for file in left)
    assert list(tmp_path.glob("segment-0001.logs-*.parquet"))
