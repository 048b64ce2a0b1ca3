"""What is known of a column before it is written is not written: the same value in all rows, NULL that never comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest

from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.engine import ROW_GROUP
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.row_file_forms import Form, form_of
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import SegmentWriter

SETTINGS = Settings(memory_limit="512MiB")
PAIRS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
WORD = pa.dictionary(pa.int32(), pa.string())
SEGMENT = "segment-0001.duckdb"


def form(written: str, whole: str = "", **same: str) -> Form:
    return Form(frozenset(written), frozenset(whole), same)


@pytest.mark.parametrize(
    ("file", "rows", "takes"),
    [
        (form("ab", "a"), form("ab", "ab"), True),
        (form("ab", "a"), form("ab", "b"), False),
        (form("ab", "a"), form("b", "b"), False),  # NULL in all rows
        (form("ab", "a"), form("b", "b", a="1"), True),
        (form("ab"), form("abc"), False),
        (form("ab"), form("b", c="1"), False),
        (form("b", a="1"), form("b", a="1"), True),
        (form("b", a="1"), form("b", a="2"), False),
        (form("b", a="1"), form("ab", "ab"), False),
        (form("b", a="1"), form("b"), False),
        (form("b", a="1").loose, form("ab"), True),
    ],
)
def test_what_a_file_of_a_form_takes(file: Form, rows: Form, *, takes: bool) -> None:
    assert file.takes(rows) == takes


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([7, 7, 7]), "7"),
        (pa.array([7, 8, 7]), None),
        (pa.array([7, None, 7]), None),
        (pa.array(["it's", "it's", "it's"], WORD), "it's"),
        (pa.array(["a", "b", "a"], WORD), None),
        (pa.array(["\0", "\0", "\0"], WORD), None),
        (pa.array([[], [], []], PAIRS), "[]"),
        (pa.array([[], None, []], PAIRS), None),
        (pa.array([None, None, None], PAIRS), None),
        (pa.array([[], [{"key": "a", "value": "b"}], []], PAIRS), None),
        (pa.array(["a", "a", "a"]), None),
        (pa.array([0.5, 0.5, 0.5]), None),
    ],
)
def test_the_value_that_all_rows_have(column: pa.Array, text: str | None) -> None:
    rows = pa.table({"number": [1, 1, 1], "column": pa.chunked_array([column.slice(0, 0), column[:2], column[2:]])})
    found = form_of(rows)
    assert found.same == ({} if text is None else {"column": text})
    assert "number" in found.written, "a file has one column at least"
    assert ("column" in found.whole) == (text is None and not column.null_count)


def group(number: int, **columns: Any) -> pa.RecordBatch:
    numbers = pa.array(range(number * ROW_GROUP, (number + 1) * ROW_GROUP))
    given = {"log_number": numbers, "body": ["a line"] * ROW_GROUP, "source_offset": numbers} | columns
    return pa.record_batch(given)


def loaded(folder: Path, *batches: pa.RecordBatch) -> Tables:
    """Batch n is source n."""
    with SegmentWriter(folder / SEGMENT, SETTINGS) as writer:
        for number, batch in enumerate(batches):
            writer.insert("logs", batch, source=number)
        writer.finish()
        assert not writer.refused
    InvestigationFolder(folder).publish(Manifest(folder.name, segments=[SEGMENT]))
    return Tables.open(InvestigationFolder(folder), SETTINGS)


def test_rows_are_the_same_written_or_listed(tmp_path: Path) -> None:
    """Groups that have one value each, then other values, NULL, and no such column."""

    def each(value: Any, kind: pa.DataType) -> pa.Array:
        return pa.array([value] * ROW_GROUP, kind)

    pair, number = [{"key": "it's", "value": None}], pa.int32()
    batches = [
        group(0, service_name=each("it's", WORD), attributes=each([], PAIRS), severity_number=each(9, number)),
        group(1, service_name=each("it's", WORD), attributes=each([], PAIRS), severity_number=each(9, number)),
        group(2, service_name=each("other", WORD), attributes=each(None, PAIRS), severity_number=each(None, number)),
        group(3, attributes=each(pair, PAIRS), severity_number=each(17, number)),
    ]
    with loaded(tmp_path, *batches) as tables:
        found = tables.rows(
            "SELECT source, min(log_number), count(*), service_name, attributes, severity_number, host FROM logs"
            " GROUP BY ALL ORDER BY source"
        )
        hidden = tables.rows("SELECT count(*) FROM logs WHERE source <> 0 AND service_name = 'it''s'")
    assert found == [
        (0, 0, ROW_GROUP, "it's", [], 9, None),
        (1, ROW_GROUP, ROW_GROUP, "it's", [], 9, None),
        (2, 2 * ROW_GROUP, ROW_GROUP, "other", None, None, None),
        (3, 3 * ROW_GROUP, ROW_GROUP, None, [*pair], 17, None),
    ]
    assert hidden == [(ROW_GROUP,)]


def test_the_files_hold_what_differs(tmp_path: Path) -> None:
    with loaded(tmp_path, group(0, attributes=pa.array([[]] * ROW_GROUP, PAIRS))):
        (file,) = tmp_path.glob("*.parquet")
        schema = pyarrow.parquet.ParquetFile(file).schema
        assert schema.names == ["log_number", "body", "source_offset"], "and not the one template, source and list"
        assert [schema.column(place).max_definition_level for place in range(3)] == [0, 0, 0]
        with duckdb.connect(str(tmp_path / SEGMENT), read_only=True) as connection:
            (same,) = connection.execute("SELECT same FROM row_files").fetchone() or ({},)
    assert same["attributes"] == "[]"
    assert same["source"] == "0"


def test_a_key_that_is_missing_is_kept_by_the_segment(tmp_path: Path) -> None:
    """Files have no room for it."""
    broken = pa.array([[{"key": None, "value": "v"}]] * ROW_GROUP, PAIRS)
    with loaded(tmp_path, group(0), group(1, attributes=broken)) as tables:
        found = tables.rows("SELECT attributes, count(*) FROM logs GROUP BY ALL ORDER BY ALL")
    assert sorted(found, key=str) == [(None, ROW_GROUP), ([{"key": None, "value": "v"}], ROW_GROUP)]


def test_many_files_of_evidence_share_few_row_files(tmp_path: Path) -> None:
    """However many sources there are, each with values of its own in all its rows."""
    batches = [group(number, service_name=pa.array([f"s{number}"] * ROW_GROUP, WORD)) for number in range(9)]
    with loaded(tmp_path, *batches) as tables:
        assert tables.rows("SELECT count(DISTINCT (source, service_name)), count(*) FROM logs") == [(9, 9 * ROW_GROUP)]
        assert len(list(tmp_path.glob("*.parquet"))) <= 4
