"""Columns of views become columns of a row file: the kernels' road gives what Arrow's gives, or leaves it to that."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.store import own_memory, texts_layout
from deep_code_reasoning.store.own_memory import OwnMemory

VIEW, TEXT = pa.string_view(), pa.string()
CODED = pa.dictionary(pa.int32(), TEXT)
PAIRS = pa.list_(pa.struct([("key", TEXT), ("value", TEXT)]))
CODED_PAIRS = pa.list_(pa.struct([("key", CODED), ("value", TEXT)]))
VIEW_PAIRS = pa.list_(pa.struct([("key", VIEW), ("value", VIEW)]))

TEXTS = (
    st.none() | st.text(max_size=40) | st.sampled_from(["", "a", "exactly 12 b", "thirteen byte", "ünïcödé ünïcödé ü"])
)
PAIR = st.fixed_dictionaries({"key": TEXTS.filter(lambda text: text is not None), "value": TEXTS})
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.none() | st.lists(PAIR, max_size=3)), max_size=40)


def by_kernels(kernels: Kernels, columns: list[tuple[pa.Array, pa.DataType]]) -> list[pa.Array]:
    """The columns, all texts of which the kernels must have brought together."""
    decided = []
    cast = own_memory._cast
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(own_memory, "_cast", lambda array, kind: decided.append(len(array)) or cast(array, kind))
        found = OwnMemory(kernels).fitted(columns)
    for column in found:
        column.validate(full=True)
    assert len(decided) == sum(pa.types.is_dictionary(kind) for _, kind in columns), (
        "Arrow is asked for dictionaries alone"
    )
    return found


@given(ROWS)
def test_both_roads_give_the_same_columns(kernels: Kernels, rows: list) -> None:
    rows = [*rows, ("x", "y", [])]  # an array without rows is Arrow's
    plain, coded, pairs = (list(column) for column in zip(*rows, strict=True))
    columns = [(pa.array(plain, VIEW), TEXT), (pa.array(coded, VIEW), CODED)]
    found = by_kernels(kernels, columns)
    assert [column.to_pylist() for column in found] == [plain, coded]
    assert [column.type for column in found] == [TEXT, CODED]
    assert found[1].dictionary.to_pylist() == list(dict.fromkeys(text for text in coded if text is not None))
    for kind in (PAIRS, CODED_PAIRS):
        (found,) = OwnMemory(kernels).fitted([(pa.array(pairs, VIEW_PAIRS), kind)])
        found.validate(full=True)
        assert found.to_pylist() == pairs
        assert OwnMemory().fitted([(pa.array(pairs, VIEW_PAIRS), kind)])[0].equals(found)


@given(st.lists(st.none() | st.lists(PAIR, max_size=3), max_size=12), st.data())
def test_however_lists_are_cut(kernels: Kernels, rows: list, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(rows)))
    length = data.draw(st.integers(0, len(rows) - begin))
    array = pa.array(rows, VIEW_PAIRS).slice(begin, length)
    for memory in (OwnMemory(), OwnMemory(kernels)):
        (found,) = memory.fitted([(array, PAIRS)])
        found.validate(full=True)
        assert found.to_pylist() == rows[begin : begin + length]


@pytest.mark.parametrize("rows", [255, 256, 257, 5_000])
def test_blocks_of_rows_follow_each_other(kernels: Kernels, rows: int) -> None:
    """Texts in one buffer, in the order of the rows and not, with a row longer than all that is read ahead."""
    texts = [f"{row:>{1 + row % 37}}" for row in range(rows)]
    texts[rows // 2] = "long " * 300_000
    array = pa.array(texts, VIEW)
    _, words, *buffers = array.buffers()
    turned = np.frombuffer(words, np.uint64, 2 * rows).reshape(-1, 2)[::-1].copy()
    back = pa.Array.from_buffers(VIEW, rows, [None, pa.py_buffer(turned), *buffers])
    found = by_kernels(kernels, [(array, TEXT), (back, TEXT)])
    assert found[0].to_pylist() == texts
    assert found[1].to_pylist() == texts[::-1]


def raw(*texts: bytes) -> pa.Array:
    """Views of bytes that need not be text."""
    words = pa.array(texts, pa.binary_view()).buffers()
    return pa.Array.from_buffers(VIEW, len(texts), words)


@pytest.mark.parametrize(
    "text", [b"\xff", b"short \xc3", b"a text that is long and ends amid \xe2\x82", b"\xed\xa0\x80" * 9]
)
@pytest.mark.parametrize("kind", [TEXT, CODED])
def test_text_that_is_no_utf8_is_refused(kernels: Kernels, text: bytes, kind: pa.DataType) -> None:
    for memory in (OwnMemory(), OwnMemory(kernels)):
        with pytest.raises(pa.ArrowInvalid):
            memory.fitted([(raw(b"fine", text), kind)])
        assert memory.fitted([(raw(b"fine"), kind)])[0].to_pylist() == ["fine"]


def test_a_view_that_leaves_its_buffer_is_not_followed(kernels: Kernels) -> None:
    array = pa.array(["within the buffer, and longer than twelve"], VIEW)
    _, words, text = array.buffers()
    moved = bytearray(words.to_pybytes())
    moved[12:16] = (30).to_bytes(4, "little")
    outside = pa.Array.from_buffers(VIEW, 1, [None, pa.py_buffer(moved), text])
    columns = own_memory._texts(outside, False, None)
    OwnMemory(kernels)._bring([columns], 1)
    assert columns.brought is None


def test_too_many_different_texts_are_left_to_arrow(kernels: Kernels) -> None:
    texts = [f"text number {number}" for number in range(texts_layout.MOST_DIFFERENT + 1)]
    (found,) = OwnMemory(kernels).fitted([(pa.array(texts, VIEW), CODED)])
    assert found.to_pylist() == texts


def test_what_is_still_looked_at_is_not_written_over(kernels: Kernels) -> None:
    memory = OwnMemory(kernels)
    kept = [
        memory.fitted([(pa.array([f"{row} of round {turn}, longer than a view"], VIEW), TEXT)])[0]
        for row in range(3)
        for turn in range(9)
    ]
    assert [column[0].as_py() for column in kept] == [
        f"{row} of round {turn}, longer than a view" for row in range(3) for turn in range(9)
    ]


def test_texts_that_a_kernel_has_looked_at_are_taken_as_they_are() -> None:
    words = pa.array([b"fine", b"\xff"], pa.binary()).buffers()
    text = pa.Array.from_buffers(TEXT, 2, words)
    with pytest.raises(pa.ArrowInvalid):
        OwnMemory().fitted([(text, TEXT)])
    (found,) = OwnMemory().fitted([(text, TEXT)], are_checked=True)
    assert found.buffers()[2].address == text.buffers()[2].address
