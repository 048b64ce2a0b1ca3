"""What RFC 3164 and RFC 5424 say beyond time and severity: facility, program, structured data."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from deep_code_reasoning.sources.logs.log_record import LogRecord

_ELEMENT = re.compile(r'\[([^\s=\]"]+)((?: [^\s=\]"]+="(?:[^"\\]|\\.)*+")*+)\]')
_PARAMETER = re.compile(r' ([^\s=\]"]+)="((?:[^"\\]|\\.)*+)"')
_ESCAPE = re.compile(r'\\(["\\\]])')
_NIL = "-"


@cache
def _not_services() -> frozenset[str]:
    table = tomllib.loads(Path(__file__).with_name("text_layouts.toml").read_text(encoding="utf-8"))
    return frozenset(table["syslog"]["not_services"])


def settle(record: LogRecord, groups: dict[str, str]) -> None:
    """Drops nil values, splits the priority (RFC 5424, 6.2.1) and the structured data (6.3)."""
    attributes = record.attributes
    for key in [key for key, value in attributes.items() if value == _NIL]:
        del attributes[key]
    if record.host == _NIL:
        record.host = None
    if "priority" in groups:
        attributes["syslog.facility"] = str(int(groups["priority"]) // 8)
    program = record.service_name
    if program == _NIL:
        record.service_name = None
    elif program and (program.lower() in _not_services() or program.isdecimal()):
        record.service_name = None
        attributes["process.executable.name"] = program
    for name, parameters in _ELEMENT.findall(groups.get("data", "")):
        for key, value in _PARAMETER.findall(parameters):
            attributes[f"syslog.structured_data.{name}.{key}"] = _ESCAPE.sub(r"\1", value)
