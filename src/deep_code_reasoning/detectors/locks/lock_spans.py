"""Spans that wait for a lock, hold one and give it back, by the words of leases.toml. Columns: lock_spans.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside
from deep_code_reasoning.detectors.locks import vocabulary

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


def prepare(tables: Tables) -> bool:
    """Creates the temporary tables `lock_waits` and `lock_holds`; False where no span names a lock."""
    tables.register("lease_attributes", vocabulary.attributes())
    tables.execute(sql_beside(__file__), **vocabulary.words())
    return bool(tables.rows("SELECT 1 FROM lock_waits LIMIT 1"))
