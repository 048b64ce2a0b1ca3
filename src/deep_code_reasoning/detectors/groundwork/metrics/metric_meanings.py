"""What metrics are about, told by their names: metric_meanings.toml."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

HOST_WORDS = re.compile(r"^_(k8s_)?(node|system|host|machine|vm|ec2)_")
"""A name that begins so is about the whole machine, whichever service reports it."""

COUNTER_WORDS = re.compile(r"_total_$")
"""So Prometheus names counters, where the evidence does not say what is one."""

_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHERS = re.compile(r"[^a-z0-9%]+")


class Meaning(NamedTuple):
    """`worse` is 1 when more is worse, -1 when less is, 0 when either is of interest."""

    about: str
    measure: str
    worse: int
    scope: str
    is_counter: bool


class _Entry(NamedTuple):
    names: re.Pattern[str]
    attributes: re.Pattern[str] | None
    about: str
    measure: str
    worse: int


def meaning_of(name: str, unit: str | None, attributes: str) -> Meaning | None:
    """None where nothing is known of such a name; `attributes` as text."""
    words, entries = _candidates(name, unit or "")
    for entry in entries:
        if entry.attributes is None or entry.attributes.search(attributes):
            if not entry.about:
                return None
            scope = "host" if entry.measure == "stolen" or HOST_WORDS.search(words) else "service"
            return Meaning(entry.about, entry.measure, entry.worse, scope, bool(COUNTER_WORDS.search(words)))
    return None


def words_of(name: str, unit: str = "") -> str:
    """`_cpu_usage_rate_%_` of CpuUsageRate(%)."""
    text = _OTHERS.sub("_", _BREAKS.sub("_", name).lower().replace("%", "_%_")).strip("_")
    return f"_{text}_%_" if unit == "%" and "%" not in text else f"_{text}_"


@cache
def _candidates(name: str, unit: str) -> tuple[str, tuple[_Entry, ...]]:
    words = words_of(name, unit)
    return words, tuple(entry for entry in _entries() if entry.names.search(words))


@cache
def _entries() -> tuple[_Entry, ...]:
    directions = {"up": 1, "down": -1, "either": 0}
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(
        _Entry(
            re.compile(entry["names"]),
            re.compile(entry["attributes"]) if "attributes" in entry else None,
            entry.get("about", ""),
            entry.get("measure", ""),
            directions[entry.get("worse", "down" if entry.get("measure") == "free" else "up")],
        )
        for entry in data["meaning"]
    )
