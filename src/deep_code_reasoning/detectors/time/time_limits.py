"""The shortest time limit that spans of a host name: what a clock that is off by more breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import sql_beside

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

TIME_LIMIT = r"(ttl|lease|margin|expir|validity|grace|skew).*_(ms|millis|milliseconds)$"


def shortest(tables: Tables) -> dict[str, tuple[float, str]]:
    """host -> limit in milliseconds and the attribute that names it."""
    limits: dict[str, tuple[float, str]] = {}
    for host, name, limit in tables.rows(sql_beside(__file__), pattern=TIME_LIMIT):
        limits[host] = min(limits.get(host, (limit, name)), (limit, name))
    return limits
