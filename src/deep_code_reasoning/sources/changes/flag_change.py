"""What a flag's feed tells of a change, in the words `before -> after`."""

from __future__ import annotations

import re
from typing import Any

MOST_CHARACTERS = 300
_MOST_CHANGES = 6
_MARKS = re.compile(
    r"version|_?version|salt|sel|_?id|uuid|_.*|maintainer.*|last.*|updated.*|created.*|.*(?:Date|Time|At|_date|_time|_at)"
    r"|evaluation|debugEventsUntil|tags|email|name|description|project|seen"
)
"""Members that change with every change, or that nothing reads that runs."""
_ON = re.compile(r"\b(?:turned|toggled|switched)?\s*(on|off)\b|\b(enabled|disabled)\b", re.IGNORECASE)


def difference(before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """`on: false -> true, fallthrough.variation: 0 -> 1` of two states of a flag; None where one is not told."""
    if not before or not after:
        return None
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    told = [f"{name}: {shown(old.get(name))} -> {shown(new.get(name))}" for name in changed[:_MOST_CHANGES]]
    more = f" and {len(changed) - _MOST_CHANGES} more" if len(changed) > _MOST_CHANGES else ""
    return ", ".join(told)[:MOST_CHARACTERS] + more if told else None


def _leaves(value: Any, path: str, depth: int = 0) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and depth < 8:
        kept = [(key, one) for key, one in value.items() if not _MARKS.fullmatch(str(key))]
        return [leaf for key, one in kept for leaf in _leaves(one, f"{path}.{key}" if path else str(key), depth + 1)]
    return [(path, value)]


def shown(value: Any) -> str:
    """As JSON writes it; nothing where there was nothing."""
    if value is None:
        return "nothing"
    plain = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else str(value)
    return (plain or "")[:100]


def switched(words: str | None) -> str | None:
    """`off -> on` where the words of the feed say no more than that."""
    found = _ON.search(words or "")
    if not found:
        return None
    return "off -> on" if (found[1] or found[2]).lower() in ("on", "enabled") else "on -> off"
