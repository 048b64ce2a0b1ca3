"""Log templates: bodies with their variable parts masked, numbered by a hash that is the same in every load.

A template's id is the lower half of the MD5 of its text (a checksum here, nothing secret), so that segments written
months apart agree without knowing of each other. Masking runs over the distinct bodies only.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.store.engine import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MASKED_CHARACTERS = 2_000  # of a longer body only so much makes the template


def with_template_ids(connection: duckdb.DuckDBPyConnection, logs: pa.Table) -> pa.Table:
    """`logs` with its column template_id filled from `body`."""
    import pyarrow as pa

    encoded = logs.column("body").cast(pa.string()).combine_chunks().dictionary_encode()
    bodies = pa.table({"body": encoded.dictionary})
    connection.register("bodies", bodies)
    ids = connection.sql(f"SELECT md5_number_lower({_masked('body')}) AS id FROM bodies").to_arrow_table()
    connection.unregister("bodies")
    column = ids.column("id").take(encoded.indices)
    if "template_id" in logs.schema.names:
        logs = logs.drop_columns("template_id")
    return logs.append_column("template_id", column)


def write_templates(connection: duckdb.DuckDBPyConnection, into: str) -> None:
    """Fills the table `into` from `logs`."""
    grouped = Path(__file__).with_suffix(".sql").read_text("utf-8")
    connection.execute(
        f"INSERT INTO {into} BY NAME"
        f" SELECT template_id, {_masked('body')} AS template, count, service_names FROM ({grouped})"
    )


@functools.cache
def _masked(column: str) -> str:
    """SQL that masks `column`: one regexp_replace around the other, the first pattern innermost."""
    patterns = tomllib.loads(Path(__file__).with_name("log_patterns.toml").read_text("utf-8"))["pattern"]
    expression = f"left({column}, {MASKED_CHARACTERS})"
    for pattern in patterns:
        expression = f"regexp_replace({expression}, {quoted(pattern['match'])}, {quoted(pattern['mask'])}, 'g')"
    return expression
