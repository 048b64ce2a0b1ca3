"""The start of a text log record: its time, and what else the layout tells."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from deep_code_reasoning.sources import logs
from deep_code_reasoning.sources.instants import (
    decimals,
    epoch_seconds,
    in_range,
    iso_nanos,
    month_number,
    number_nanos,
    zone_seconds,
)

_LETTERS = {"V": "verbose", "D": "debug", "I": "info", "W": "warn", "E": "error", "F": "fatal", "A": "fatal"}
_CLOCK = re.compile(r"(\d\d?):(\d\d?):(\d\d?)(?:[.,:](\d{1,9}))?(?: ([AP])M)?")
# RFC 5424, 6.2.1
_SYSLOG_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")


@dataclass(frozen=True)
class Layout:
    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Start:
    """What the first line of a record says; `message` is the place in the line where the message begins."""

    time: int
    has_zone: bool
    has_year: bool
    message: int
    level: str | None = None
    host: str | None = None
    program: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@cache
def _table() -> dict:
    return tomllib.loads(resources.files(logs).joinpath("text_layouts.toml").read_text("utf-8"))


@cache
def layouts() -> tuple[Layout, ...]:
    return tuple(Layout(entry["name"], re.compile(entry["pattern"], re.ASCII)) for entry in _table()["layouts"])


@cache
def generic_names() -> frozenset[str]:
    """Names of files and folders that say nothing about the service."""
    return frozenset(_table()["generic_names"])


def start_of(line: str, layout: Layout, latest: int) -> Start | None:
    """Reads the start of a record; None where the line does not begin one in this layout.

    `latest` (nanoseconds) settles a missing year: the last one in which the time is not later than that by a day.
    """
    match = layout.pattern.match(line)
    if not match:
        return None
    groups = {name: text for name, text in match.groupdict().items() if text is not None}
    timed = _time(groups, latest)
    if timed is None:
        return None
    time, has_zone, has_year = timed
    names: dict[str, str] = _table()["attributes"]
    attributes = {names[name]: text for name, text in groups.items() if name in names}
    if "target" in groups and "?" in groups["target"]:
        attributes["url.path"], _, attributes["url.query"] = groups["target"].partition("?")
    return Start(
        time,
        has_zone,
        has_year,
        match.start("message") if "message" in groups else match.end(),
        _level(groups),
        groups.get("host"),
        groups.get("program"),
        attributes,
    )


def _level(groups: dict[str, str]) -> str | None:
    if "letter" in groups:
        return _LETTERS[groups["letter"]]
    if "priority" in groups:
        return _SYSLOG_SEVERITIES[int(groups["priority"]) % 8]
    return groups.get("level")


def _time(groups: dict[str, str], latest: int) -> tuple[int, bool, bool] | None:
    """(nanoseconds, zone was given, year was given)."""
    if "iso" in groups:
        found = iso_nanos(groups["iso"])
        return (*found, True) if found else None
    if "epoch" in groups:
        whole, _, fraction = groups["epoch"].partition(".")
        nanos = number_nanos(int(whole))
        return None if nanos is None else (nanos + decimals(fraction), True, True)
    return _calendar_time(groups, latest)


def _calendar_time(groups: dict[str, str], latest: int) -> tuple[int, bool, bool] | None:
    if compact := groups.get("compact"):
        year, month, day = compact[:4], int(compact[4:6]), int(compact[6:])
    else:
        named = groups.get("mon") or groups.get("mon2")
        month = month_number(named) if named else int(groups["month"])
        day = int(groups.get("mday") or groups["mday2"])
        year = groups.get("year") or groups.get("yearlast")
        if year is None and "year2" in groups:
            year = f"20{groups['year2']}"
    clock = _CLOCK.fullmatch(groups["clock"])
    if clock is None or month is None:
        return None
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3])
    if clock[5]:
        hour = hour % 12 + (12 if clock[5] == "P" else 0)
    zone = groups.get("zone")
    rest = decimals(clock[4]) - zone_seconds(zone) * 1_000_000_000
    years = [int(year)] if year else _years_before(latest)
    for candidate in years:
        seconds = epoch_seconds(candidate, month, day, hour, minute, second)
        if seconds is not None and (year or seconds * 1_000_000_000 <= latest + 86_400_000_000_000):
            found = in_range(seconds * 1_000_000_000 + rest, bool(zone))
            return (*found, bool(year)) if found else None
    return None


@cache
def _years_before(latest: int) -> list[int]:
    year = 1970 + latest // 31_556_952_000_000_000
    return [year + 1, year, year - 1, year - 2, year - 3, year - 4]  # 29 February needs up to four
