"""`query_evidence`: one read-only statement over the store, or the tables it can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    given = Arguments.of(arguments)
    sql = given.text("sql", None)
    if not sql:
        return _tables(desk)
    result = desk.query(
        sql,
        investigation=given.text("investigation", None),
        row_limit=given.number("row_limit", None, least=1, most=10**6, whole=True),
        seconds=given.number("seconds", None, least=0.001, most=86_400),
        work=work,
    )
    cut = " (cut at the row limit; raise row_limit or aggregate)" if result.truncated else ""
    return Result(
        {
            "narrative": f"{len(result.rows):,} rows{cut}.",
            "columns": [list(pair) for pair in zip(result.columns, result.types, strict=True)],
            "truncated": result.truncated,
            "cost": {"seconds": round(result.seconds, 3), "dollars": 0.0},
        },
        {"rows": [list(row) for row in result.rows]},
    )


def _tables(desk: Investigations) -> Result:
    described = [
        {
            "name": table.name,
            "meaning": table.meaning,
            "columns": [f"{c.name} {c.type}" + (f": {c.meaning}" if c.meaning else "") for c in table.columns],
        }
        for table in desk.tables()
    ]
    return Result({"narrative": f"{len(described)} tables and views can be queried."}, {"tables": described})
