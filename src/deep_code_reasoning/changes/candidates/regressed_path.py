"""The services whose changes can make another one suffer: itself, all it depends on, and its callers to two hops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_HOPS_UP = 2
"""In an N+1 the culprit calls the service that suffers, at times through another one."""

_QUEUE = "queue:"


@dataclass(frozen=True)
class RegressedPath:
    """`down`, `up`: hops from the nearest suffering service to one it calls, and to one that calls it. It is 0 hops."""

    down: Mapping[str, int]
    up: Mapping[str, int]

    @property
    def services(self) -> frozenset[str]:
        return frozenset(self.down) | frozenset(self.up)

    def hops(self, service: str) -> int | None:
        found = [hops[service] for hops in (self.down, self.up) if service in hops]
        return min(found) if found else None

    def words(self, service: str) -> str:
        """Why this service is on the path."""
        hops = self.hops(service)
        if hops is None:
            return f"{service} is not on the regressed path"
        if not hops:
            return f"{service} suffers"
        distance = "directly" if hops == 1 else f"over {hops} hops"
        if self.up.get(service) == hops:
            return f"{service} calls what suffers, {distance}"
        return f"{service} is called by what suffers, {distance}"


def regressed_path(tables: Tables, suffering: Collection[str], most_hops_up: int = MOST_HOPS_UP) -> RegressedPath:
    """By the calls seen in traces. `suffering` may name databases and queues as the view service_calls does."""
    sql = Path(__file__).with_name("service_calls.sql").read_text(encoding="utf-8")
    return path_through(tables.rows(sql), suffering, most_hops_up)


def path_through(
    calls: Iterable[tuple[str, str]], suffering: Collection[str], most_hops_up: int = MOST_HOPS_UP
) -> RegressedPath:
    """`calls`: (caller, callee). A queue between two services is no hop of its own."""
    callees: dict[str, set[str]] = {}
    callers: dict[str, set[str]] = {}
    for caller, callee in calls:
        callees.setdefault(caller, set()).add(callee)
        callers.setdefault(callee, set()).add(caller)
    return RegressedPath(_reached(callees, suffering, None), _reached(callers, suffering, most_hops_up))


def _reached(next_to: Mapping[str, set[str]], start: Iterable[str], most: int | None) -> dict[str, int]:
    hops = dict.fromkeys(start, 0)
    at, distance = list(hops), 0
    while at and (most is None or distance < most):
        distance += 1
        following: list[str] = []
        waiting = [other for one in at for other in sorted(next_to.get(one, ()))]
        while waiting:
            one = waiting.pop(0)
            if one in hops:
                continue
            hops[one] = distance
            if one.startswith(_QUEUE):
                waiting.extend(sorted(next_to.get(one, ())))
            else:
                following.append(one)
        at = following
    return hops
