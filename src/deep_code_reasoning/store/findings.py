"""The findings of the last diagnosis as a table: a file of its own, so that diagnosing rewrites no evidence."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.store.attachment import FINDINGS
from deep_code_reasoning.store.catalogue import described_tables
from deep_code_reasoning.store.engine import Engine

if TYPE_CHECKING:
    from deep_code_reasoning.finding import Finding
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder


def write_findings(folder: InvestigationFolder, findings: Sequence[Finding], settings: Settings) -> None:
    """Replaces the table as a whole; Tables that are open keep the one they had."""
    import pyarrow as pa

    table = next(table for table in described_tables() if table.name == "findings")
    temporary = folder.path / f"{FINDINGS}.{os.getpid()}-{threading.get_ident()}.tmp"
    temporary.unlink(missing_ok=True)
    engine = Engine(settings)
    try:
        engine.attach_new(temporary, "diagnosed")
        engine.connection.execute(table.sql.replace("CREATE TABLE ", "CREATE TABLE diagnosed.", 1))
        if findings:
            engine.connection.register("incoming", pa.Table.from_pylist([_row(finding) for finding in findings]))
            engine.connection.execute("INSERT INTO diagnosed.findings BY NAME SELECT * FROM incoming")
        engine.detach("diagnosed")
        temporary.replace(folder.path / FINDINGS)
    finally:
        engine.close()
        temporary.unlink(missing_ok=True)


def _row(finding: Finding) -> dict[str, Any]:
    import orjson

    return {
        "finding_id": finding.id,
        "code": finding.code,
        "title": finding.title,
        "severity": finding.severity,
        "role": finding.role,
        "service_name": finding.subject.service,
        "operation": finding.subject.operation,
        "resource": finding.subject.resource,
        "start_time_unix_nano": finding.interval.start if finding.interval else None,
        "end_time_unix_nano": finding.interval.end if finding.interval else None,
        "numbers": orjson.dumps(finding.numbers, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        "evidence": [evidence.ref for evidence in finding.evidence],
    }
