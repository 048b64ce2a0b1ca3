"""Log records as lines: time, severity, service, body; repeats of one template next to each other as one line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

from deep_code_reasoning.context.visible import one_line
from deep_code_reasoning.incident import iso

_LONGEST_BODY = 1_500
_MOST_STACK_LINES = 12
_SHORTEST_RUN = 4


def log_excerpt(records: Sequence[Mapping[str, Any]], pointed_at: Collection[int] = ()) -> str:
    """`records` in the order they are to be read, with the columns of logs."""
    lines = []
    for _, group in groupby(records, key=lambda r: _likeness(r, pointed_at)):
        alike = list(group)
        shown = alike if len(alike) < _SHORTEST_RUN else alike[:1]
        lines += [_line(record, record["log_number"] in pointed_at) for record in shown]
        if len(shown) < len(alike):
            lines.append(f"  ×{len(alike) - 1} more of the same template, until {_time(alike[-1])}")
    return "\n".join(lines) + "\n"


def _likeness(record: Mapping[str, Any], pointed_at: Collection[int]) -> tuple:
    if record["log_number"] in pointed_at or record["template_id"] is None:
        return (record["log_number"],)
    return (record["template_id"], record["service_name"], record["severity_text"], None)


def _line(record: Mapping[str, Any], marked: bool) -> str:
    # A reader knows a record by its first [log:N]: no name may bring one, nor begin a line.
    severity, service = (
        one_line(record[name] or instead).replace("[log:", "(log:")
        for name, instead in (("severity_text", "-"), ("service_name", "?"))
    )
    body = record["body"] if len(record["body"]) <= _LONGEST_BODY else record["body"][:_LONGEST_BODY] + "…"
    body = body.rstrip().replace("\n", "\n    ")
    line = f"{_time(record)} {severity} {service} [log:{record['log_number']}] {body}"
    if record["exception_stacktrace"] and record["exception_stacktrace"][:40] not in record["body"]:
        frames = record["exception_stacktrace"].splitlines()
        line += "".join(f"\n    {frame.strip()}" for frame in frames[:_MOST_STACK_LINES])
        if len(frames) > _MOST_STACK_LINES:
            line += f"\n    … {len(frames) - _MOST_STACK_LINES} more frames"
    return line + ("  ◄ evidence" if marked else "")


def _time(record: Mapping[str, Any]) -> str:
    time = record["time_unix_nano"] or record["observed_time_unix_nano"]
    return iso(time) if time is not None else "(no time)"
