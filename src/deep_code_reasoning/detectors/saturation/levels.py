"""How full a resource is, as a share of what there is, and figures of a metric in words."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from deep_code_reasoning.detectors.wording import figure

Row = dict[str, Any]

SATURATED = 0.8
"""A server that is busy four fifths of the time keeps an arrival waiting for four times its own work (M/M/1:
u / (1 - u)); the wait then grows faster than the use."""

HALF = 0.5
"""From here on an arrival waits at least as long as its own work takes."""

_PERCENT_WORDS = re.compile(r"percent|pct|%", re.IGNORECASE)
MOST_PLAUSIBLE = 1.2
"""A share above it is none: a use of 350 % counts processors, and of how many is not known."""


class Level(NamedTuple):
    """Shares of the resource in use before and in the incident."""

    before: float
    after: float


def level(row: Row) -> Level | None:
    """None where it is not known how much there is."""
    if row["measure"] == "used" and row["limit_after"]:
        before = row["median_before"] / row["limit_before"] if row["limit_before"] else 0.0
        return _plausible(before, row["upper_after"] / row["limit_after"])
    if row["measure"] == "share":
        return _plausible(*_shares(row, row["median_before"], row["upper_after"]))
    if row["measure"] == "free" and _is_share(row):
        return _plausible(*(1 - share for share in _shares(row, row["median_before"], row["upper_after"])))
    if row["measure"] == "free" and row["limit_after"] and row["limit_before"]:
        limit = row["limit_before"], row["limit_after"]
        return _plausible(1 - row["median_before"] / limit[0], 1 - row["upper_after"] / limit[1])
    return None


def figures(row: Row) -> tuple[str, str]:
    """Before and in the incident, with the unit."""
    found = level(row)
    if found and row["measure"] != "used":
        return f"{found.before:.1%}".replace("%", " %"), f"{found.after:.1%}".replace("%", " %")
    unit = f" {row['unit']}" if row["unit"] and row["unit"] not in ("1", "") else ""
    return f"{figure(row['median_before'])}{unit}", f"{figure(row['upper_after'])}{unit}"


def _is_share(row: Row) -> bool:
    """What is left of a processor, or in percent; of bytes nothing is known without a limit."""
    told = bool(_PERCENT_WORDS.search(row["name"])) or row["unit"] in ("%", "1")
    return told or "ratio" in row["name"] or "utilization" in row["name"] or row["about"] == "cpu"


def _shares(row: Row, *values: float) -> tuple[float, ...]:
    highest = max(abs(row[name]) for name in ("median_before", "highest_before", "mean_after", "upper_after"))
    told = row["unit"] == "%" or bool(_PERCENT_WORDS.search(row["name"]))
    percent = told or (row["unit"] != "1" and highest > MOST_PLAUSIBLE)
    return tuple(value / 100 if percent else value for value in values)


def _plausible(before: float, after: float) -> Level | None:
    return Level(max(before, 0.0), min(after, 1.0)) if -0.01 <= after <= MOST_PLAUSIBLE else None
