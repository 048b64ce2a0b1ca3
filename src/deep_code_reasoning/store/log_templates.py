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


def with_template_ids(logs: pa.Table, kernels: Kernels | None = None) -> pa.Table:
    """`logs` with its column template_id filled from `body`: the id of the body's shape, NULL without a body."""
    ids = shape_ids(logs.column("body"), kernels)
    if "template_id" in logs.schema.names:
        logs = logs.drop_columns("template_id")
    return logs.append_column("template_id", ids)


def write_templates(connection: duckdb.DuckDBPyConnection, into: str, merged_into: str) -> None:
    """Fills the tables `into` (templates) and `merged_into` (shapes whose template is another text) from `logs`."""
    import pyarrow as pa

    found = connection.sql(Path(__file__).with_suffix(".sql").read_text("utf-8")).to_arrow_table()
    texts = [shape(body).decode("utf-8", "replace") for body in found.column("start").to_pylist()]
    template_of = merged(texts)
    templates = [template_of.get(text, text) for text in texts]
    ids = [identity(template.encode()) for template in templates]
    found = found.drop_columns("start").append_column("template", pa.array(templates, pa.string()))
    found = found.append_column("template_id", pa.array(ids, pa.uint64()))
    connection.register("shapes", found)
    try:
        sql = Path(__file__).with_name("log_template_totals.sql").read_text("utf-8")
        connection.execute(f"INSERT INTO {into} BY NAME {sql}")
        connection.execute(
            f"INSERT INTO {merged_into} BY NAME SELECT shape_id, template_id FROM shapes WHERE shape_id <> template_id"
        )
    finally:
        connection.unregister("shapes")


def show_templates(connection: duckdb.DuckDBPyConnection) -> None:
    """The view `logs` shows records under their template's id instead of their shape's."""
    if connection.execute("SELECT 1 FROM merged_log_shapes LIMIT 1").fetchone():
        connection.execute("ALTER VIEW logs RENAME TO logs_by_shape")
        connection.execute(Path(__file__).with_name("log_template_view.sql").read_text("utf-8"))
