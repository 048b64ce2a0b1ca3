"""Span trees are the same whether they are made of the spans at hand or of those that the segments hold."""

from __future__ import annotations

import functools
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store import spans_at_hand
from deep_code_reasoning.store.catalogue import described
from deep_code_reasoning.store.derivation import Begun, derive
from deep_code_reasoning.store.derived_file import DerivedFile
from deep_code_reasoning.store.engine import Engine
from deep_code_reasoning.store.investigation_folder import InvestigationFolder
from deep_code_reasoning.store.manifest import Manifest
from deep_code_reasoning.store.row_file_writing import RowFiles
from deep_code_reasoning.store.row_files import LEAST_ROWS
from deep_code_reasoning.store.span_trees import TreeRows, span_trees
from deep_code_reasoning.store.spans_at_hand import SpansAtHand
from deep_code_reasoning.store.tables import Tables
from deep_code_reasoning.store.writer import SegmentWriter

TREE = "SELECT * EXCLUDE trace_number FROM topology ORDER BY span_number"
KINDS = ["internal", "server", "client", "producer", "consumer"]
IDS = [1, 2, 3, 2**63, 2**64 - 1]


@functools.cache
def files() -> RowFiles:
    with duckdb.connect() as connection:
        return RowFiles.of(Path("s.duckdb"), described("spans"), connection)


def batch(spans: list[dict], first: int = 0) -> pa.RecordBatch:
    given = [
        {
            "span_number": first + number,
            "trace_id": f"{span['trace']:032x}",
            "span_id": f"{span['id']:016x}",
            "parent_span_id": None if span["parent"] is None else f"{span['parent']:016x}",
            "name": "op",
            "kind": span["kind"],
            "status_code": "unset",
            "start_time_unix_nano": span["start"],
            "duration_nano": span["duration"],
            "host": span["host"],
            "resource_number": 0,
            "source_offset": 0,
        }
        for number, span in enumerate(spans)
    ]
    return pa.RecordBatch.from_pylist(given).append_column("source", pa.array([0] * len(spans), pa.int32()))


def topology(folder: Path, batches: list[pa.RecordBatch], *, at_hand: bool) -> list[tuple]:
    folder.mkdir()
    with SegmentWriter(folder / "segment-0001.duckdb", Settings()) as writer:
        for one in batches:
            writer.insert("spans", one, source=0)
        writer.finish()
        spans = writer.spans_at_hand.columns()
    assert spans is not None
    manifest = Manifest(folder.name, segments=["segment-0001.duckdb"])
    file = DerivedFile(Engine(Settings(), folder), folder / manifest.new_derived())
    grown = span_trees(spans, Kernels(None))
    assert grown
    begun = Begun(file, TreeRows(file, grown), unknown=frozenset()) if at_hand else Begun(file)
    derive(InvestigationFolder(folder), manifest, Settings(), begun)
    InvestigationFolder(folder).publish(manifest)
    with Tables.open(InvestigationFolder(folder), Settings()) as tables:
        return tables.rows(TREE)


def test_a_large_load_has_the_trees_that_its_segments_tell(tmp_path: Path) -> None:
    """With orphans, several hosts, and none for some."""
    spans = [
        {
            "trace": number // 7 + 1 << 60,
            "id": number % 7 + 1,
            "parent": None if number % 7 == 0 else (number % 7 // 2 + 1 if number % 11 else 99),
            "kind": KINDS[number % 5],
            "start": 1_000 * number,
            "duration": 5_000 - number % 7 * 600,
            "host": None if number % 13 == 0 else f"host-{number % 3}",
        }
        for number in range(LEAST_ROWS + 3_000)
    ]
    batches = [batch(spans[:5_000]), batch(spans[5_000:], 5_000)]
    here, read = (topology(tmp_path / name, batches, at_hand=name == "here") for name in ("here", "read"))
    assert len(here) == len(spans)
    assert here == read
    assert any(row[1] is not None for row in here)


def test_spans_that_were_sent_twice_are_looked_up_in_the_segments() -> None:
    """Which of them count is told by more than their ids."""
    span = {"trace": 1, "id": 1, "parent": None, "kind": "server", "start": 0, "duration": 0, "host": "h"}
    gathered = SpansAtHand()
    for number in range(2):
        fitted = files().fitted(batch([span], number))
        assert fitted is not None
        gathered.add(fitted)
    columns = gathered.columns()
    assert columns is not None
    assert span_trees(columns, Kernels(None)) is None


_SPAN = st.fixed_dictionaries(
    {
        "trace": st.sampled_from([*IDS, 2**64 + 1, 2**127]),
        "id": st.sampled_from(IDS),
        "parent": st.none() | st.sampled_from(IDS),
        "kind": st.sampled_from(KINDS),
        "start": st.integers(0, 10**9),
        "duration": st.integers(0, 10**6),
        "host": st.none() | st.sampled_from(["a", "b"]),
    }
)


@settings(deadline=None)
@given(st.lists(st.lists(_SPAN, min_size=1, max_size=6), min_size=1, max_size=3), st.booleans())
def test_equal_ids_are_equal_numbers_and_others_are_not(kernels: Kernels, parts: list[list[dict]], fast: bool) -> None:
    gathered, spans = SpansAtHand(kernels if fast else None), [span for part in parts for span in part]
    first = 0
    for part in parts:
        fitted = files().fitted(batch(part, first))
        assert fitted is not None
        gathered.add(fitted)
        first += len(part)
    found = gathered.columns()
    assert found is not None
    assert found["span_number"].tolist() == list(range(len(spans)))
    assert found["span"].tolist() == [span["id"] for span in spans]
    assert found["wanted"].tolist() == [span["parent"] or 0 for span in spans]
    assert found["start"].tolist() == [span["start"] for span in spans]
    assert found["kind"].tolist() == [{"server": 1, "consumer": 2}.get(span["kind"], 0) for span in spans]
    for name, key in (("trace", "trace"), ("clock", "host")):
        numbers = {span[key]: set() for span in spans}
        for span, number in zip(spans, found[name].tolist(), strict=True):
            numbers[span[key]].add(number)
        assert all(len(of_one) == 1 for of_one in numbers.values())
        assert len(set.union(*numbers.values())) == len(numbers)
    assert all(number == 0 for span, number in zip(spans, found["clock"].tolist(), strict=True) if span["host"] is None)


ONE = {"trace": 1, "id": 1, "parent": None, "kind": "server", "start": 0, "duration": 0, "host": "h"}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("ids", [{"span_id": "not hexadecima"}, {"trace_id": "xyz"}, {"parent_span_id": "é" * 8}])
def test_ids_of_another_kind_are_left_to_the_segments(kernels: Kernels, ids: dict[str, str], fast: bool) -> None:
    [row] = batch([ONE]).to_pylist()
    fitted = files().fitted(pa.RecordBatch.from_pylist([row | ids]))
    assert fitted is not None
    gathered = SpansAtHand(kernels if fast else None)
    gathered.add(fitted)
    assert gathered.columns() is None


_NEARLY_DIGITS = st.sampled_from("0123456789abcdefABCDEF" * 9 + "/:@G`g\x00\x10\x19PpÀ")


def _texts(digits: int) -> st.SearchStrategy[str]:
    return st.text(_NEARLY_DIGITS, min_size=digits, max_size=digits)


_NAMED = st.fixed_dictionaries(
    {
        "trace_id": _texts(32) | st.just("") | st.text(_NEARLY_DIGITS, max_size=40),
        "span_id": _texts(16) | st.just(""),
        "parent_span_id": st.none() | st.just("") | _texts(16),
    }
)


@settings(deadline=None)
@given(st.lists(_NAMED, min_size=1, max_size=4), st.integers(0, 2))
def test_the_kernel_reads_the_ids_that_numpy_reads(kernels: Kernels, named: list[dict], left_out: int) -> None:
    """In batches that begin anywhere, too."""
    rows = [row | ids for row, ids in zip(batch([ONE] * len(named)).to_pylist(), named, strict=True)]
    fitted = files().fitted(pa.RecordBatch.from_pylist(rows))
    assert fitted is not None
    found = []
    for used in (None, kernels):
        gathered = SpansAtHand(used)
        gathered._secret[0] = 2**64 - 5
        gathered.add(fitted.slice(left_out) if left_out < len(rows) else fitted)
        columns = gathered.columns()
        found.append(columns and {name: column.tolist() for name, column in columns.items()})
    assert found[0] == found[1]


def test_more_spans_than_may_be_kept_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans_at_hand, "MOST_SPANS", 1)
    gathered = SpansAtHand()
    for number in range(2):
        fitted = files().fitted(batch([ONE | {"id": number + 1}], number))
        assert fitted is not None
        gathered.add(fitted)
    assert gathered.columns() is None
    assert not gathered._kept
