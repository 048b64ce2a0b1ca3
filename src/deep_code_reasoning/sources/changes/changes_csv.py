"""Tables of changes as CSV with a header: deployments, switched flags or commits, told apart by their columns.

Delimited by comma, semicolon, tab or bar. A message in quotes may span lines; a quote that is never closed costs its
line.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from deep_code_reasoning.sources.changes.change_rows import ChangeRows
from deep_code_reasoning.sources.changes.deploy import Deploy
from deep_code_reasoning.sources.changes.plain_changes import Columns, Commit, change_of, claim, columns_of
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

NOT_A_TABLE = "table without a time and a change"
WRONG_WIDTH = "line with another number of cells than the header"
OPEN_QUOTE = "line with a quote that is not closed"

DELIMITERS = ",;\t|"
_ROWS = 200
_MOST_LINES = 500  # of one cell
_MOST_BYTES = 1 << 20
_OPEN = re.compile(rb'(?:^|[,;\t|])[ ]*"(?:[^"]|"")*+$')


class ChangesCsv:
    name = "changes-csv"
    accepts = "changes as CSV with a header: time, service, version, commit, ... or commit, author, message"

    def claims(self, sample: Sample) -> int:
        if sample.head.lstrip()[:1] in (b"{", b"[", b"<"):
            return 0
        lines = sample.head.split(b"\n")[: _ROWS + 20]
        if not sample.complete and len(lines) > 1:
            lines.pop()
        numbered = (Line(number, 0, line) for number, line in enumerate(lines, 1))
        rows = [row for row in _records(numbered) if isinstance(row, _Row)]
        header = rows[0].cells if rows else []
        even = [row.cells for row in rows[1:] if len(row.cells) == len(header)]
        if len(header) < 3 or len(even) * 10 < (len(rows) - 1) * 8:
            return 0
        return claim(tuple(header), [dict(zip(header, cells, strict=True)) for cells in even])

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        rows = ChangeRows(stream.name)
        header: list[str] | None = None
        columns: Columns | None = None
        for number, row in enumerate(_records(stream.lines())):
            if isinstance(row, Skipped):
                yield row
            elif header is None:
                header, columns = row.cells, columns_of(tuple(row.cells))
                if columns is None:
                    yield Skipped(row.line, row.offset, NOT_A_TABLE)
                    return
            elif columns:
                yield from rows.put(_made(row, header, columns, number), row.line, row.offset)
        yield from rows.rest()


READER = ChangesCsv()


class _Row(NamedTuple):
    line: int
    offset: int
    cells: list[str]


def _made(row: _Row, header: list[str], columns: Columns, number: int) -> Deploy | Commit | str:
    if len(row.cells) != len(header):
        return WRONG_WIDTH
    return change_of(dict(zip(header, row.cells, strict=True)), columns, row.offset, number)


class _Cells:
    """Cuts lines into cells; the delimiter is the commonest of the first line, the header."""

    def __init__(self) -> None:
        self.delimiter = ""

    def of(self, text: str) -> list[str]:
        """Raises csv.Error."""
        self.delimiter = self.delimiter or max(DELIMITERS, key=text.count)
        return [cell.strip() for cell in next(csv.reader([text], delimiter=self.delimiter), [])]

    def is_whole(self, text: bytes) -> bool:
        """Whether behind each closing quote a cell ends."""
        lines = [text.decode("utf-8", "replace")]
        try:
            return bool(next(csv.reader(lines, delimiter=self.delimiter or ",", strict=True), None))
        except csv.Error:
            return False


def _records(lines: Iterable[Line | Skipped]) -> Iterator[_Row | Skipped]:
    """The header and the rows; lines in front that are blank, notes or `sep=;` are none."""
    cells = _Cells()
    for line in _logical(lines, cells.is_whole):
        if isinstance(line, Skipped):
            yield line
            continue
        text = line.data.decode("utf-8", "replace").strip("\r\n")
        if not text.strip() or (not cells.delimiter and (text.startswith("#") or text.lower().startswith("sep="))):
            continue
        try:
            yield _Row(line.number, line.offset, cells.of(text))
        except csv.Error:
            yield Skipped(line.number, line.offset, WRONG_WIDTH)


def _logical(lines: Iterable[Line | Skipped], is_whole: Callable[[bytes], bool]) -> Iterator[Line | Skipped]:
    """Lines, put together while a quote is open; where it is not closed soon, the first of them is passed over.

    `is_whole`: whether what was put together is well-formed, and not held together by the quote of another row.
    """
    held: list[Line] = []
    again: deque[Line | Skipped | None] = deque()
    quotes = size = 0
    source = iter(lines)
    while True:
        line = again.popleft() if again else next(source, None)
        if isinstance(line, Line) and (held or _opens(line.data)):
            held.append(line)
            quotes, size = quotes + line.data.count(b'"'), size + len(line.data)
            if quotes % 2 and len(held) <= _MOST_LINES and size <= _MOST_BYTES:
                continue
        if not held:
            if line is None:
                return
            yield line
            continue
        whole = b"\n".join(one.data for one in held)
        if quotes % 2 == 0 and is_whole(whole):
            yield Line(held[0].number, held[0].offset, whole)
        else:
            yield Skipped(held[0].number, held[0].offset, OPEN_QUOTE)
            again.extendleft(reversed([*held[1:], *([] if isinstance(line, Line) else [line])]))
        held, quotes, size = [], 0, 0


def _opens(text: bytes) -> bool:
    """Whether the line ends within a cell in quotes."""
    return text.count(b'"') % 2 == 1 and _OPEN.search(text) is not None
