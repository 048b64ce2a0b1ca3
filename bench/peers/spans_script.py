"""What a user writes by hand: python spans_script.py TRACES.jsonl FOLDER. Prints the number of spans of the table.

The standard library alone: json.loads each line, rows into SQLite in one transaction, attributes as JSON text.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

source, folder = sys.argv[1:]


def spans() -> Iterator[tuple[object, ...]]:
    with Path(source).open(encoding="utf-8") as lines:
        for line in lines:
            for group in json.loads(line)["resourceSpans"]:
                resource = {a["key"]: a["value"] for a in group["resource"]["attributes"]}
                service = resource["service.name"]["stringValue"]
                for scope in group["scopeSpans"]:
                    for span in scope["spans"]:
                        start = int(span["startTimeUnixNano"])
                        attributes = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
                        yield (
                            span["traceId"],
                            span["spanId"],
                            span.get("parentSpanId"),
                            service,
                            span["name"],
                            span["kind"],
                            span["status"].get("code", 0),
                            start,
                            int(span["endTimeUnixNano"]) - start,
                            json.dumps(attributes),
                        )


database = sqlite3.connect(Path(folder) / "spans.sqlite")
with database:
    database.execute(
        "CREATE TABLE spans (trace_id, span_id, parent_span_id, service_name, name, kind, status_code, "
        "start_time_unix_nano, duration_nano, attributes)"
    )
    database.executemany("INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", spans())
print(database.execute("SELECT count(*) FROM spans").fetchone()[0])
