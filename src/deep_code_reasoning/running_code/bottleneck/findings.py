"""Findings of a diagnosis whose subject lies on a path: operations, places in code, services that run it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.code.graph.places import Places
from deep_code_reasoning.code.graph.run_time import CodePlace
from deep_code_reasoning.running_code.bottleneck.report import FindingOnPath

if TYPE_CHECKING:
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

OF_A_SERVICE = frozenset({"POOL", "SAT", "RUN", "LOCK", "CACHE"})
"""Families whose subject is a service and its resources rather than an operation: they hold for all that it runs."""
FAMILIES = OF_A_SERVICE | {"LAT", "DB", "COST", "FANOUT", "RETRY", "QUEUE", "TIMEOUT", "EXT"}
MOST_REFS = 5


def diagnosed(
    desk: Investigations,
    investigation: str,
    baseline: TimeWindow | None,
    incident: TimeWindow | None,
    work: Work,
    *,
    anew: bool,
) -> Sequence[Mapping[str, Any]]:
    """The findings of the diagnosis that is kept; `anew`, or where none is, of one that is made now. Asks no model."""
    from deep_code_reasoning.answer import LOCAL
    from deep_code_reasoning.diagnosis.to_json import diagnosis_to_json
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.kept_diagnosis import kept_diagnosis

    kept = None if anew else kept_diagnosis(folder_of(desk.settings.state_dir, (), investigation))
    if kept is not None and isinstance(kept.get("findings"), list):
        return kept["findings"]
    answer = desk.investigate(
        (), investigation=investigation, baseline=baseline, incident=incident, model=LOCAL, work=work
    )
    return diagnosis_to_json(answer.diagnosis)["findings"]


def on_path(
    findings: Sequence[Mapping[str, Any]],
    operations: Collection[tuple[str, str]],
    services: Collection[str],
    places: Places,
    steps: Collection[tuple[str, int, str]],
) -> Iterator[FindingOnPath]:
    """In the order of the diagnosis."""
    for one in findings:
        family = str(one["code"]).rstrip("0123456789")
        because = _because(one["subject"], family, operations, services, places, steps) if family in FAMILIES else None
        if because is not None:
            refs = tuple(evidence["ref"] for evidence in one["evidence"][:MOST_REFS])
            yield FindingOnPath(one["id"], one["code"], one["title"], one["severity"], because, one["numbers"], refs)


def _because(
    subject: Mapping[str, Any],
    family: str,
    operations: Collection[tuple[str, str]],
    services: Collection[str],
    places: Places,
    steps: Collection[tuple[str, int, str]],
) -> str | None:
    location = subject.get("location")
    if location:
        key = places.meant(CodePlace(location.get("function"), location.get("file"), location.get("line"))).key
        if key in steps:
            return f"it is about {key[2]} ({key[0]}:{key[1]})" if key else None
    service, operation = subject.get("service"), subject.get("operation")
    if (service, operation) in operations:
        return f"{service} {operation} is measured on the path"
    if service in services and (operation is None or family in OF_A_SERVICE):
        return f"{service} runs the path"
    return None
