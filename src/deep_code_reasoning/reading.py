"""The verbs that read what is kept: an investigation at a glance, its last diagnosis, its exemplar traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import EvidenceError

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

MOST_EVIDENCE = 200
MOST_TRACES = 50


def investigation_here(settings: Settings) -> str | None:
    """The investigation last loaded from this working directory; another project's is never taken."""
    from deep_code_reasoning.store.investigation_folder import last_loaded_here

    return last_loaded_here(settings.state_dir)


def overview(settings: Settings, investigation: str) -> dict[str, Any]:
    """What was read, how many rows of each signal, what could not be read, and the last verdict.

    Raises InvestigationNotFoundError. Paths are told relative to the working directory, or by their last part.
    """
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.kept_diagnosis import kept_diagnosis

    folder = folder_of(settings.state_dir, (), investigation)
    records = list(folder.manifest().evidence.values())
    rows: dict[str, int] = {}
    for record in records:
        for table, count in record.rows.items():
            rows[table] = rows.get(table, 0) + count
    told = kept_diagnosis(folder)
    return {
        "investigation": folder.name,
        "rows": rows,
        "bytes": sum(record.bytes for record in records),
        "evidence": [
            {"path": _near(record.path), "reader": record.reader, "state": record.state, "rows": record.rows}
            for record in records[:MOST_EVIDENCE]
        ],
        "evidence_count": len(records),
        "unread": sum(part.count for record in records for part in record.unread),
        "verdict": told["verdict"] if told else None,
    }


def last_diagnosis(settings: Settings, investigation: str) -> dict[str, Any]:
    """The `diagnosis/1` object of the last diagnosis. Raises EvidenceError where there was none yet."""
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.kept_diagnosis import kept_diagnosis

    folder = folder_of(settings.state_dir, (), investigation)
    folder.manifest()
    told = kept_diagnosis(folder)
    if told is None:
        raise EvidenceError(f"investigation {folder.name}: loaded, and not diagnosed yet; escalate_analysis does that")
    return told


def exemplar_traces(settings: Settings, investigation: str) -> list[dict[str, Any]]:
    """The traces that findings of the last diagnosis cite, those cited by most findings first."""
    cited: dict[str, list[str]] = {}
    for finding in last_diagnosis(settings, investigation)["findings"]:
        for evidence in finding["evidence"]:
            kind, _, rest = evidence["ref"].partition(":")
            if kind in ("trace", "span"):
                cited.setdefault(rest.partition("/")[0], []).append(finding["code"])
    ordered = sorted(cited.items(), key=lambda one: (-len(set(one[1])), one[0]))
    return [{"trace_id": trace, "findings": sorted(set(codes))} for trace, codes in ordered[:MOST_TRACES]]


def trace_text(settings: Settings, investigation: str, trace_id: str) -> str:
    """A trace as a text tree. Raises UsageError where there is none of this id."""
    from deep_code_reasoning.context.show import show
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.tables import Tables

    with Tables.open(folder_of(settings.state_dir, (), investigation), settings) as tables:
        return show(tables, f"trace:{trace_id}", roots=())


def _near(path: str) -> str:
    absolute = Path(path).absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else absolute.name
