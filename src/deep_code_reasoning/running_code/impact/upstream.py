"""Services that call the ones in question at run time, and those that call them in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.running_code.impact.report import ServiceReached

if TYPE_CHECKING:
    from deep_code_reasoning.running_code.operations import Operations
    from deep_code_reasoning.store.tables import Tables

MOST_DEPTH = 10
_QUEUE = "queue:"
_SEPARATOR = chr(31)


def upstream(
    tables: Tables, seen: Operations, operations: Sequence[tuple[str, str]], owners: Mapping[str, str]
) -> list[ServiceReached]:
    """Breadth first over callers, each edge once. Where operations are known the first step is of their own callers
    only; without them, of all that call the owning services."""
    keys = [f"{service}{_SEPARATOR}{name}" for service, name in operations]
    edges = tables.dicts(_sql("services"))
    traces = {row["service"]: row for row in tables.dicts(_sql("traces"), keys=keys)} if keys else {}
    first = tables.dicts(_sql("operations"), keys=keys) if keys else []
    known = {service for service, _ in operations}
    first += [row for row in edges if row["calls_to"] in owners and row["calls_to"] not in known]
    first += [row for row in edges if row["calls_to"] in known and row["service"].startswith(_QUEUE)]
    whole: dict[str, int] = {}
    for row in edges:
        whole[row["calls_to"]] = whole.get(row["calls_to"], 0) + row["calls"]
    found: list[ServiceReached] = []
    reached, told = set(owners), set()
    level, depth = first, 1
    while level and depth <= MOST_DEPTH:
        callers: dict[str, int] = {}
        for row in level:
            edge = (row["service"], row["calls_to"], row["kind"])
            if edge in told:
                continue
            told.add(edge)
            found.append(_reached(row, depth, seen, whole, traces))
            if row["service"] not in reached:
                callers[row["service"]] = depth
        reached |= set(callers)
        level = [row for row in edges if row["calls_to"] in callers]
        depth += 0 if callers and all(name.startswith(_QUEUE) for name in callers) else 1
    return found


def _reached(
    row: Mapping[str, Any], depth: int, seen: Operations, whole: Mapping[str, int], traces: Mapping[str, Any]
) -> ServiceReached:
    own = traces.get(row["service"])
    return ServiceReached(
        service=row["service"],
        depth=depth,
        calls_to=row["calls_to"],
        kind=row["kind"],
        calls=row["calls"],
        calls_per_second=seen.rate(row["calls"]),
        errors=row["errors"],
        p50_ms=row["p50_ms"],
        p99_ms=row["p99_ms"],
        share_of_calls=row["calls"] / max(whole.get(row["calls_to"], 0), row["calls"], 1),
        share_of_its_traces=own["concerned"] / own["traces"] if own and own["traces"] else None,
    )


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"upstream_{name}.sql").read_text(encoding="utf-8")
