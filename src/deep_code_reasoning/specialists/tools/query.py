"""Read-only SQL over the evidence, guarded by the store."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import QueryRefusedError
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk
    from deep_code_reasoning.store.query import QueryResult

_MOST_ROWS = 1_000
_SECONDS = 20.0
_KIND = re.compile(r"([A-Z]\w*(?: [A-Za-z]\w*)* Error): ")
_ABOUT_THE_STATEMENT = ("Binder Error", "Catalog Error", "Parser Error", "Syntax Error")


class Parameters(Paged, frozen=True, kw_only=True):
    sql: str


def describe(description: str) -> str:
    from deep_code_reasoning.store.catalogue import described_tables, described_views

    tables = [*described_tables(), *described_views()]
    return description.replace(
        "{tables}", "; ".join(f"{one.name}({', '.join(column.name for column in one.columns)})" for one in tables)
    )


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    result = _run(desk, asked.sql, work)
    lines = [" | ".join(result.columns), *(" | ".join(_cell(value) for value in row) for row in result.rows)]
    said = f"{len(result.rows):,} rows" + (", more were cut" if result.truncated else "")
    mark = hashlib.sha256(asked.sql.encode("utf-8", "replace")).hexdigest()[:6]
    return [Found(f"query:{mark}", "query", said, "\n".join(lines))]


def _run(desk: Desk, sql: str, work: Work) -> QueryResult:
    from deep_code_reasoning.store.query import run_query

    seconds = min(_SECONDS, desk.settings.query_seconds)
    try:
        return run_query(desk.tables, sql, row_limit=_MOST_ROWS, seconds=seconds, work=work)
    except QueryRefusedError as error:
        kind = _KIND.match(str(error))
        if kind is None or kind[1] in _ABOUT_THE_STATEMENT:
            raise
        # An error in a row quotes the row, and an error is not fenced.
        raise QueryRefusedError(f"{kind[1]} in a row; leave out the rows that are not so, or use TRY_CAST") from None


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\n", " ⏎ ")
