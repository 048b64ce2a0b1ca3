"""Which attributes have columns, under which of their names through the versions of the conventions."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from deep_code_reasoning.sources.otlp.values import KeyValue, text_of


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def promoted(table: str) -> dict[str, list[str]]:
    """Column → attribute names, preferred first, in the order of the data file."""
    return _tables()[table]


def clock_names() -> list[str]:
    """The attributes that may name a resource's clock, preferred first."""
    return _tables()["clock"]["host"]


class Promotion:
    """Where a table's promoted attributes go in a row of `columns`.

    `slots[name]` is the index in the row, `ranks[name]` the place among the names of the same column (0 is
    preferred). Whole numbers are told from texts by `bits`: index in the row → width of the column.
    """

    def __init__(self, table: str, columns: list[str], bits: dict[str, int]) -> None:
        self.slots: dict[str, int] = {}
        self.ranks: dict[str, int] = {}
        for column, names in promoted(table).items():
            for rank, name in enumerate(names):
                self.slots[name] = columns.index(column)
                self.ranks[name] = rank
        self.bits = {columns.index(column): width for column, width in bits.items()}

    def place(self, row: list, attributes: list[KeyValue], keys: list[str], values: list[str | None]) -> None:
        """Puts attributes into their columns of `row`, None before, and appends the others to `keys` and `values`.

        A text that does not fit a whole-number column stays an attribute.
        """
        slot_of, bits, start = self.slots.get, self.bits, len(keys)
        for attribute in attributes:
            value = attribute.value
            if value is None or (text := value.stringValue) is None:
                text = text_of(value)
            slot = slot_of(attribute.key)
            if slot is None or text is None:
                keys.append(attribute.key)
                values.append(text)
            elif row[slot] is not None:
                return self._place_by_rank(row, attributes, keys, values, start)
            elif slot not in bits:
                row[slot] = text
            elif (number := whole_number(text, bits[slot])) is not None:
                row[slot] = number
            else:
                keys.append(attribute.key)
                values.append(text)
        return None

    def _place_by_rank(
        self, row: list, attributes: list[KeyValue], keys: list[str], values: list[str | None], start: int
    ) -> None:
        """The same where two attributes want one column: the preferred name gets it, of equal ones the first."""
        del keys[start:], values[start:]
        texts = [text_of(attribute.value) for attribute in attributes]
        best: dict[int, int] = {}  # index in the row → index of the attribute; one object may come twice
        for index, (attribute, text) in enumerate(zip(attributes, texts, strict=True)):
            slot = self.slots.get(attribute.key)
            if slot is None or text is None or (slot in self.bits and whole_number(text, self.bits[slot]) is None):
                continue
            if slot not in best or self.ranks[attribute.key] < self.ranks[attributes[best[slot]].key]:
                best[slot] = index
        for slot, index in best.items():
            row[slot] = whole_number(texts[index], self.bits[slot]) if slot in self.bits else texts[index]
        placed = set(best.values())
        for index, (attribute, text) in enumerate(zip(attributes, texts, strict=True)):
            if index not in placed:
                keys.append(attribute.key)
                values.append(text)


def whole_number(text: str | None, bits: int) -> int | None:
    """The integer that an attribute's text spells, where it fits so many bits."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return number if -(1 << (bits - 1)) <= number < 1 << (bits - 1) else None
