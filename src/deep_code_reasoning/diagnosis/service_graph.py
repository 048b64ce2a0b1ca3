"""Which service calls which, directly or through others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.causal_links import Callees

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


def callees_of(tables: Tables) -> Callees:
    return closure(tables.rows("SELECT DISTINCT caller, callee FROM service_calls WHERE caller <> callee"))


def closure(edges: Iterable[tuple[str, str]]) -> Callees:
    """caller -> everything it reaches; a service on a cycle reaches itself."""
    direct: dict[str, set[str]] = defaultdict(set)
    for caller, callee in edges:
        direct[caller].add(callee)
    reached = {}
    for service in list(direct):
        seen: set[str] = set()
        waiting = list(direct[service])
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting.extend(direct.get(at, ()))
        reached[service] = frozenset(seen)
    return reached
