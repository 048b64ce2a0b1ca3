"""Polars: python spans_polars.py TRACES.jsonl FOLDER. Prints the number of spans written.

scan_ndjson with the schema given (no sniffing), explode and unnest lazily, sink to Parquet with the streaming engine,
so that neither the text nor the frame has to be in memory at once.
"""

import sys
from pathlib import Path

import polars as pl

VALUE = pl.Struct({"stringValue": pl.String, "intValue": pl.String, "doubleValue": pl.Float64, "boolValue": pl.Boolean})
ATTRIBUTES = pl.List(pl.Struct({"key": pl.String, "value": VALUE}))
SPAN = pl.Struct(
    {
        "traceId": pl.String,
        "spanId": pl.String,
        "parentSpanId": pl.String,
        "name": pl.String,
        "kind": pl.Int32,
        "startTimeUnixNano": pl.String,
        "endTimeUnixNano": pl.String,
        "attributes": ATTRIBUTES,
        "status": pl.Struct({"code": pl.Int32, "message": pl.String}),
    }
)
SCHEMA = {
    "resourceSpans": pl.List(
        pl.Struct(
            {
                "resource": pl.Struct({"attributes": ATTRIBUTES}),
                "scopeSpans": pl.List(pl.Struct({"spans": pl.List(SPAN)})),
            }
        )
    )
}

source, folder = sys.argv[1:]
target = Path(folder) / "spans.parquet"
service = (
    pl.col("resource")
    .struct.field("attributes")
    .list.eval(
        pl.element()
        .struct.field("value")
        .struct.field("stringValue")
        .filter(pl.element().struct.field("key") == "service.name")
    )
    .list.first()
)
start, end = pl.col("startTimeUnixNano").cast(pl.Int64), pl.col("endTimeUnixNano").cast(pl.Int64)
(
    pl.scan_ndjson(source, schema=SCHEMA)
    .explode("resourceSpans")
    .unnest("resourceSpans")
    .select(service.alias("service_name"), "scopeSpans")
    .explode("scopeSpans")
    .unnest("scopeSpans")
    .explode("spans")
    .unnest("spans")
    .select(
        pl.col("traceId").alias("trace_id"),
        pl.col("spanId").alias("span_id"),
        pl.col("parentSpanId").alias("parent_span_id"),
        "service_name",
        "name",
        "kind",
        pl.col("status").struct.field("code").alias("status_code"),
        start.alias("start_time_unix_nano"),
        (end - start).alias("duration_nano"),
        "attributes",
    )
    .sink_parquet(target)
)
print(pl.scan_parquet(target).filter(pl.col("service_name").is_not_null()).select(pl.len()).collect().item())
