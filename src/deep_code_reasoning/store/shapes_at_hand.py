"""What log templates are made of, counted while logs are written, so that it need not be read again behind the load.

The columns are those of log_templates.sql, in which the same is asked of logs that are not at hand.
"""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.kernels.cache import Kernel, Kernels
from deep_code_reasoning.store import shapes_layout as layout
from deep_code_reasoning.store.log_template_masking import SHAPE_BYTES

KERNEL = Kernel("deep_code_reasoning.store.shapes_at_hand_kernel", "count_shapes")
_SERVICE_BITS = 32  # the lower ones of a pair


class Shapes(NamedTuple):
    """`counted`: the columns of log_templates.sql, in its order; `starts`: what the example of each row begins with."""

    counted: pa.Table
    starts: list[bytes]


class ShapesAtHand:
    """`add` all logs that are stored, from any thread; `found` is None where not all of them were understood."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._adding = Lock()
        self._is_whole = True
        self._services: dict[str, int] = {}
        self._starts: list[bytes] = []
        self._slots = np.zeros(layout.SLOTS, np.int32)
        self._ids = np.zeros(layout.MOST_SHAPES, np.uint64)
        self._counted = np.zeros((layout.MOST_SHAPES, layout.FIELDS), np.int64)
        self._pairs = np.zeros(layout.PAIRS, np.uint64)
        self._used = np.zeros(1, np.int64)

    def add(self, logs: pa.Table) -> None:
        """Logs with their template_id."""
        with self._adding:
            for batch in logs.to_batches():
                self._is_whole = self._is_whole and self._add({name: batch.column(name) for name in batch.schema.names})

    def _add(self, logs: dict[str, pa.Array]) -> bool:
        if not len(logs["template_id"]):
            return True
        kernel = self._kernels.find(KERNEL)
        if kernel is None or logs["template_id"].null_count:
            return False
        codes, services = self._coded(logs.get("service_name"))
        try:
            ids, _ = _numbers(logs["template_id"], pa.uint64())
            numbers, _ = _numbers(logs["log_number"], pa.int64())
            times = _numbers(logs.get("time_unix_nano"), pa.int64())
            observed = _numbers(logs.get("observed_time_unix_nano"), pa.int64())
            coded = _numbers(codes, pa.int32())
        except ValueError:
            return False
        self._counted[: self._used[0], layout.ROW] = -1
        state = self._slots, self._ids, self._counted, self._pairs, self._used
        if kernel(ids, numbers, *times, *observed, *coded, services, *state) < len(ids):
            return False
        self._take_starts(logs["body"])
        return True

    def _coded(self, names: pa.Array | None) -> tuple[pa.Array | None, np.ndarray]:
        """A code by row, and the number of the service that each code means, -1 for none."""
        if names is None or pa.types.is_null(names.type):
            return None, np.empty(0, np.int32)
        if isinstance(names, pa.DictionaryArray) and names.indices.type == pa.int32():
            codes, each = names.indices, names.dictionary.to_pylist()
        else:
            rows = names.to_pylist()
            each = list(dict.fromkeys(rows))
            place = {name: number for number, name in enumerate(each)}
            codes = pa.array([place[name] for name in rows], pa.int32())
        return codes, np.array([self._service(name) for name in each], np.int32)

    def _service(self, name: str | None) -> int:
        return -1 if name is None else self._services.setdefault(name, len(self._services))

    def _take_starts(self, bodies: pa.Array) -> None:
        rows = self._counted[: self._used[0], layout.ROW]
        self._starts += [b""] * (len(rows) - len(self._starts))
        for shape in np.flatnonzero(rows >= 0).tolist():
            body = bodies[int(rows[shape])].as_buffer()
            self._starts[shape] = body[: min(SHAPE_BYTES, body.size)].to_pybytes()

    def found(self) -> Shapes | None:
        if not self._is_whole:
            return None
        counted = self._counted[: self._used[0]]
        order = np.lexsort((counted[:, layout.EXAMPLE], -counted[:, layout.COUNT]))
        count, example, timed, first, last = (
            counted[order, field].tolist()
            for field in (layout.COUNT, layout.EXAMPLE, layout.TIMED, layout.FIRST, layout.LAST)
        )
        services = self._services_by_shape()
        columns = {
            "shape_id": pa.array(self._ids[order].tolist(), pa.uint64()),
            "count": pa.array(count, pa.int64()),
            "service_names": pa.array([services[shape] for shape in order.tolist()], pa.list_(pa.string())),
            "example_log_number": pa.array(example, pa.int64()),
            "first_time_unix_nano": pa.array(_where(timed, first), pa.int64()),
            "last_time_unix_nano": pa.array(_where(timed, last), pa.int64()),
        }
        return Shapes(pa.table(columns), [self._starts[shape] for shape in order.tolist()])

    def _services_by_shape(self) -> defaultdict[int, list[str]]:
        names = list(self._services)
        found: defaultdict[int, list[str]] = defaultdict(list)
        for pair in self._pairs[self._pairs > 0].tolist():
            shape, service = divmod(pair, 1 << _SERVICE_BITS)
            found[shape].append(names[service - 1])
        return found


def _numbers(column: pa.Array | None, kind: pa.DataType) -> tuple[np.ndarray, np.ndarray]:
    """The values, and whether each is one where some are NULL; nothing of a column that is not there.

    Raises ValueError for one of another type.
    """
    dtype = np.dtype(kind.to_pandas_dtype())
    if column is None or pa.types.is_null(column.type):
        return np.empty(0, dtype), np.empty(0, np.uint8)
    if column.type != kind:
        raise ValueError(f"{column.type} instead of {kind}")
    validity, values = column.buffers()
    found = np.frombuffer(values, dtype, len(column), column.offset * dtype.itemsize)
    if not column.null_count:
        return found, np.empty(0, np.uint8)
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    return found, bits[column.offset : column.offset + len(column)]


def _where(told: list[int], values: list[int]) -> list[int | None]:
    return [value if is_told else None for is_told, value in zip(told, values, strict=True)]
