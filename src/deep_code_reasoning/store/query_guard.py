"""Decides whether a user's SQL may run: one statement that reads tables and nothing else.

Two fences. The engine's own (sealed connection, files attached read-only, read-only transaction) keeps files, network
and settings out of reach. This one, before it, refuses what the engine would still answer: what tells about this
machine, dynamic SQL, raw pointers, and functions that blow a small text up beyond the memory limit's sight.
"""

from __future__ import annotations

import functools

import duckdb

from deep_code_reasoning.errors import QueryRefusedError
from deep_code_reasoning.store.engine import one_line

ACCEPTED = "one read-only statement: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one"
TABLE_FUNCTIONS = frozenset({
    "generate_series", "histogram", "histogram_values", "json_each", "json_tree", "pg_timezone_names", "range",
    "repeat_row", "summary", "unnest",
})  # fmt: skip
REFUSED_FUNCTIONS = frozenset({
    "array_resize", "current_setting", "getenv", "getvariable", "list_resize", "lpad", "nextval", "repeat", "rpad",
    "setseed", "setval", "write_log",
})  # fmt: skip
REFUSED_PREFIXES = ("duckdb_", "pragma_")
_WRITES = frozenset({"insert", "update", "delete", "merge", "copy"})


def checked(sql: str) -> duckdb.Statement:
    """The single statement of `sql`. Raises QueryRefusedError saying what was found and what is accepted."""
    statement = _only_statement(sql)
    kind = statement.type.name
    if kind == "EXPLAIN":
        inner = _explained(sql)
        kind = _only_statement(inner).type.name if inner else "EXPLAIN of nothing"
    if kind != "SELECT":
        raise QueryRefusedError(f"{kind.replace('_', ' ')} is not accepted; expected {ACCEPTED}")
    _check_names(_tokens(sql))
    return statement


def _only_statement(sql: str) -> duckdb.Statement:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryRefusedError(f"not understood as SQL: {one_line(error)}") from None
    if len(statements) != 1:
        raise QueryRefusedError(f"{len(statements) or 'no'} statements given; expected {ACCEPTED}")
    if statements[0].named_parameters:
        raise QueryRefusedError("parameters cannot be given; write the values into the statement")
    return statements[0]


def _tokens(sql: str) -> list[tuple[str, str, int]]:
    """(kind, text, offset) of every token but comments; names lower-case and without their quotes."""
    places = duckdb.tokenize(sql)
    encoded = sql.encode()  # offsets count bytes
    ends = [offset for offset, _ in places[1:]] + [len(encoded)]
    tokens = []
    for (offset, kind), end in zip(places, ends, strict=True):
        text = encoded[offset:end].decode(errors="replace").strip()
        if kind.name == "comment":
            continue
        if kind.name in ("identifier", "keyword"):
            text = text.strip('"').replace('""', '"').lower()
        tokens.append((kind.name, text, offset))
    return tokens


def _check_names(tokens: list[tuple[str, str, int]]) -> None:
    for number, (kind, text, _) in enumerate(tokens):
        if kind not in ("identifier", "keyword"):
            continue
        before = tokens[number - 1][1] if number else ""
        after = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        if text.startswith(REFUSED_PREFIXES):
            raise QueryRefusedError(f"{text} is about this machine, not the evidence; SHOW TABLES lists the tables")
        if kind == "keyword" and text in _WRITES and before.endswith("("):
            raise QueryRefusedError(f"{text.upper()} inside a query is not accepted; expected {ACCEPTED}")
        if after.startswith("(") and (text in REFUSED_FUNCTIONS or text in _refused_table_functions()):
            raise QueryRefusedError(f"function {text} is not accepted in a query; only the tables can be read")


@functools.cache
def _refused_table_functions() -> frozenset[str]:
    """Whatever this DuckDB has that may stand in FROM, less those known to be harmless: new ones start refused."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
        ).fetchall()
    return frozenset(name for (name,) in found) - TABLE_FUNCTIONS


def _explained(sql: str) -> str:
    """What stands behind EXPLAIN, ANALYZE and a list of options in parentheses."""
    encoded = sql.encode()
    depth = 0
    for kind, text, offset in _tokens(sql)[1:]:
        if kind == "operator":
            depth += text.count("(") - text.count(")")
        elif depth == 0 and text not in ("analyze", "verbose"):
            return encoded[offset:].decode()
    return ""
