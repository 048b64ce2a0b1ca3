"""DuckDB's JSON reader: python spans_duckdb.py TRACES.jsonl FOLDER. Prints the number of spans of the table.

The columns are given, so that nothing is sniffed twice; the file is read once, unnested, and stored in a database
file. Values of an attribute are one struct with a field a type, brought to text by coalesce.
"""

import sys
from pathlib import Path

import duckdb

VALUE = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue VARCHAR, boolValue VARCHAR)"
ATTRIBUTES = f"STRUCT(key VARCHAR, value {VALUE})[]"
SPAN = f"""STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind INTEGER,
    startTimeUnixNano BIGINT, endTimeUnixNano BIGINT, attributes {ATTRIBUTES},
    status STRUCT(code INTEGER, message VARCHAR))"""
COLUMN = f"STRUCT(resource STRUCT(attributes {ATTRIBUTES}), scopeSpans STRUCT(spans {SPAN}[])[])[]"
TEXT = "coalesce(a.value.stringValue, a.value.intValue, a.value.doubleValue, a.value.boolValue)"

source, folder = sys.argv[1:]
database = duckdb.connect(Path(folder) / "spans.duckdb")
database.execute(f"SET memory_limit = '8GB'; SET preserve_insertion_order = false; SET temp_directory = '{folder}'")
database.execute(
    f"""
    CREATE TABLE spans AS
    WITH resources AS (
        SELECT unnest(resourceSpans) AS r
        FROM read_json($1, format = 'newline_delimited', columns = {{resourceSpans: $2}},
            maximum_object_size = 33554432)
    ), spans AS (
        SELECT list_filter(
                   r.resource.attributes, lambda a: a.key = 'service.name')[1].value.stringValue AS service_name,
               unnest(flatten(list_transform(r.scopeSpans, lambda s: s.spans))) AS s
        FROM resources
    )
    SELECT s.traceId AS trace_id, s.spanId AS span_id, nullif(s.parentSpanId, '') AS parent_span_id, service_name,
           s.name AS name, s.kind AS kind, s.status.code AS status_code, s.startTimeUnixNano AS start_time_unix_nano,
           s.endTimeUnixNano - s.startTimeUnixNano AS duration_nano,
           map(list_transform(s.attributes, lambda a: a.key),
               list_transform(s.attributes, lambda a: {TEXT})) AS attributes
    FROM spans
    """.replace("$2", "'" + COLUMN.replace("\n", " ") + "'"),
    [source],
)
print(database.execute("SELECT count(*) FROM spans WHERE service_name IS NOT NULL").fetchone()[0])
database.close()
