"""The attributes of many records at once, as columns: those that have one of their own, and the list of the others.

What `Promotion.place` does record by record, step by step for all: where a step is one in C for every attribute, it
costs a tenth of a turn of a loop in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.arrow_tables import SCHEMAS, array_of
from deep_code_reasoning.sources.otlp.values import AnyValue, KeyValue, text_of
from deep_code_reasoning.sources.semantic_conventions import Promotion, promoted, whole_number

_NOWHERE = -1


class Attributes(NamedTuple):
    """Those of many records behind each other; `counts` tells how many each has."""

    counts: np.ndarray
    keys: pa.StringArray
    texts: pa.StringArray

    @classmethod
    def of(cls, lists: Sequence[Sequence[KeyValue]]) -> Attributes:
        given = list(chain.from_iterable(lists))
        keys, texts = [one.key for one in given], _texts_of([one.value for one in given])
        return cls(np.fromiter(map(len, lists), np.int64, len(lists)), array_of(keys), array_of(texts))

    @classmethod
    def together(cls, parts: Sequence[Attributes]) -> Attributes:
        counts, keys, texts = zip(*parts, strict=True)
        return cls(np.concatenate(counts), pa.concat_arrays(keys), pa.concat_arrays(texts))

    def of_records(self, wanted: np.ndarray) -> Attributes:
        """Of those records for which `wanted` is true."""
        some = pa.array(np.repeat(wanted, self.counts))
        return Attributes(self.counts[wanted], self.keys.filter(some), self.texts.filter(some))

    def listed(self) -> pa.Array:
        """The list that each record has."""
        ends = np.zeros(len(self.counts) + 1, np.int32)
        np.cumsum(self.counts, out=ends[1:])
        pairs = pa.StructArray.from_arrays([self.keys, self.texts], names=["key", "value"])
        return pa.ListArray.from_arrays(pa.array(ends), pairs)


class AttributeColumns:
    """Of one table, whose whole-number columns have so many `bits`."""

    def __init__(self, table: str, bits: dict[str, int]) -> None:
        self._names = list(promoted(table))
        self._bits = bits
        self._kinds = [SCHEMAS[table].field(name).type for name in self._names]
        promotion = Promotion(table, self._names, bits)
        self._slots, self._ranks = promotion.slots, promotion.ranks

    def of(self, attributes: Attributes) -> dict[str, pa.Array]:
        """Every promoted column, and `attributes`, which are the others."""
        counts, keys, texts = attributes
        numbers = np.zeros(len(texts), np.int64)
        cells = self._cells(counts, keys.dictionary_encode(), texts, numbers)
        columns = {name: self._column(place, cells[place], texts, numbers) for place, name in enumerate(self._names)}
        is_taken = cells >= 0
        is_left = np.ones(len(texts), bool)
        is_left[cells[is_taken]] = False
        left = pa.array(np.flatnonzero(is_left))
        others = Attributes(counts - is_taken.sum(0), keys.take(left), texts.take(left))
        columns["attributes"] = others.listed()
        return columns

    def _cells(self, counts: np.ndarray, keys: pa.DictionaryArray, texts: pa.Array, numbers: np.ndarray) -> np.ndarray:
        """Which attribute fills a column, by column and record. `numbers` gets those of whole-number columns.

        Where two want one column: the preferred name gets it, of equal ones the first.
        """
        names = keys.dictionary.to_pylist()
        codes = keys.indices.to_numpy()
        slots = np.array([self._slots.get(name, _NOWHERE) for name in names], np.int32)[codes]
        wanting = np.flatnonzero((slots >= 0) & _is_set(texts))
        for place, name in enumerate(self._names):
            if name in self._bits:
                wanting = self._with_numbers(place, wanting, slots, texts, numbers)
        ranks = np.array([self._ranks.get(name, 0) for name in names], np.int64)[codes[wanting]]
        cells = np.full((len(self._names), len(counts)), _NOWHERE, np.int32)
        rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        for rank in range(int(ranks.max(initial=0)), -1, -1):  # what is written last stays
            of_rank = wanting[ranks == rank][::-1]
            cells[slots[of_rank], rows[of_rank]] = of_rank
        return cells

    def _with_numbers(
        self, place: int, wanting: np.ndarray, slots: np.ndarray, texts: pa.Array, numbers: np.ndarray
    ) -> np.ndarray:
        """Without those that want this whole-number column and spell no number that fits it."""
        concerned = slots[wanting] == place
        found = wanting[concerned]
        if not len(found):
            return wanting
        different = texts.take(pa.array(found)).dictionary_encode()
        codes = different.indices.to_numpy()
        values = [whole_number(text, self._bits[self._names[place]]) for text in different.dictionary.to_pylist()]
        numbers[found] = np.array([value or 0 for value in values], np.int64)[codes]
        concerned[concerned] = np.array([value is None for value in values])[codes]
        return wanting[~concerned]

    def _column(self, place: int, cells: np.ndarray, texts: pa.Array, numbers: np.ndarray) -> pa.Array:
        empty = cells < 0
        if empty.all():
            return pa.nulls(len(cells), self._kinds[place])
        if self._names[place] in self._bits:
            return pa.array(numbers[cells].astype(self._kinds[place].to_pandas_dtype()), mask=empty)
        return texts.take(pa.array(cells, mask=empty))


def _texts_of(values: list[AnyValue | None]) -> list[str | None]:
    """`text_of` of each; what is a string, an integer in quotes or a truth value without a call."""
    return [
        text_of(value)
        if value is None
        else text
        if (text := value.stringValue) is not None
        else number
        if isinstance(number := value.intValue, str)
        else text_of(value)
        if number is not None or (truth := value.boolValue) is None
        else "true"
        if truth
        else "false"
        for value in values
    ]


def _is_set(texts: pa.Array) -> np.ndarray | bool:
    return texts.is_valid().to_numpy(zero_copy_only=False) if texts.null_count else True
