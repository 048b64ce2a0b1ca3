"""Drives the protobuf spans kernel over the frames of a file, as far as it understands them.

Where the kernel, or what is decoded for it, meets a frame that the plain road must read, everything before that frame
is given away first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from deep_code_reasoning.kernels.cache import Kernel
from deep_code_reasoning.kernels.pages import UsedPages
from deep_code_reasoning.sources.filling import PADDING
from deep_code_reasoning.sources.otlp import span_layout as layout
from deep_code_reasoning.sources.otlp.protobuf_columns import ProtobufSpanColumns
from deep_code_reasoning.sources.otlp.protobuf_framing import Framing
from deep_code_reasoning.sources.otlp.protobuf_span_layout import BIG_ENDIAN, PREVIOUS, UNFRAMED, VARINT_FRAMED

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.sources.otlp.protobuf_records import Records
    from deep_code_reasoning.sources.reader import Batch, Skipped

KERNEL = Kernel("deep_code_reasoning.sources.otlp.protobuf_spans_kernel", "read_frames")
_MOST_IN_A_ROW = 256  # frames read by the plain road before the kernel is tried again
_PLAIN_BYTES = 1 << 20  # read by the plain road before a kernel that is not there is looked for again
# Bytes for the kernel at a time: few where much must be read again because of damage that shows only afterwards.
_SHORTEST_STRETCH, _LONGEST_STRETCH = 1 << 16, 1 << 26
_WORTH_A_TURN = 1 << 16  # bytes; a turn that read less costs more than the plain road
_SHORT, _FOREIGN = -1, -2  # as in kernels.json_text, which only the compiling process imports
_CODES = {Framing.NONE: UNFRAMED, Framing.BIG_ENDIAN: BIG_ENDIAN, Framing.VARINT: VARINT_FRAMED}


class CompiledFrames:
    """One pass over a source. `has_turn` tells before each frame whether `read` comes next or the plain road.

    `wants_more`: whether `read` should be given another text than before.
    """

    def __init__(self, kernels: Kernels, framing: Framing, limit: int, records: Records) -> None:
        self._kernels = kernels
        self._framing = _CODES[framing]
        self._limit = limit
        self._records = records
        self._memory = UsedPages()
        self._kernel: Callable[..., int] | None = None
        self._left, self._in_a_row = 0, 1  # frames for the plain road
        self._next_look = 0
        self._stretch = _LONGEST_STRETCH
        self.wants_more = True
        self.begun, self.reached = -1, 0  # positions: the last frame that was read (-1: none), where to go on

    def has_turn(self, offset: int) -> bool:
        if self._left:
            self._left -= 1
            return False
        if self._kernel is None and offset >= self._next_look:
            self._next_look = offset + _PLAIN_BYTES
            self._kernel = self._kernels.find(KERNEL)
        return self._kernel is not None

    def read(self, text: bytes, at: int, base: int) -> Iterator[Batch | Skipped]:
        """The frames from `at` on that `text`, which lies at offset `base`, holds whole, PADDING behind them."""
        end = len(text) - len(PADDING)
        stop = min(end, at + self._stretch)
        outcome, columns = self._run(text, at, stop)
        self._stretch = min(4 * self._stretch, _LONGEST_STRETCH)
        while (odd := columns.prepare(text, self._records)) is not None:
            _, columns = self._run(text, at, odd)
            outcome = _FOREIGN
            self._stretch = max(_SHORTEST_STRETCH, int(columns.state[layout.POSITION]) - at)
        state = columns.state
        self.begun, self.reached = int(state[PREVIOUS if outcome else layout.DOCUMENT]), int(state[layout.POSITION])
        self.wants_more = outcome in (0, _SHORT) and stop == end
        if self.reached - at >= _WORTH_A_TURN:
            self._in_a_row = 1
        if outcome == _FOREIGN or (self.reached == at and stop == end):
            self._left = self._in_a_row
            self._in_a_row = min(2 * self._in_a_row, _MOST_IN_A_ROW) if outcome == _FOREIGN else 1
        yield from self._records.add_columns(columns, text, base)

    def _run(self, text: bytes, at: int, end: int) -> tuple[int, ProtobufSpanColumns]:
        """What the kernel made of `text[at:end]`, less the frame that it could not read to its end."""
        assert self._kernel
        columns = ProtobufSpanColumns(end - at, at, self._memory)
        outcome = self._kernel(np.frombuffer(text, np.uint8), end, self._framing, self._limit, *columns.arguments)
        if outcome:
            columns.take_back_document()
        return outcome, columns
