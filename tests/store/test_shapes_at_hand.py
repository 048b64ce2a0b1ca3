"""Log templates are the same whether they are counted while logs are written or asked of those in the segments."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.errors import DcrError, StoreError
from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store import derivation, log_templates, row_files, shapes_layout, span_trees
from deep_code_reasoning.store.catalogue import described
from deep_code_reasoning.store.derivation import derive
from deep_code_reasoning.store.insertion import Insertion
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.log_templates import with_template_ids, write_templates
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.row_files import LEAST_ROWS
from deep_code_reasoning.store.shapes_at_hand import Shapes, ShapesAtHand
from deep_code_reasoning.store.tables import Tables
from store.rows import batch_of

TABLES = ("log_templates", "merged_log_shapes")
NAMES = ["ada", "bob", "cleo", "dan", "eve", "fay"]
BODIES = [f"order of customer {name} was late" for name in NAMES] + ["lease lost", "lease 1 lost", "é" * 3_000, ""]
WORDS = pa.dictionary(pa.int32(), pa.string())
TIMES = st.none() | st.sampled_from([-(2**63), -1, 0, 1, 2**63 - 1]) | st.integers(-9, 9)


def together(batches: list[pa.RecordBatch]) -> pa.Table:
    """Logs as they are written: with the ids of their shapes."""
    return with_template_ids(pa.Table.from_batches(batches))


def counted(tables: list[pa.Table], kernels: Kernels) -> Shapes | None:
    at_hand = ShapesAtHand(kernels)
    for table in tables:
        at_hand.add(table)
    return at_hand.found()


def templates(logs: pa.Table, shapes: Shapes | None) -> list[list[tuple]]:
    with duckdb.connect() as connection:
        for name in TABLES:
            connection.execute(described(name).sql)
        connection.register("logs", logs)
        write_templates(connection, *TABLES, shapes)
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES]


_LOG = st.fixed_dictionaries(
    {
        "log_number": st.integers(0, 2**62),
        "body": st.sampled_from(BODIES),
        "service_name": st.none() | st.sampled_from(["", "web", "db", "cart"]),
        "time_unix_nano": TIMES,
        "observed_time_unix_nano": TIMES,
    }
)
_COLUMNS = st.sets(st.sampled_from(["service_name", "time_unix_nano", "observed_time_unix_nano"]))
_SERVICE_TYPES = st.sampled_from([pa.string(), pa.string_view(), WORDS, pa.dictionary(pa.int8(), pa.string())])


@settings(deadline=None)
@given(
    st.lists(_LOG, min_size=1, max_size=40, unique_by=lambda log: log["log_number"]),
    _COLUMNS, _SERVICE_TYPES, st.integers(1, 9), st.integers(0, 3),
)  # fmt: skip
def test_both_ways_give_the_same_tables(
    kernels: Kernels, logs: list[dict], left_out: set[str], kind: pa.DataType, size: int, begin: int
) -> None:
    """In any order and in batches that begin anywhere, also where columns are not there."""
    fields = {
        "log_number": pa.int64(), "body": pa.string(), "service_name": kind,
        "time_unix_nano": pa.int64(), "observed_time_unix_nano": pa.int64(),
    }  # fmt: skip
    schema = pa.schema([(name, kind) for name, kind in fields.items() if name not in left_out])
    parts = [logs[at : at + size] for at in range(0, len(logs), size)]
    padded = [pa.RecordBatch.from_pylist([*part[:1] * begin, *part], schema).slice(begin) for part in parts]
    shapes = counted([together(padded[:2]), *(together([one]) for one in padded[2:])], kernels)
    assert shapes
    given = [log | dict.fromkeys(left_out) for log in logs]
    everything = together([pa.RecordBatch.from_pylist(given, pa.schema(fields))])
    assert templates(everything, shapes) == templates(everything, None)


def logs_with_ids(ids: list[int]) -> pa.Table:
    columns = {"log_number": pa.array(range(len(ids)), pa.int64()), "body": pa.array(["x"] * len(ids))}
    return pa.table(columns | {"template_id": pa.array(ids, pa.uint64())})


@pytest.mark.parametrize("step", [1, shapes_layout.SLOTS])
def test_too_many_shapes_and_ids_made_to_share_a_place_are_left_to_the_segments(kernels: Kernels, step: int) -> None:
    most = shapes_layout.MOST_SHAPES if step == 1 else shapes_layout.MOST_PROBES
    ids = [step * number for number in range(1, most + 1)]
    assert counted([logs_with_ids(ids)], kernels)
    assert counted([logs_with_ids([*ids, step * (most + 1)]), logs_with_ids(ids)], kernels) is None


def test_too_many_services_are_left_to_the_segments(kernels: Kernels) -> None:
    count = shapes_layout.PAIRS + 1
    logs = logs_with_ids([7] * count)
    services = [f"service-{number}" for number in range(count)]
    assert counted([logs.append_column("service_name", pa.array(services))], kernels) is None


def test_without_the_kernel_they_are_left_to_the_segments() -> None:
    assert counted([logs_with_ids([7])], Kernels(None)) is None


SETTINGS = Settings(memory_limit="512MiB")


def loaded(folder: InvestigationFolder, manifest: Manifest, first: int, count: int, is_all: bool) -> None:
    segment = manifest.new_segment()
    paths = (folder.path / name for name in (segment, manifest.new_derived()))
    insertion = Insertion(*paths, SETTINGS)
    rows = [
        {"log_number": n, "body": BODIES[n % len(BODIES)], "service_name": NAMES[n % 5], "time_unix_nano": n}
        for n in range(first, first + count)
    ]
    insertion.put("logs", batch_of("logs", rows), 0, {})
    refused, begun = insertion.finish(is_all=is_all)
    assert not refused
    manifest.segments.append(segment)
    derive(folder, manifest, SETTINGS, begun)
    folder.publish(manifest)


@pytest.mark.parametrize("count", [30, LEAST_ROWS + 30])
def test_the_first_load_asks_no_segment_and_the_next_asks_all(
    kernels: Kernels, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, manifest = InvestigationFolder(tmp_path / "x"), Manifest("x")
    folder.path.mkdir()
    asked = []
    for owner, name in ((log_templates, "_asked"), (derivation, "attach_segments")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, real=real, name=name: asked.append(name) or real(*given))
    loaded(folder, manifest, 0, count, is_all=True)
    assert not asked
    with Tables.open(folder, SETTINGS) as tables:
        assert tables.rows("SELECT sum(count) FROM log_templates") == [(count,)]
    loaded(folder, manifest, count, 10, is_all=False)
    assert sorted(asked) == ["_asked", "attach_segments"]
    with Tables.open(folder, SETTINGS) as tables:
        assert tables.rows("SELECT sum(count), max(last_time_unix_nano) FROM log_templates") == [
            (count + 10, count + 9)
        ]


@pytest.mark.parametrize("end", ["abandoned", "full"])
def test_a_load_that_ends_early_leaves_nothing_of_what_was_begun(
    kernels: Kernels, tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_trees, "LEAST_ROWS", 1)
    insertion = Insertion(tmp_path / "segment-0001.duckdb", tmp_path / "derived-0002.duckdb", SETTINGS)
    for first in (0, LEAST_ROWS):
        spans = batch_of("spans", [{"span_number": first + n, "duration_nano": n} for n in range(LEAST_ROWS)])
        insertion.put("spans", spans.set_column(spans.schema.get_field_index("span_id"), "span_id", ids(first)), 0, {})
    if end == "abandoned":
        insertion.abandon()
    else:
        monkeypatch.setattr(span_trees.TreeRows, "_write_files", full)
        with pytest.raises(DcrError, match=r"the store cannot be written: .*No space left"):
            insertion.finish(is_all=True)
    left = {path.name.split(".")[0] for path in tmp_path.iterdir()}
    assert left <= ({"segment-0001"} if end == "full" else set())  # the next load removes what no manifest names
    assert not list(tmp_path.glob("*.tmp"))


def test_a_derived_file_that_cannot_be_begun_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = InvestigationFolder(tmp_path / "x")
    folder.path.mkdir()
    monkeypatch.setattr(row_files, "create_list", lambda connection: connection.execute("SELECT * FROM nothing"))
    with pytest.raises(StoreError, match="cannot be written: Catalog Error"):
        derive(folder, Manifest("x"), SETTINGS)
    assert not list(folder.path.iterdir())


def ids(first: int) -> pa.Array:
    return pa.array([f"{first + n + 1:016x}" for n in range(LEAST_ROWS)])


def full(rows: span_trees.TreeRows) -> None:
    rows._files.write(rows._rows)
    raise OSError(28, "No space left on device")
