"""Which spans failed, and whom to ask about the first errors. Columns: the two .sql files beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

ERROR_SEVERITY = 17
"""OpenTelemetry's severity numbers from 17 on are ERROR and FATAL."""


def prepare(tables: Tables) -> None:
    """Creates `failed_spans` and `first_errors` unless they are there; they depend on the evidence alone."""
    tables.execute(sql_beside(__file__), error_severity=ERROR_SEVERITY)
    tables.execute(sql_beside(__file__, "first_errors"))
