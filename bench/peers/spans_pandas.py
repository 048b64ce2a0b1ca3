"""pandas: python spans_pandas.py TRACES.jsonl FOLDER. Prints the number of spans written.

pandas cannot unnest OTLP by itself in one step (json_normalize walks it span by span in Python, slower than this):
each line is parsed by orjson, its spans become tuples, and a frame of them is written as Parquet.
"""

import sys
from pathlib import Path

import orjson
import pandas

COLUMNS = (
    "trace_id span_id parent_span_id service_name name kind status_code start_time_unix_nano duration_nano attributes"
)

source, folder = sys.argv[1:]
rows = []
with Path(source).open("rb") as lines:
    for line in lines:
        for group in orjson.loads(line)["resourceSpans"]:
            resource = {a["key"]: a["value"] for a in group["resource"]["attributes"]}
            service = resource["service.name"]["stringValue"]
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    start = int(span["startTimeUnixNano"])
                    rows.append(
                        (
                            span["traceId"],
                            span["spanId"],
                            span.get("parentSpanId"),
                            service,
                            span["name"],
                            span["kind"],
                            span["status"].get("code", 0),
                            start,
                            int(span["endTimeUnixNano"]) - start,
                            orjson.dumps({a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}),
                        )
                    )
frame = pandas.DataFrame(rows, columns=COLUMNS.split())
target = Path(folder) / "spans.parquet"
frame.to_parquet(target)
print(int(pandas.read_parquet(target, columns=["service_name"])["service_name"].notna().sum()))
