"""Profile samples on their way to a batch: stacks repeat their frames, so a frame is kept once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, SCHEMAS
from deep_code_reasoning.sources.reader import Batch

MAX_FRAMES = 4096  # twice what async-profiler takes by default
TOO_DEEP = "stack of more than 4,096 frames"

_BATCH_FRAMES = 1 << 20
_LARGEST_LINE = 2**31 - 1


class Frame(NamedTuple):
    function: str | None
    file: str | None = None
    line: int | None = None  # from 1


class Samples:
    """`add` takes a stack root first; `take` gives what was added as one batch."""

    def __init__(self) -> None:
        self._columns: list[list] = [[], [], [], [], [], []]
        self._frames: dict[Frame, int] = {}
        self._stacks: list[int] = []
        self._ends = [0]
        self._last: Sequence[Frame] | None = None
        self._last_numbers: list[int] = []

    def add(
        self,
        time: int | None,
        service: str | None,
        kind: tuple[str, str],
        value: float,
        stack: Sequence[Frame],
        offset: int,
    ) -> None:
        """`kind` is (sample type, unit)."""
        for column, cell in zip(self._columns, (time, service, *kind, value, offset), strict=True):
            column.append(cell)
        if stack is not self._last:  # the values of one sample come one after the other
            frames = self._frames
            self._last, self._last_numbers = stack, [frames.setdefault(frame, len(frames)) for frame in stack]
        self._stacks.extend(self._last_numbers)
        self._ends.append(len(self._stacks))

    @property
    def is_full(self) -> bool:
        return len(self._ends) > BATCH_ROWS or len(self._stacks) > _BATCH_FRAMES

    def __len__(self) -> int:
        return len(self._ends) - 1

    def take(self) -> Batch:
        schema = SCHEMAS["profiles"]
        time, service, sample_type, unit, value, offset = self._columns
        functions, files, lines = zip(*self._frames, strict=True) if self._frames else ((), (), ())
        kind = schema.field("stack").type.value_type
        distinct = pa.StructArray.from_arrays(
            [
                pa.array(map(_repaired, functions), pa.string()),
                pa.array(map(_repaired, files), pa.string()),
                pa.array([line if line and 0 < line <= _LARGEST_LINE else None for line in lines], pa.int32()),
            ],
            fields=list(kind),
        )
        frames = distinct.take(pa.array(self._stacks, pa.int32()))
        stacks = pa.ListArray.from_arrays(pa.array(self._ends, pa.int32()), frames)
        columns = [
            pa.array(column, schema.field(name).type)
            for name, column in (
                ("time_unix_nano", time),
                ("service_name", map(_repaired, service)),
                ("sample_type", map(_repaired, sample_type)),
                ("unit", map(_repaired, unit)),
                ("value", value),
            )
        ]
        arrays = [*columns, stacks, pa.array(offset, pa.int64())]
        self.__init__()
        return Batch("profiles", pa.RecordBatch.from_arrays(arrays, schema=schema))


def _repaired(text: str | None) -> str | None:
    """Lone surrogates, from \\ud800 escapes, have no place in UTF-8."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()
