"""Which spans failed, and whom to ask about the first errors. Columns: the two .sql files beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

ERROR_LINES = {"error_severity": 17, "error_words": r"\b(ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b"}
"""OpenTelemetry's severity numbers from 17 on are ERROR and FATAL; lines without one name their level."""


def prepare(tables: Tables) -> None:
    """Creates `failed_spans` and `first_errors` unless they are there; they depend on the evidence alone."""
    tables.execute(sql_beside(__file__), **ERROR_LINES)
    tables.execute(sql_beside(__file__, "first_errors"))
