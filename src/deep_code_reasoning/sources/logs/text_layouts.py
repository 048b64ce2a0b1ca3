"""The start of a text log record: its time, and what else the layout tells."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from deep_code_reasoning.sources.instants import (
    decimals,
    epoch_seconds,
    in_range,
    month_number,
    number_nanos,
    zone_seconds,
)
from deep_code_reasoning.sources.logs import access_fields, syslog_fields
from deep_code_reasoning.sources.logs.log_record import ASSUMED_UTC, ASSUMED_YEAR, LogRecord
from deep_code_reasoning.sources.logs.log_times import iso_time
from deep_code_reasoning.sources.logs.severity import severity_number, syslog_severity

_END_OF_TIME = 2**63 - 1
_NOTES = {
    (True, True): (),
    (True, False): (ASSUMED_UTC,),
    (False, True): (ASSUMED_YEAR,),
    (False, False): (ASSUMED_YEAR, ASSUMED_UTC),
}
_LETTERS = {"V": "verbose", "D": "debug", "I": "info", "W": "warn", "E": "error", "F": "fatal", "A": "fatal"}
_GROUP = re.compile(r"\(\?P<(\w+)>")
_CLOCK = re.compile(r"(\d\d?):(\d\d?):(\d\d?)(?:[.,:](\d{1,9}))?(?: ([AP])M)?")


@dataclass(frozen=True)
class Layout:
    """`format` names the reader whose lines these are; None for layouts that loggers are free to choose.

    `written`: the pattern as text, and `holds` what each start in this layout has in it. `is_iso`: an ISO time and
    perhaps a level are all that it tells.
    """

    name: str
    format: str | None
    written: str
    holds: str
    is_iso: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when the first line comes that it could fit: all of them take 15 ms."""
        return re.compile(self.written, re.ASCII)


@cache
def _table() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def layouts(format: str | None = None) -> tuple[Layout, ...]:
    """All layouts, or those of one format, in the order in which they are tried."""
    every = (_layout(entry) for entry in _table()["layouts"])
    return tuple(layout for layout in every if format is None or layout.format == format)


def _layout(entry: dict[str, str]) -> Layout:
    pattern = entry["pattern"]
    is_iso = set(_GROUP.findall(pattern)) == {"iso", "level"}
    return Layout(entry["name"], entry.get("format"), pattern, entry.get("holds", ""), is_iso)


def begins(line: str, layout: Layout) -> bool:
    """Whether a record begins with the line, in this layout."""
    return text_record(line, line, layout, _END_OF_TIME) is not None


def text_record(head: str, line: str, layout: Layout, latest: int) -> LogRecord | None:
    """The record that begins with `line`, whose first part is `head`; None where none does in this layout.

    `latest` (nanoseconds) settles a missing year: the last one in which the time is not later than that by a day.
    """
    if head[:1] == "{" or layout.holds not in head:
        return None
    match = layout.pattern.match(head)
    if not match:
        return None
    if layout.is_iso:
        return _iso_record(match, line)
    groups = {name: text for name, text in match.groupdict().items() if text is not None}
    timed = _time(groups, latest)
    if timed is None:
        return None
    time, has_zone, has_year = timed
    record = LogRecord(time, body=line[match.start("message") if "message" in groups else match.end() :])
    record.notes = _NOTES[has_year, has_zone]
    if level := _level(groups):
        record.severity_text, record.severity_number = level, severity_number(level)
    record.host, record.service_name = groups.get("host"), groups.get("program")
    names: dict[str, str] = _table()["attributes"]
    record.attributes = {names[name]: text for name, text in groups.items() if name in names}
    if layout.format == "syslog":
        syslog_fields.settle(record, groups)
    elif layout.format == "access-log":
        access_fields.settle(record, groups)
    return record


def _iso_record(match: re.Match[str], line: str) -> LogRecord | None:
    level, iso = match.group("level", "iso")
    found = iso_time(iso)
    if found is None:
        return None
    record = LogRecord(found[0], body=line[match.end() :], notes=_NOTES[True, found[1]])
    if level:
        record.severity_text, record.severity_number = level, severity_number(level)
    return record


def _level(groups: dict[str, str]) -> str | None:
    if "letter" in groups:
        return _LETTERS[groups["letter"]]
    if "priority" in groups:
        return syslog_severity(groups["priority"])
    return groups.get("level")


def _time(groups: dict[str, str], latest: int) -> tuple[int, bool, bool] | None:
    """(nanoseconds, zone was given, year was given)."""
    if "iso" in groups:
        found = iso_time(groups["iso"])
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
        if seconds is None or not (year or seconds * 1_000_000_000 <= latest + 86_400_000_000_000):
            continue
        if found := in_range(seconds * 1_000_000_000 + rest, bool(zone)):
            return (*found, bool(year))
    return None


@cache
def _years_before(latest: int) -> list[int]:
    year = 1970 + latest // 31_556_952_000_000_000
    return [year + 1, year, year - 1, year - 2, year - 3, year - 4]  # 29 February needs up to four
