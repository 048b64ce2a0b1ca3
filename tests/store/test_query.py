"""What users' SQL may do, and what each refusal says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.errors import CancelledError, QueryRefusedError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.store.query import QueryResult, run_query
from deep_code_reasoning.store.tables import Tables
from store.rows import tables_of

ENDLESS = "SELECT sum(hash(range)) FROM range(1000000000000)"

ACCEPTED = """
SELECT 1
select count(*) from spans;
WITH a AS (SELECT 1 AS x) SELECT * FROM a
FROM logs SELECT body
VALUES (1), (2)
TABLE logs
DESCRIBE spans
DESC SELECT 1
SHOW TABLES
SUMMARIZE logs
EXPLAIN SELECT * FROM spans
EXPLAIN ANALYZE SELECT count(*) FROM spans
EXPLAIN (FORMAT json) SELECT 1
PIVOT logs ON severity_number IN (9, 17) USING count(*)
SELECT a.key FROM (SELECT unnest(attributes) AS a FROM spans)
SELECT 'getenv(1)' AS duckdb -- duckdb_settings()
SELECT * FROM (SHOW TABLES)
SELECT table_name FROM information_schema.tables
SELECT "update" FROM (SELECT 1 AS "update")
"""

REFUSED = r"""
                                                        | no statements
-- only a comment                                       | no statements
SELECT 1; SELECT 2                                      | 2 statements
INSERT INTO logs SELECT * FROM logs                     | INSERT is not accepted
CREATE TEMP TABLE x AS SELECT 1                         | CREATE is not accepted
WITH x AS (DELETE FROM mine RETURNING *) SELECT * FROM x | DELETE inside a query
SELECT * FROM (UPDATE mine SET x = 1 RETURNING *)       | syntax error
ATTACH '/etc/passwd'                                    | ATTACH is not accepted
COPY spans TO '/tmp/stolen.csv'                         | COPY
EXPORT DATABASE '/tmp/stolen'                           | EXPORT is not accepted
EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/stolen'        | COPY
EXPLAIN /* x */ ANALYZE CREATE TEMP TABLE x AS SELECT 1 | CREATE is not accepted
SET threads = 64                                        | SET is not accepted
RESET memory_limit                                      | not accepted
PRAGMA database_list                                    | PRAGMA is not accepted
CALL pragma_version()                                   | CALL is not accepted
LOAD json                                               | LOAD is not accepted
INSTALL httpfs                                          | not accepted
BEGIN                                                   | TRANSACTION is not accepted
PREPARE x AS SELECT 1                                   | PREPARE is not accepted
SELECT * FROM read_csv('/etc/passwd')                   | function read_csv
SELECT * FROM read_text('/etc/passwd')                  | function read_text
SELECT * FROM "READ_BLOB"('/etc/passwd')                | function read_blob
SELECT * FROM '/etc/passwd'                             | tables are
SELECT * FROM 'x.csv'                                   | Error
SELECT * FROM 'https://example.org/x.parquet'           | Error
SELECT * FROM glob('/*')                                | function glob
SELECT * FROM sniff_csv('/etc/passwd')                  | function sniff_csv
SELECT * FROM query('FROM duckdb_settings()')           | function query
SELECT * FROM query_table('spans')                      | function query_table
SELECT * FROM json_execute_serialized_sql('{}')         | function json_execute_serialized_sql
SELECT * FROM arrow_scan(1, 2, 3)                       | function arrow_scan
SELECT * FROM pandas_scan(1)                            | function pandas_scan
FROM duckdb_settings()                                  | duckdb_settings is about this machine
FROM "DuckDB_Secrets"                                   | duckdb_secrets is about this machine
FROM system.main.duckdb_databases()                     | duckdb_databases is about this machine
FROM pragma_storage_info('spans')                       | pragma_storage_info is about this machine
SELECT getenv('HOME')                                   | function getenv
SELECT getenv /**/ ('HOME')                             | function getenv
SELECT 'é', getenv('HOME')                              | function getenv
SELECT current_setting('temp_directory')                | function current_setting
SELECT repeat('x', 1000000000)                          | function repeat
SELECT nosuch FROM logs                                 | Candidate
SELECT * FROM span                                      | tables are
SELEC 1                                                 | not understood as SQL
SELECT $a                                               | parameters cannot be given
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    logs = [{"body": f"line {i}", "severity_number": 9} for i in range(25)]
    with tables_of(tmp_path_factory.mktemp("query"), logs=logs, spans=[{"attributes": {"k": "v"}}]) as opened:
        opened.execute("CREATE TEMP TABLE mine AS SELECT 0 AS x")
        yield opened


def run(tables: Tables, sql: str, row_limit: int = 100, seconds: float = 10, work: Work | None = None) -> QueryResult:
    return run_query(tables, sql, row_limit=row_limit, seconds=seconds, work=work or Work())


@pytest.mark.parametrize("sql", ACCEPTED.strip().splitlines())
def test_accepted(tables: Tables, sql: str) -> None:
    result = run(tables, sql)
    assert result.rows
    assert len(result.columns) == len(result.types) == len(result.rows[0])
    json.dumps(result.rows, allow_nan=False)


@pytest.mark.parametrize("line", REFUSED.strip("\n").splitlines())
def test_refused(tables: Tables, line: str) -> None:
    sql, because = (part.strip() for part in line.rsplit("|", 1))
    with pytest.raises(QueryRefusedError) as refusal:
        run(tables, sql)
    assert because in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert tables.rows("FROM mine") == [(0,)]


def test_one_row_too_many_is_told(tables: Tables) -> None:
    exact = run(tables, "SELECT body FROM logs", row_limit=25)
    assert (len(exact.rows), exact.truncated) == (25, False)
    cut = run(tables, "SELECT body FROM logs ORDER BY log_number", row_limit=24)
    assert (len(cut.rows), cut.truncated, cut.rows[0]) == (24, True, ("line 0",))


def test_the_time_limit_interrupts(tables: Tables) -> None:
    started = time.monotonic()
    with pytest.raises(QueryRefusedError, match=r"time limit of 0\.3 s"):
        run(tables, ENDLESS, seconds=0.3)
    assert time.monotonic() - started < 5
    assert run(tables, "SELECT 1").rows == ((1,),)


def test_the_caller_can_take_it_back(tables: Tables) -> None:
    work = Work()
    threading.Timer(0.2, work.cancel).start()
    with pytest.raises(CancelledError):
        run(tables, ENDLESS, work=work)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT 'nan'::DOUBLE", None),
        ("SELECT 1.5::DECIMAL(9, 2)", 1.5),
        ("SELECT 18446744073709551615::UBIGINT", 18446744073709551615),
        ("SELECT 170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("SELECT DATE '2026-10-13'", "2026-10-13"),
        ("SELECT INTERVAL 90 SECOND", 90.0),
        (r"SELECT '\xAA\xBB'::BLOB", "aabb"),
        ("SELECT {'a': [1, 'inf'::DOUBLE]}", {"a": [1.0, None]}),
        ("SELECT '00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
        ("SELECT MAP {1: 'x'}", {"1": "x"}),
    ],
)
def test_values_are_what_json_can_hold(tables: Tables, sql: str, value: Any) -> None:
    assert run(tables, sql).rows == ((value,),)


def test_more_memory_than_the_limit_is_refused(tables: Tables) -> None:
    with pytest.raises(QueryRefusedError, match="memory"):
        run(tables, "SELECT list(range) FROM range(1000000000)", seconds=60)


def test_the_files_stay_as_they_are(tables: Tables, tmp_path: Path) -> None:
    for sql in ("COPY logs TO '{}'", "ATTACH '{}'", "EXPORT DATABASE '{}'"):
        with pytest.raises(QueryRefusedError):
            run(tables, sql.format(tmp_path / "out"))
    assert not list(tmp_path.iterdir())
