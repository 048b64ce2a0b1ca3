"""Which message was taken by which consumer, from parents, links and message ids. Columns: deliveries.sql."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.detectors.contract import sql_beside

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


@cache
def vocabulary() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("queues.toml").read_text(encoding="utf-8"))


def prepare(tables: Tables) -> bool:
    """Creates the temporary table `deliveries`; False where no span takes a message."""
    import pyarrow as pa

    rows = [{"role": role, "key": key} for role, keys in vocabulary()["attributes"].items() for key in keys]
    tables.register("message_attributes", pa.Table.from_pylist(rows))
    tables.execute(sql_beside(__file__))
    return bool(tables.rows("SELECT 1 FROM deliveries LIMIT 1"))
