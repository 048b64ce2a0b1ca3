"""Embedded ClickHouse (chdb): python spans_clickhouse.py TRACES.jsonl FOLDER. Prints the number of spans of the table.

JSONEachRow with the nested type given as the structure of file(), arrayJoin over resources, scopes and spans, into a
MergeTree in FOLDER. Values of an attribute are a tuple with a member a type, brought to text; attributes are a Map.
"""

import sys
from pathlib import Path

from chdb.session import Session

VALUE = """Tuple(stringValue Nullable(String), intValue Nullable(String),
    doubleValue Nullable(Float64), boolValue Nullable(Bool))"""
ATTRIBUTES = f"Array(Tuple(key String, value {VALUE}))"
SPAN = f"""Tuple(traceId String, spanId String, parentSpanId String, name LowCardinality(String), kind Int8,
    startTimeUnixNano UInt64, endTimeUnixNano UInt64, attributes {ATTRIBUTES},
    status Tuple(code Int8, message String))"""
STRUCTURE = (
    f"resourceSpans Array(Tuple(resource Tuple(attributes {ATTRIBUTES}), scopeSpans Array(Tuple(spans Array({SPAN})))))"
)

source, folder = sys.argv[1:]
session = Session(str(Path(folder) / "clickhouse"))
session.query("CREATE DATABASE bench")
session.query("""
    CREATE TABLE bench.spans (
        trace_id String, span_id String, parent_span_id String, service_name LowCardinality(String),
        name LowCardinality(String), kind Int8, status_code Int8, start_time_unix_nano UInt64, duration_nano Int64,
        attributes Map(LowCardinality(String), String)
    ) ENGINE = MergeTree ORDER BY (service_name, start_time_unix_nano)
""")
session.query(f"""
    INSERT INTO bench.spans
    SELECT s.traceId, s.spanId, s.parentSpanId, service, s.name, s.kind, s.status.code, s.startTimeUnixNano,
           toInt64(s.endTimeUnixNano) - toInt64(s.startTimeUnixNano),
           CAST(arrayMap(a -> (a.1, coalesce(a.2.1, a.2.2, toString(a.2.3), toString(a.2.4), '')), s.attributes),
                'Map(LowCardinality(String), String)')
    FROM (
        SELECT arrayFirst(a -> a.1 = 'service.name', r.resource.attributes).2.1 AS service,
               arrayJoin(arrayFlatten(arrayMap(x -> x.1, r.scopeSpans))) AS s
        FROM (
            SELECT arrayJoin(resourceSpans) AS r
            FROM file('{source}', JSONEachRow, '{STRUCTURE.replace(chr(10), " ")}')
        )
    )
    SETTINGS input_format_skip_unknown_fields = 1, input_format_json_defaults_for_missing_elements_in_named_tuple = 1
""")
print(str(session.query("SELECT count() FROM bench.spans WHERE service_name != ''", "TSV")).strip())
