"""What span trees are made of, kept while spans are written, so that it need not be read again behind the load.

The columns are those of topology.sql, in which the same is asked of spans that are not at hand.
"""

from __future__ import annotations

import binascii
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SPANS = 4_000_000  # of 56 bytes each
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_KINDS = {"server": 1, "consumer": 2}


class SpansAtHand:
    """`add` every batch of spans in the types of their row file; `columns` is None where one was not understood."""

    def __init__(self) -> None:
        self._parts: list[dict[str, np.ndarray]] = []
        self._spans = 0
        self._is_whole = True
        self._hosts: dict[str | None, int] = {None: 0}
        self._secret = np.uint64(secrets.randbits(64))  # so that nobody can choose ids that become one number

    def give_up(self) -> None:
        self._is_whole = False
        self._parts.clear()

    def add(self, spans: pa.RecordBatch) -> None:
        self._spans += spans.num_rows
        if not self._is_whole or self._spans > MOST_SPANS:
            self.give_up()
            return
        try:
            self._parts.append(self._columns_of(spans))
        except ValueError:  # an id of other than hexadecimal digits
            self.give_up()

    def _columns_of(self, spans: pa.RecordBatch) -> dict[str, np.ndarray]:
        there = set(spans.schema.names)
        trace = _ids(spans.column("trace_id"), _TRACE_DIGITS).reshape(-1, 2)
        return {
            "span_number": spans.column("span_number").to_numpy(),
            "trace": _mixed(_mixed(trace[:, 0] + self._secret) ^ trace[:, 1]),
            "span": _ids(spans.column("span_id"), _SPAN_DIGITS),
            "wanted": _ids(spans.column("parent_span_id"), _SPAN_DIGITS)
            if "parent_span_id" in there
            else np.zeros(spans.num_rows, np.uint64),
            "start": spans.column("start_time_unix_nano").to_numpy(),
            "duration": spans.column("duration_nano").to_numpy(),
            "clock": _coded(spans.column("host"), self._host).astype(np.uint32)
            if "host" in there
            else np.zeros(spans.num_rows, np.uint32),
            "kind": _coded(spans.column("kind"), lambda kind: _KINDS.get(kind or "", 0)).astype(np.uint8),
        }

    def _host(self, name: str | None) -> int:
        return self._hosts.setdefault(name, len(self._hosts))

    def columns(self) -> dict[str, np.ndarray] | None:
        """By the name that topology.sql gives them; given once, since both forms of them take a lot of room."""
        if not self._is_whole or not self._parts:
            return None
        names = list(self._parts[0])
        return {name: np.concatenate([part.pop(name) for part in self._parts]) for name in names}


def _ids(texts: pa.Array, digits: int) -> np.ndarray:
    """Ids as uint64, big-endian, of 16 digits each; NULL and empty are 0. Raises ValueError for another text."""
    begin, rows = texts.offset, len(texts)
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, rows + 1, begin * 4)
    lengths = np.diff(ends)
    told = lengths > 0
    if (lengths[told] != digits).any():
        raise ValueError("an id of another length")
    written = memoryview(content)[int(ends[0]) : int(ends[-1])] if rows and content else b""
    numbers = np.frombuffer(binascii.unhexlify(written), ">u8").astype(np.uint64)
    if told.all():
        return numbers
    found = np.zeros((rows, digits // 16), np.uint64)
    found[told] = numbers.reshape(-1, digits // 16)
    return found.reshape(-1)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Each number as another, every bit of which depends on all: the finalizer of SplitMix64 (Steele et al., 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = (numbers ^ numbers >> np.uint64(shift)) * np.uint64(factor)
    return numbers ^ numbers >> np.uint64(31)


def _coded(names: pa.DictionaryArray, number: Callable[[str | None], int]) -> np.ndarray:
    """What `number` makes of each name, NULL (None) among them."""
    numbers = np.array([*map(number, names.dictionary.to_pylist()), number(None)], np.int64)
    codes = names.indices.fill_null(len(numbers) - 1) if names.null_count else names.indices
    return numbers[codes.to_numpy()]
