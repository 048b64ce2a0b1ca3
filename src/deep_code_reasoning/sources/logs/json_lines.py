"""Structured logs: a JSON object a line, with whatever keys the logger uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.logs.log_keys import flatten, key_columns
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream


class JsonLines:
    name = "json-lines"
    accepts = "logs as JSON lines (one object a line: a time, a level, a message, under the usual loggers' keys)"

    def claims(self, sample: Sample) -> int:
        """Sure only when most of the sample's objects have at least two of: time, message, severity."""
        import msgspec

        objects = hits = 0
        for text in _whole_texts(sample):
            try:
                value = msgspec.json.decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            for record in value if isinstance(value, list) else [value]:
                objects += 1
                hits += isinstance(record, dict) and _looks_like_log(record, alone=record is value)
        return 60 if hits and hits * 2 >= objects else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.logs.json_records import JsonRecords

        yield from JsonRecords(stream).run()


READER = JsonLines()


def _whole_texts(sample: Sample) -> Iterator[bytes]:
    """The JSON texts that lie whole in the sample: each line, or the file where it is one document."""
    head = sample.head.strip()
    if sample.complete and head[:1] == b"[":
        yield head
        return
    lines = head.split(b"\n")
    if not sample.complete and len(lines) > 1:
        lines.pop()
    for line in lines[:200]:
        if line.strip()[:1] == b"{":
            yield line


def _looks_like_log(record: dict[str, Any], *, alone: bool) -> bool:
    """In an array, or with tags, it needs more than a time and a text: Grafana's annotations have those too."""
    aliases = key_columns()
    columns = {aliases.get(key.lower()) for key in flatten(record)}
    if not alone or ("text" in record and isinstance(record.get("tags"), list)):
        return "time" in columns and bool(columns & {"severity", "trace_id", "scope_name"})
    return len(columns & {"time", "body", "severity"}) >= 2 or {"time", "trace_id"} <= columns
