"""Memory that is used again: never while anything made of it is there."""

from __future__ import annotations

import mmap
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from deep_code_reasoning.kernels import pages
from deep_code_reasoning.kernels.columns import Columns
from deep_code_reasoning.kernels.pages import UsedPages


@pytest.mark.parametrize(
    "made_of",
    [
        lambda block: block,
        memoryview,
        lambda block: np.frombuffer(block, np.uint8)[5:9],
        lambda block: np.frombuffer(block, np.int64).reshape(2, -1)[1],
        pa.py_buffer,
        lambda block: pa.Array.from_buffers(pa.int8(), 9, [None, pa.py_buffer(np.frombuffer(block, np.int8))]).slice(3),
    ],
)
def test_what_is_still_looked_at_is_not_given_again(made_of) -> None:
    memory = UsedPages()
    kept = made_of(memory.take(5000))
    other = memory.take(5000)
    other[:4] = b"new!"
    assert bytes(memoryview(kept).cast("B")[:4] if not isinstance(kept, pa.Array) else kept.buffers()[1][:4]) == bytes(
        4
    )
    del kept
    third = memory.take(5000)
    assert third is not other
    del other
    assert memory.take(5000)[:4] == b"new!"


def test_blocks_of_nearly_one_size_are_the_same_blocks() -> None:
    memory = UsedPages()
    memory.take(16_000_001)[0] = 7
    assert memory.take(16_100_000)[0] == 7
    assert memory.take(24_000_000)[0] == 0


def test_huge_blocks_are_given_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "KEPT_BYTES", 1 << 20)
    memory = UsedPages()
    memory.take(2 << 20)[0] = 7
    assert memory.take(2 << 20)[0] == 0


def test_columns_of_used_memory_are_of_the_size_asked_for() -> None:
    memory = UsedPages()
    for capacity in (1000, 990):
        columns = Columns(capacity, 3, 2, 5 * capacity, memory)
        assert columns.numbers.shape == (3, capacity)
        assert columns.texts.shape == (2 * capacity, 2)
        assert columns.present.shape == (capacity, 5)
        assert columns.keys.shape == columns.values.shape == (5 * capacity, 2)
        columns.numbers[:], columns.present[:] = 9, 1


@pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="Linux has them")
def test_the_input_has_huge_pages_and_arrow_none() -> None:
    """Its allocator asks the system to give the process none; in a process of its own, which it has not asked yet."""
    asked = "ctypes.CDLL(None).prctl(42, 0, 0, 0, 0)"  # PR_GET_THP_DISABLE
    script = f"""
import ctypes
from deep_code_reasoning import interpreter
interpreter.settle()
import pyarrow
pyarrow.allocate_buffer(1 << 20)
before = {asked}
from deep_code_reasoning.kernels.pages import pages
memory = pages(4 << 20, filled=True)
print(before, {asked})
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["1", "0"]
