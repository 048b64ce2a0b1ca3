"""Where there are thousands of spans, `topology` lies in row files beside the derived file, as long as that counts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from deep_code_reasoning.errors import EvidenceError, StoreError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store import derivation, span_trees
from deep_code_reasoning.store.derivation import derive
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import SegmentWriter
from store.rows import batch_of, folder_with

SETTINGS = Settings(memory_limit="512MiB")
ROWS = "SELECT * FROM topology ORDER BY span_number"


def spans(first: int, count: int) -> list[dict]:
    """Traces of three: a root, its child, and one whose parent was not read."""
    return [
        {
            "span_number": number,
            "trace_id": f"{number // 3 + 1:032x}",
            "span_id": f"{number + 1:016x}",
            "parent_span_id": (None, f"{number:016x}", f"{99:016x}")[number % 3],
            "start_time_unix_nano": number,
            "duration_nano": 100 - number % 3,
        }
        for number in range(first, first + count)
    ]


def load(folder: InvestigationFolder, first: int, count: int) -> None:
    """Adds a segment, as a load does."""
    manifest = folder.manifest()
    segment = manifest.new_segment()
    with SegmentWriter(folder.path / segment, SETTINGS) as writer:
        writer.insert("spans", batch_of("spans", spans(first, count)), source=0)
        writer.finish()
    manifest.segments.append(segment)
    derive(folder, manifest, SETTINGS)
    folder.publish(manifest)


def files(folder: InvestigationFolder) -> list[str]:
    return sorted(file.name for file in folder.path.glob("derived-*"))


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_trees, "LEAST_ROWS", 1)


@pytest.mark.parametrize("count", [1, 2, 31])
def test_rows_are_the_same_in_files_and_in_the_derived_file(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for least in (count + 1, count):
        monkeypatch.setattr(span_trees, "LEAST_ROWS", least)
        folder = folder_with(tmp_path / str(least), SETTINGS, spans=spans(0, count))
        with Tables.open(folder, SETTINGS) as tables:
            found.append((tables.rows(ROWS), tables.rows("SELECT column_name, column_type FROM (DESCRIBE topology)")))
        assert bool(list(folder.path.glob("derived-*.parquet"))) == (least == count)
    assert found[0] == found[1]
    assert len(found[0][0]) == count


def test_few_spans_make_no_file(tmp_path: Path) -> None:
    assert files(folder_with(tmp_path, SETTINGS, spans=spans(0, 5))) == ["derived-0001.duckdb"]


def test_a_load_after_a_load_replaces_them_and_who_has_them_open_reads_on(tmp_path: Path, in_files: None) -> None:
    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    before = files(folder)
    with Tables.open(folder, SETTINGS) as old:
        load(folder, 30, 12)
        assert not set(files(folder)) & set(before)
        assert old.rows("SELECT count(*), count(parent_number), max(end_time_unix_nano) FROM topology") == [
            (30, 10, 127)
        ]
        with Tables.open(folder, SETTINGS) as new:
            assert new.rows("SELECT count(*), count(parent_number) FROM topology") == [(42, 14)]
            assert new.rows("SELECT count(*) FROM span_tree WHERE is_orphan") == [(14,)]


def test_repeated_spans_are_in_no_file(tmp_path: Path, in_files: None) -> None:
    again = [span | {"span_number": span["span_number"] + 30} for span in spans(0, 3)]
    with Tables.open(folder_with(tmp_path, SETTINGS, spans=[*spans(0, 30), *again]), SETTINGS) as tables:
        assert tables.rows("SELECT count(*), max(span_number) FROM topology") == [(30, 29)]
        assert tables.count("repeated_spans") == 3


def fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", ["while they are written", "after"])
def test_a_load_that_fails_leaves_none_and_the_old_ones(
    tmp_path: Path, in_files: None, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    before = files(folder)
    with monkeypatch.context() as patched:
        if where == "after":
            patched.setattr(derivation, "write_templates", fail)
        else:
            patched.setattr(pyarrow.parquet.ParquetWriter, "write_table", fail)
        with pytest.raises(StoreError, match=r"cannot be written: .*No space left"):
            load(folder, 30, 12)
    assert files(folder) == before
    with Tables.open(folder, SETTINGS) as tables:
        assert tables.count("topology") == 30


def test_an_engine_that_fails_is_told_in_one_line(
    tmp_path: Path, in_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    monkeypatch.setattr(span_trees, "_sql", lambda name: "SELECT * FROM nothing")
    with pytest.raises(StoreError, match=r"^span trees and log templates cannot be written: Catalog Error: .*nothing"):
        load(folder, 30, 12)


def test_what_a_killed_load_left_is_removed_by_the_next(tmp_path: Path, in_files: None) -> None:
    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    kept = files(folder)
    for name in ("derived-0002.topology-0.parquet", "derived-0002.topology-1.parquet.tmp", "derived-0002.duckdb"):
        (folder.path / name).write_bytes(b"half")
    folder.manifest_to_extend()
    assert files(folder) == kept


def test_one_that_is_gone_is_told_in_one_line(tmp_path: Path, in_files: None) -> None:
    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    next(folder.path.glob("derived-*.parquet")).unlink()
    with pytest.raises(EvidenceError, match="damaged"):
        Tables.open(folder, SETTINGS)


def test_a_query_reaches_them_as_a_table_alone(tmp_path: Path, in_files: None) -> None:
    folder = folder_with(tmp_path, SETTINGS, spans=spans(0, 30))
    with Tables.open(folder, SETTINGS) as tables:
        file = next(folder.path.glob("derived-*.parquet"))
        with pytest.raises(duckdb.Error):
            tables.rows(f"SELECT * FROM read_parquet('{file}')")
        assert tables.count("topology") == 30
