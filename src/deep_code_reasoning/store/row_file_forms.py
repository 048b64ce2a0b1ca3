"""What a row file holds of each column of its table: nothing, one value for all rows, values everywhere, or some.

Writing costs least for what is known beforehand: a value that is the same in all rows is listed instead of written,
and a column that has one in every row needs no marks for those that have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa


class Form(NamedTuple):
    """The columns by name. `same`: not written, with the text that cast to the column's type gives their value."""

    written: frozenset[str]
    whole: frozenset[str]  # of those written: never NULL
    same: Mapping[str, str]

    @property
    def loose(self) -> Form:
        """One that takes whatever these columns may hold."""
        return Form(self.written | self.same.keys(), frozenset(), {})

    def takes(self, other: Form) -> bool:
        """Whether rows of another form can be written in this one."""
        if not other.written | other.same.keys() <= self.written | self.same.keys():
            return False
        return self.whole <= other.whole | other.same.keys() and self.same.items() <= other.same.items()


def form_of(rows: pa.Table) -> Form:
    """The narrowest form that takes the rows. One column at least is written."""
    first, *others = rows.schema.names
    same = {name: text for name in others if (text := _same(rows.column(name))) is not None}
    written = frozenset((first, *others)) - same.keys()
    return Form(written, frozenset(name for name in written if not rows.column(name).null_count), same)


def _same(column: pa.ChunkedArray) -> str | None:
    """The text of the value that all rows have; None where they differ, or it is of no use to ask."""
    if column.null_count or not len(column):
        return None
    if pa.types.is_list(column.type):
        return None if any(chunk.offsets[0] != chunk.offsets[-1] for chunk in column.chunks) else "[]"
    is_coded = pa.types.is_dictionary(column.type)  # the chunks have one dictionary
    if not is_coded and not pa.types.is_integer(column.type):
        return None
    chunks = [np.asarray(chunk.indices if is_coded else chunk) for chunk in column.chunks if len(chunk)]
    value = chunks[0][0]
    if value != chunks[-1][-1] or not all((chunk == value).all() for chunk in chunks):
        return None
    text = column.chunk(0).dictionary[int(value)].as_py() if is_coded else str(value)
    return text if text.isprintable() else None
