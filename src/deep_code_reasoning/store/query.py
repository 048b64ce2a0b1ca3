"""Runs a user's SQL on an investigation: guarded, with a row limit and a time limit, results ready for JSON."""

from __future__ import annotations

import datetime
import decimal
import math
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from deep_code_reasoning.errors import QueryRefusedError
from deep_code_reasoning.store.engine import one_line
from deep_code_reasoning.store.query_guard import checked

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

LARGEST_INTEGER = (1 << 64) - 1


@dataclass(frozen=True)
class QueryResult:
    """`types` are DuckDB's names; `rows` hold only what JSON knows; `truncated`: the row limit cut the result."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    seconds: float
    row_limit: int


def run_query(tables: Tables, sql: str, *, row_limit: int, seconds: float, work: Work) -> QueryResult:
    """Raises QueryRefusedError (not a single read-only statement, unknown names, past a limit) and CancelledError."""
    statement = checked(sql)
    started = time.monotonic()
    timer = threading.Timer(seconds, tables.interrupt)
    timer.daemon = True
    work.on_cancel(tables.interrupt)
    work.check()
    timer.start()
    try:
        columns, types, rows = tables.fetch_read_only(statement, row_limit + 1)
    except duckdb.InterruptException:
        work.check()
        raise _too_slow(seconds) from None
    except duckdb.PermissionException as error:
        raise QueryRefusedError(f"a query cannot reach files, network or extensions: {one_line(error)}") from None
    except duckdb.OutOfMemoryException:
        raise QueryRefusedError("the query needs more memory than memory_limit; aggregate, filter or LIMIT") from None
    except duckdb.CatalogException as error:
        raise QueryRefusedError(f"{one_line(error)}; tables are {', '.join(tables.names())}") from None
    except duckdb.Error as error:
        raise QueryRefusedError(one_line(error)) from None
    finally:
        timer.cancel()
    return QueryResult(
        columns=tuple(columns),
        types=tuple(types),
        rows=tuple(tuple(plain(value) for value in row) for row in rows[:row_limit]),
        truncated=len(rows) > row_limit,
        seconds=time.monotonic() - started,
        row_limit=row_limit,
    )


def _too_slow(seconds: float) -> QueryRefusedError:
    return QueryRefusedError(f"stopped after the time limit of {seconds:g} s; filter, aggregate or raise query_seconds")


def plain(value: Any) -> Any:
    """The value as JSON can hold it: times as ISO 8601, decimals as numbers, NaN as null, bytes as hex.

    Integers of more than 64 bits become text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value <= LARGEST_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return plain(float(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, uuid.UUID) else repr(value)
