"""The ranking of source code, asked with a model's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_MOST_FILES = 8
_PIECES_A_FILE = 2
_LONGEST_PIECE = 60


class Parameters(Paged, frozen=True, kw_only=True):
    text: str
    symbols: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    from deep_code_reasoning.code.ranking.query import Query
    from deep_code_reasoning.code.ranking.rank import rank

    if not (indexes := desk.indexes(work)):
        raise UsageError("no source tree is known here; the evidence names no repository under the allowed folders")
    query = Query(title=asked.text, symbols=asked.symbols, files=asked.files)
    found = []
    for file in rank(indexes, query, _MOST_FILES, read=_MOST_FILES):
        work.check()
        path = desk.folder_called(file.repository) / file.path
        why = "; ".join(file.reasons[:3])
        pieces = [(c.line, min(c.end_line, c.line + _LONGEST_PIECE - 1)) for c in file.chunks[:_PIECES_A_FILE]]
        for first, last in sorted(pieces) or [(1, _LONGEST_PIECE)]:
            try:
                found.append(desk.code(path, first, last, why))
            except Unreadable:
                continue  # it went, or shrank, since it was indexed
    if not found:
        raise UsageError(f"no file holds any word of {asked.text!r}")
    return found
