"""Unwraps what containers wrote: pieces of a line joined, the inner text read by its own layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from deep_code_reasoning.sources.logs.log_lines import LogLines
from deep_code_reasoning.sources.logs.log_record import UNTIMED_TEXT, LogRecord
from deep_code_reasoning.sources.logs.log_rows import LogRows
from deep_code_reasoning.sources.logs.log_times import iso_time
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream, Line

NOT_WRAPPED = "container log line in neither CRI's nor Docker's form (kept as text)"
UNFINISHED = "container log line whose last piece is missing (kept as far as it goes)"


class DockerLine(msgspec.Struct):
    log: str
    time: str
    stream: str = "stdout"
    attrs: dict[str, str] | None = None


@dataclass(slots=True)
class _Output:
    """stdout or stderr: its records, and the pieces of the line that is not finished yet."""

    lines: LogLines
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    first: Line | None = None
    envelope: LogRecord | None = None


class ContainerLines:
    """One pass over a stream; stdout and stderr are assembled apart, as they interleave."""

    def __init__(self, stream: EvidenceStream) -> None:
        self._stream = stream
        self._rows = LogRows(stream.path)
        self._outputs: dict[str, _Output] = {}
        self._docker = msgspec.json.Decoder(DockerLine).decode

    def run(self) -> Iterator[Batch | Skipped]:
        for line in self._stream.lines():
            if isinstance(line, Skipped):
                yield line
                continue
            self._line(line)
            if self._rows.is_ready:
                yield from self._rows.ready()
        for name, output in self._outputs.items():
            if output.pieces and output.first:
                self._rows.skip(output.first.number, output.first.offset, UNFINISHED)
                self._piece(name, "", True, output.first, LogRecord())
            output.lines.close()
        yield from self._rows.finish()

    def _line(self, line: Line) -> None:
        data = line.data.strip(b"\0")
        if data[:1] == b"{":
            try:
                docker = self._docker(data)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                docker = None
            if docker and (instant := iso_time(docker.time)):
                attributes: dict[str, str | None] = {"log.iostream": docker.stream, **(docker.attrs or {})}
                envelope = LogRecord(observed_time=instant[0], attributes=attributes)
                self._piece(docker.stream, docker.log, docker.log.endswith("\n"), line, envelope)
                return
        text = data.decode("utf-8", "replace").rstrip("\r")
        written, _, rest = text.partition(" ")
        name, _, rest = rest.partition(" ")
        tag, _, content = rest.partition(" ")
        instant = iso_time(written) if name in ("stdout", "stderr") and tag[:1] in ("P", "F") else None
        if instant:
            envelope = LogRecord(observed_time=instant[0], attributes={"log.iostream": name})
            self._piece(name, content, tag[:1] == "F", line, envelope)
        elif text.strip():
            self._rows.skip(line.number, line.offset, NOT_WRAPPED)
            self._output("").lines.add(text, line.number, line.offset, LogRecord(notes=(UNTIMED_TEXT,)))

    def _piece(self, name: str, text: str, whole: bool, line: Line, envelope: LogRecord) -> None:
        """A line's first piece gives its time and place."""
        output = self._output(name)
        if output.envelope is None:
            output.first, output.envelope = line, envelope
        output.size += len(text)
        if output.size <= self._stream.limits.line_bytes:
            output.pieces.append(text)
        elif output.pieces:
            self._rows.skip(output.first.number if output.first else None, line.offset, LINE_TOO_LONG)
            output.pieces.clear()
        if not whole:
            return
        first = output.first or line
        for number, each in enumerate("".join(output.pieces).rstrip("\n").split("\n")):
            if each or not number:
                output.lines.add(each, first.number, first.offset, output.envelope)
        output.pieces, output.size, output.first, output.envelope = [], 0, None, None

    def _output(self, name: str) -> _Output:
        name = name if name in ("stdout", "stderr") else ""
        if name not in self._outputs:
            self._outputs[name] = _Output(LogLines(self._rows, self._stream.path))
        return self._outputs[name]
