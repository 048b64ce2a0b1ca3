"""`load_evidence`: fills the store and says what was read and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work


_EXPECTED = "a list of paths of traces, logs, metrics, deploys or git repositories"

LASTS = True


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return list(Arguments.of(arguments).paths("evidence", Required(_EXPECTED)))


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    given = Arguments.of(arguments)
    report = desk.load(given.paths("evidence", ()), investigation=given.text("investigation", None), work=work)
    rows = {table: count for table, count in report.rows.items() if count}
    narrative = (
        f"Investigation {report.investigation}: {sum(rows.values()):,} rows from {report.bytes / 1e6:,.1f} MB "
        f"in {report.seconds:.2f} s"
        + (f"; {sum(part.count for part in report.unread):,} parts were not read, see unread" if report.unread else "")
        + ". Next: query_evidence, or escalate_analysis with this investigation."
    )
    return Result(
        {
            "narrative": narrative,
            "investigation": report.investigation,
            "rows": rows,
            "cost": {
                "seconds": round(report.seconds, 3),
                "bytes_read": report.bytes,
                "peak_memory_bytes": report.peak_memory_bytes,
                "dollars": 0.0,
            },
        },
        {"unread": list(report.unread), "sources": list(report.sources)},
    )
