"""The columns readers fill, as Arrow types, and the buffer in which their rows wait to become a batch.

Names and types follow store/schema/*.sql; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from deep_code_reasoning.sources.reader import Batch

BATCH_ROWS = 32_768
BATCH_INPUT_BYTES = 32 << 20

_TEXT, _LONG, _INT, _DOUBLE = pa.string(), pa.int64(), pa.int32(), pa.float64()
_ATTRIBUTES = pa.list_(pa.struct([("key", _TEXT), ("value", _TEXT)]))


def _texts(names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, _TEXT) for name in names.split()]


SCHEMAS: dict[str, pa.Schema] = {
    name: pa.schema(columns)
    for name, columns in {
        "resources": [
            ("resource_number", _LONG),
            *_texts("service_name service_version service_instance_id host host_name k8s_pod_name k8s_node_name"),
            *_texts("deployment_environment_name vcs_repository_url_full vcs_ref_head_revision"),
            ("source_offset", _LONG),
            ("attributes", _ATTRIBUTES),
        ],
        "spans": [
            ("span_number", _LONG),
            *_texts("trace_id span_id parent_span_id name kind status_code status_message"),
            ("start_time_unix_nano", _LONG),
            ("duration_nano", _LONG),
            *_texts("service_name host"),
            ("resource_number", _LONG),
            ("scope_name", _TEXT),
            ("source_offset", _LONG),
            *_texts("http_request_method http_route url_path url_full server_address network_peer_address"),
            *_texts("rpc_system rpc_service rpc_method db_system_name db_namespace db_collection_name"),
            *_texts("db_operation_name db_query_text messaging_system messaging_operation_type"),
            *_texts("messaging_destination_name error_type code_file_path code_function_name"),
            ("http_response_status_code", _INT),
            ("server_port", _INT),
            ("code_line_number", _INT),
            ("thread_id", _LONG),
            ("attributes", _ATTRIBUTES),
        ],
        "events": [
            ("span_number", _LONG),
            ("name", _TEXT),
            ("time_unix_nano", _LONG),
            ("source_offset", _LONG),
            *_texts("exception_type exception_message exception_stacktrace"),
            ("attributes", _ATTRIBUTES),
        ],
        "links": [
            ("span_number", _LONG),
            *_texts("trace_id span_id"),
            ("source_offset", _LONG),
            ("attributes", _ATTRIBUTES),
        ],
        "logs": [
            ("log_number", _LONG),
            ("time_unix_nano", _LONG),
            ("observed_time_unix_nano", _LONG),
            ("severity_number", _INT),
            *_texts("severity_text body trace_id span_id service_name host"),
            ("resource_number", _LONG),
            ("scope_name", _TEXT),
            ("source_offset", _LONG),
            *_texts("event_name exception_type exception_stacktrace"),
            ("attributes", _ATTRIBUTES),
        ],
        "metrics": [
            ("time_unix_nano", _LONG),
            ("start_time_unix_nano", _LONG),
            *_texts("name unit kind aggregation_temporality"),
            ("is_monotonic", pa.bool_()),
            *[(name, _DOUBLE) for name in ("value", "count", "sum", "min", "max")],
            ("explicit_bounds", pa.list_(_DOUBLE)),
            ("bucket_counts", pa.list_(_DOUBLE)),
            *_texts("service_name host"),
            ("resource_number", _LONG),
            ("source_offset", _LONG),
            ("attributes", _ATTRIBUTES),
        ],
        "commits": [
            *_texts("sha repository author_name"),
            ("author_time_unix_nano", _LONG),
            ("time_unix_nano", _LONG),
            ("parents", pa.list_(_TEXT)),
            ("message", _TEXT),
            ("insertions", _INT),
            ("deletions", _INT),
            ("repository_url", _TEXT),
            ("tags", pa.list_(_TEXT)),
            ("source_offset", _LONG),
        ],
        "commit_files": [
            *_texts("sha repository path old_path status"),
            ("insertions", _INT),
            ("deletions", _INT),
            ("patch", _TEXT),
            ("source_offset", _LONG),
        ],
        "deploys": [
            ("deploy_id", _TEXT),
            ("time_unix_nano", _LONG),
            *_texts("service_name environment kind version artifact sha repository previous_sha description"),
            ("source_offset", _LONG),
        ],
        "alerts": [
            ("fired_at_unix_nano", _LONG),
            *_texts("service_name metric"),
            ("threshold", _DOUBLE),
            ("observed", _DOUBLE),
            *_texts("severity summary"),
            ("source_offset", _LONG),
        ],
        "profiles": [
            ("time_unix_nano", _LONG),
            *_texts("service_name sample_type unit"),
            ("value", _DOUBLE),
            ("stack", pa.list_(pa.struct([("function", _TEXT), ("file", _TEXT), ("line", _INT)]))),
            ("source_offset", _LONG),
        ],
    }.items()
}


def columns(table: str) -> list[str]:
    """The columns of a row, `attributes` left out: those are added by key and value."""
    return [name for name in SCHEMAS[table].names if name != "attributes"]


class Rows:
    """Rows of one table on their way to a batch.

    `add` takes the values of `columns(table)`; the row's attributes are what was appended to `keys` and `values`
    since the row before.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.keys: list[str] = []
        self.values: list[str | None] = []
        self._rows: list[list[Any]] = []
        self._ends = [0]
        self._has_attributes = "attributes" in SCHEMAS[table].names

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: list[Any]) -> None:
        self._rows.append(row)
        self._ends.append(len(self.keys))

    def take(self) -> Batch:
        """Everything added so far as one batch; the buffer is empty afterwards."""
        schema = SCHEMAS[self.table]
        by_column = zip(*self._rows, strict=True) if self._rows else [()] * len(columns(self.table))
        arrays = [array_of(values, field.type) for values, field in zip(by_column, schema, strict=False)]
        if self._has_attributes:
            pairs = pa.StructArray.from_arrays(
                [array_of(self.keys, _TEXT), array_of(self.values, _TEXT)], names=["key", "value"]
            )
            arrays.append(pa.ListArray.from_arrays(pa.array(self._ends, pa.int32()), pairs))
        batch = Batch(self.table, pa.RecordBatch.from_arrays(arrays, schema=schema))
        self.__init__(self.table)
        return batch


def array_of(values: Any, kind: pa.DataType = _TEXT) -> pa.Array:
    """Raises pa.ArrowInvalid and pa.ArrowTypeError for values of another kind."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # lone surrogates, from \ud800 escapes
        return pa.array([v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values], kind)
