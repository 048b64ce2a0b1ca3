"""Log records of a window, a service, a trace or a text."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.render.log_excerpt import log_excerpt
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import parse_instant
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_MOST = 300
_ALWAYS = (0, (1 << 63) - 1)


class Parameters(Paged, frozen=True, kw_only=True):
    from_time: str = ""
    to_time: str = ""
    service: str = ""
    trace_id: str = ""
    contains: str = ""


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    begin = parse_instant(asked.from_time) if asked.from_time else _ALWAYS[0]
    end = parse_instant(asked.to_time) if asked.to_time else _ALWAYS[1]
    trace_id = asked.trace_id.rpartition(":")[2]
    work.on_cancel(desk.tables.interrupt)
    records = desk.tables.dicts(
        Path(__file__).with_suffix(".sql").read_text("utf-8"),
        service=asked.service, trace_id=trace_id, contains=asked.contains, from_time=begin, to_time=end, most=_MOST + 1,
    )  # fmt: skip
    if not records:
        raise UsageError("no log record is so; list_services names the services that logged")
    said = f"{min(len(records), _MOST)} records" + (", the first" if len(records) > _MOST else "")
    mark = hashlib.sha256(repr((begin, end, asked.service, trace_id, asked.contains)).encode()).hexdigest()[:6]
    return [Found(f"logs:{mark}", "logs", said, log_excerpt(records[:_MOST]))]
