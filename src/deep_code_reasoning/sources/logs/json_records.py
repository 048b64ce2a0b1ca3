"""A stream of JSON objects to rows; text between them (a banner, a stack trace on stderr) is read as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from deep_code_reasoning.sources.logs.keyed_records import KeyedRecords
from deep_code_reasoning.sources.logs.log_lines import LogLines
from deep_code_reasoning.sources.logs.log_rows import LogRows
from deep_code_reasoning.sources.otlp.values import parse
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

BROKEN_LINE = "not well-formed JSON (broken off or damaged)"
TOO_DEEP = "JSON nested too deeply"
NOT_AN_OBJECT = "JSON that is not an object with a log record's keys"


class JsonRecords:
    """One pass over a stream."""

    def __init__(self, stream: EvidenceStream) -> None:
        self._stream = stream
        self._rows = LogRows(stream.path)
        self._text = LogLines(self._rows, stream.path)
        self._keyed = KeyedRecords()
        self._decode = msgspec.json.Decoder().decode

    def run(self) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.logs.compiled_json_logs import CompiledJsonLogs
        from deep_code_reasoning.sources.window import Window

        window = Window(self._stream)
        logs = CompiledJsonLogs(window, self._rows, self._add, self._text.close, self._stream.limits)
        yield from logs.read(self._stream.kernels)
        if window.failure:
            yield window.failure
        self._text.close()
        yield from self._rows.finish()

    def _add(self, document: Line, line: Line) -> None:
        """`line` is the one read last: a text has its indentation there, by which a stack trace is known."""
        if document.data[:1] in (b"{", b"["):
            self._text.close()
            self._document(document)
        else:
            self._text.add(line.data.decode("utf-8", "replace"), line.number, line.offset)

    def _document(self, document: Line) -> None:
        number, offset, text = document
        try:
            value: Any = self._decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            try:
                value = parse(text.decode("utf-8", "replace"))
            except RecursionError:
                self._rows.skip(number, offset, TOO_DEEP)
                return
            except ValueError:
                self._rows.skip(number, offset, BROKEN_LINE)
                return
        for record in value if isinstance(value, list) else [value]:
            if isinstance(record, dict) and record:
                self._rows.add(self._keyed.record(record), number, offset)
            else:
                self._rows.skip(number, offset, NOT_AN_OBJECT)
