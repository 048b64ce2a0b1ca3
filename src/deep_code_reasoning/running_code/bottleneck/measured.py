"""Where the time of an operation goes: the operations below it, from the comparison of the two windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deep_code_reasoning.running_code.bottleneck.report import Measured

MOST = 200


@dataclass
class _Sum:
    calls: float = 0.0
    critical_ms: float = 0.0
    self_ms: float = 0.0
    windows: set[str] = field(default_factory=set)


Place = tuple[str, ...]
"""Operations from the entry operation down, each `service operation`."""


def measured_below(
    flame: Mapping[str, Any],
    entries: Collection[tuple[str, str]],
    functions: Mapping[tuple[str, str], Sequence[str]],
    exemplars: Mapping[tuple[str, str], str],
) -> list[Measured]:
    """`flame`: the object flame/1. `entries`: (service, operation) that run the entry function; where one lies below
    another of them, the outer one is taken. Those with most time on the critical path first.

    Of a node that is called from several entries of traces all are added up, then divided by the calls of the entry
    operation, so numbers are a call's.
    """
    sums: dict[Place, dict[str, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    frames: dict[str, tuple[str, str]] = {}
    for node, root, place in _placed(flame["nodes"], entries):
        frames[place[-1]] = (node["service"], node["operation"])
        for window in ("baseline", "incident"):
            if window not in node or window not in root:
                continue
            one, of_all = sums[place][window], root[window]["calls"]
            one.calls += node[window]["calls"]
            one.critical_ms += node[window]["critical_path_ms_a_request"] * of_all
            one.self_ms += node[window]["self_time_ms_a_request"] * of_all
    found = [one for place, windows in sums.items() if (one := _measured(place, windows, sums, frames)) is not None]
    whole: dict[str, float] = defaultdict(float)
    for one in found:
        whole[one.entry] += one.critical_ms
    told = [_with(one, whole[one.entry], functions, exemplars) for one in found]
    return sorted(told, key=lambda one: (-one.critical_ms, -one.self_ms, one.service, one.operation))[:MOST]


def _placed(
    nodes: Sequence[Mapping[str, Any]], entries: Collection[tuple[str, str]]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], Place]]:
    """Each node at or below an entry operation, with the root of its tree and its place below that operation."""
    places: dict[int, Place] = {}
    roots: dict[int, Mapping[str, Any]] = {}
    for node in nodes:  # parents before their children
        above = node["parent"]
        roots[node["node"]] = node if above is None else roots[above]
        name = f"{node['service']} {node['operation']}"
        if above in places:
            places[node["node"]] = (*places[above], name)
        elif (node["service"], node["operation"]) in entries:
            places[node["node"]] = (name,)
        if node["node"] in places:
            yield node, roots[node["node"]], places[node["node"]]


def _measured(
    place: Place,
    windows: Mapping[str, _Sum],
    sums: Mapping[Place, Mapping[str, _Sum]],
    frames: Mapping[str, tuple[str, str]],
) -> Measured | None:
    entry = sums[place[:1]]
    calls = {name: entry[name].calls if name in entry else 0.0 for name in ("baseline", "incident")}
    now = "incident" if calls["incident"] else "baseline"
    if not calls[now]:
        return None
    one = windows.get(now, _Sum())
    before = windows.get("baseline", _Sum()) if now == "incident" and calls["baseline"] else None
    service, operation = frames[place[-1]]
    return Measured(
        service,
        operation,
        place[1:-1],
        place[0],
        one.critical_ms / calls[now],
        one.self_ms / calls[now],
        one.calls / calls[now],
        0.0,
        before.critical_ms / calls["baseline"] if before else None,
        before.calls / calls["baseline"] if before else None,
    )


def _with(
    one: Measured,
    whole: float,
    functions: Mapping[tuple[str, str], Sequence[str]],
    exemplars: Mapping[tuple[str, str], str],
) -> Measured:
    key = (one.service, one.operation)
    evidence = (exemplars[key],) if key in exemplars else ()
    share = one.critical_ms / whole if whole else 0.0
    return replace(one, share=share, functions=tuple(functions.get(key, ())), evidence=evidence)
