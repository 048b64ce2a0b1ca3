"""What span trees are made of, kept while spans are written, so that it need not be read again behind the load.

The columns are those of topology.sql, in which the same is asked of spans that are not at hand.
"""

from __future__ import annotations

import binascii
import secrets
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.cache import Kernel, Kernels
from deep_code_reasoning.kernels.pages import pages

KERNEL = Kernel("deep_code_reasoning.store.spans_at_hand_kernel", "take_ids")
MOST_SPANS = 4_000_000  # of 53 bytes each
_COLUMNS = {
    "span_number": np.int64, "trace": np.uint64, "span": np.uint64, "wanted": np.uint64, "start": np.int64,
    "duration": np.int64, "clock": np.uint32, "kind": np.uint8,
}  # fmt: skip
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_KINDS = {"server": 1, "consumer": 2}


class SpansAtHand:
    """`add` every batch of spans in the types of their row file; `columns` is None where one was not understood."""

    def __init__(self, kernels: Kernels | None = None) -> None:
        self._kernels = kernels or Kernels(None)
        self._kept: dict[str, np.ndarray] = {}  # with room for the most: what is not written takes no memory
        self._spans = 0
        self._is_whole = True
        self._hosts: dict[str | None, int] = {None: 0}
        # so that nobody can choose ids that become one number
        self._secret = np.array([secrets.randbits(64)], np.uint64)

    def give_up(self) -> None:
        self._is_whole = False
        self._kept.clear()

    def add(self, spans: pa.RecordBatch) -> None:
        begin, self._spans = self._spans, self._spans + spans.num_rows
        if not self._is_whole or self._spans > MOST_SPANS:
            self.give_up()
            return
        if not self._kept:
            self._kept = {name: _room(kind) for name, kind in _COLUMNS.items()}
        try:
            self._fill(spans, {name: column[begin : self._spans] for name, column in self._kept.items()})
        except ValueError:  # an id of other than hexadecimal digits
            self.give_up()

    def _fill(self, spans: pa.RecordBatch, rows: dict[str, np.ndarray]) -> None:
        rows["span_number"][:] = spans.column("span_number").to_numpy()
        rows["start"][:] = spans.column("start_time_unix_nano").to_numpy()
        rows["duration"][:] = spans.column("duration_nano").to_numpy()
        there = spans.schema.names
        if "host" in there:  # else zero, as fresh memory is
            _code(spans.column("host"), self._host, rows["clock"])
        _code(spans.column("kind"), lambda kind: _KINDS.get(kind or "", 0), rows["kind"])
        names = ["trace_id", "span_id", *["parent_span_id"] * ("parent_span_id" in there)]
        texts = [_texts(spans.column(name)) for name in names]
        if kernel := self._kernels.find(KERNEL):
            texts += [(np.zeros(spans.num_rows + 1, np.int32), np.empty(0, np.uint8))] * (3 - len(texts))
            parts = [part for text in texts for part in text]
            if kernel(self._secret, *parts, rows["trace"], rows["span"], rows["wanted"]) < spans.num_rows:
                raise ValueError("not an id")
            return
        trace = _ids(*texts[0], _TRACE_DIGITS).reshape(-1, 2)
        rows["trace"][:] = _mixed(_mixed(trace[:, 0] + self._secret) ^ trace[:, 1])
        for name, text in zip(("span", "wanted"), texts[1:], strict=False):
            rows[name][:] = _ids(*text, _SPAN_DIGITS)

    def _host(self, name: str | None) -> int:
        return self._hosts.setdefault(name, len(self._hosts))

    def columns(self) -> dict[str, np.ndarray] | None:
        """By the name that topology.sql gives them."""
        if not self._is_whole or not self._spans:
            return None
        return {name: column[: self._spans] for name, column in self._kept.items()}


def _room(kind: type[np.generic]) -> np.ndarray:
    return np.frombuffer(pages(MOST_SPANS * np.dtype(kind).itemsize, filled=True), kind, MOST_SPANS)


def _texts(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Where each text begins and the last ends, and the texts; NULL is an empty one."""
    column = column if pa.types.is_string(column.type) else column.cast(pa.string())
    _, offsets, content = column.buffers()
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    return ends, np.frombuffer(content or b"", np.uint8)


def _ids(ends: np.ndarray, content: np.ndarray, digits: int) -> np.ndarray:
    """Ids as uint64, big-endian, of 16 digits each; an empty one is 0. Raises ValueError for another text."""
    lengths = np.diff(ends)
    told = lengths > 0
    if (lengths[told] != digits).any():
        raise ValueError("an id of another length")
    numbers = np.frombuffer(binascii.unhexlify(content.data[ends[0] : ends[-1]]), ">u8").astype(np.uint64)
    if told.all():
        return numbers
    found = np.zeros((len(lengths), digits // 16), np.uint64)
    found[told] = numbers.reshape(-1, digits // 16)
    return found.reshape(-1)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Each number as another, every bit of which depends on all: the finalizer of SplitMix64 (Steele et al., 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = (numbers ^ numbers >> np.uint64(shift)) * np.uint64(factor)
    return numbers ^ numbers >> np.uint64(31)


def _code(names: pa.DictionaryArray, number: Callable[[str | None], int], found: np.ndarray) -> None:
    """What `number` makes of each name, NULL (None) among them."""
    numbers = np.array([*map(number, names.dictionary.to_pylist()), number(None)], found.dtype)
    codes = names.indices.fill_null(len(numbers) - 1) if names.null_count else names.indices
    np.take(numbers, codes.to_numpy(), out=found, mode="clip")
