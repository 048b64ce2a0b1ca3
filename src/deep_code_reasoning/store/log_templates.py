"""Log templates: bodies under the template that says what they have in common.

Two steps, docs/decisions/0005-log-templates.md. At insertion a body gets the id of its shape (log_template_masking),
which depends on nothing but the body. After each load the distinct shapes of all segments are merged into templates
(log_template_merging); `merged_log_shapes` maps the ids that this changes, and the view `logs` shows a record under
its template's id. An id is the hash of the text (log_shape_ids), so that loads months apart agree without knowing of
each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.store.log_shape_ids import identity, shape_ids
from deep_code_reasoning.store.log_template_masking import shape
from deep_code_reasoning.store.log_template_merging import merged

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from deep_code_reasoning.kernels.cache import Kernels
    from deep_code_reasoning.store.shapes_at_hand import Shapes


def with_template_ids(logs: pa.Table, kernels: Kernels | None = None) -> pa.Table:
    """`logs` with its column template_id filled from `body`: the id of the body's shape, NULL without a body."""
    ids = shape_ids(logs.column("body"), kernels)
    if "template_id" in logs.schema.names:
        logs = logs.drop_columns("template_id")
    return logs.append_column("template_id", ids)


def write_templates(
    connection: duckdb.DuckDBPyConnection, into: str, merged_into: str, shapes: Shapes | None = None
) -> None:
    """Fills the tables `into` (templates) and `merged_into` (shapes whose template is another text).

    `shapes`: those of all logs, where they are known; else they are asked of `logs`.
    """
    import pyarrow as pa

    found, starts = shapes or _asked(connection)
    texts = [shape(start).decode("utf-8", "replace") for start in starts]
    template_of = merged(texts)
    templates = [template_of.get(text, text) for text in texts]
    ids = [identity(template.encode()) for template in templates]
    found = found.append_column("template", pa.array(templates, pa.string()))
    found = found.append_column("template_id", pa.array(ids, pa.uint64()))
    connection.register("shapes", found)
    try:
        connection.execute(f"INSERT INTO {into} BY NAME {_query('log_template_totals')}")
        connection.execute(
            f"INSERT INTO {merged_into} BY NAME SELECT shape_id, template_id FROM shapes WHERE shape_id <> template_id"
        )
    finally:
        connection.unregister("shapes")


def _asked(connection: duckdb.DuckDBPyConnection) -> tuple[pa.Table, list[bytes]]:
    """As `Shapes`."""
    found = connection.sql(_query("log_templates")).to_arrow_table()
    connection.register("shapes", found.select(["example_log_number"]))
    try:
        numbers, starts = connection.sql(_query("log_template_starts")).to_arrow_table().to_pydict().values()
    finally:
        connection.unregister("shapes")
    start_of = dict(zip(numbers, starts, strict=True))
    examples = found.column("example_log_number").to_pylist()
    return found, [start_of[number] for number in examples]


def show_templates(connection: duckdb.DuckDBPyConnection) -> None:
    """The view `logs` shows records under their template's id instead of their shape's."""
    if connection.execute("SELECT 1 FROM merged_log_shapes LIMIT 1").fetchone():
        connection.execute("ALTER VIEW logs RENAME TO logs_by_shape")
        connection.execute(_query("log_template_view"))


def _query(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text("utf-8")
