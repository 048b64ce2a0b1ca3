"""The series of Prometheus API answers to points; damaged answers are read as far as their series are whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, repeat
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw, Struct

from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.metrics.api_values import columns
from deep_code_reasoning.sources.metrics.exposition import Exposition, Part, Role
from deep_code_reasoning.sources.metrics.native_histograms import histogram_rows
from deep_code_reasoning.sources.metrics.point_parts import Parts, PointParts
from deep_code_reasoning.sources.metrics.producers import Producers
from deep_code_reasoning.sources.metrics.series import batches
from deep_code_reasoning.sources.otlp.resources import Resources
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

NOT_AN_ANSWER = "JSON that is not an answer of the Prometheus API"
FAILED = "answer of the Prometheus API that reports an error"
WARNED = "answer of the Prometheus API with warnings (it may be incomplete)"
NOT_A_SERIES = "series that has another form than the Prometheus API gives it"
NOT_A_POINT = "point that is not a time and a number"

VALUES_BYTES = 4 << 20
MAX_SERIES = 1 << 18

_SERIES = re.compile(rb'\{\s*"metric"\s*:')
_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Written(Struct, gc=False, frozen=True):
    metric: dict[str, str]
    values: Raw = Raw()
    value: Raw = Raw()
    histograms: Raw = Raw()
    histogram: Raw = Raw()


class _Data(Struct, gc=False, frozen=True):
    resultType: str | None = None
    result: Raw = Raw()


class _Answer(Struct, gc=False, frozen=True):
    status: str | None = None
    data: _Data | None = None
    warnings: list[Any] | None = None
    resultType: str | None = None
    result: Raw = Raw()


class ApiSeries:
    """Turns the documents of one source into points."""

    def __init__(self, stream: EvidenceStream) -> None:
        self._resources = Resources()
        self._exposition = Exposition(Producers(self._resources))
        self._points = PointParts(self._exposition.table)
        self._unnamed = stream.path.name.split(".")[0] or "value"
        self._answer = msgspec.json.Decoder(_Answer).decode
        self._elements = msgspec.json.Decoder(list[Raw]).decode
        self._element = msgspec.json.Decoder(_Written).decode
        self._raws: list[bytes] = []
        self._parts: list[Part] = []
        self._size = 0

    def document(self, document: Line) -> Iterator[Batch | Skipped]:
        number, offset, text = document
        try:
            answer = self._answer(text) if text.startswith(b"{") else _Answer(result=Raw(text))
            data = answer.data or _Data(answer.resultType, answer.result)
            is_one = data.resultType in ("scalar", "string")
            elements = [] if is_one else self._elements(data.result) if bytes(data.result) else None
        except _ERRORS:
            yield from self._salvage(document)
            return
        if answer.status == "error":
            yield Skipped(number, offset, FAILED)
        elif elements is None:
            yield Skipped(number, offset, NOT_AN_ANSWER)
        if answer.warnings:
            yield Skipped(number, offset, WARNED)
        if is_one:
            self._take(self._unnamed_part((), offset), b"[%b]" % bytes(data.result))
        for raw in elements or ():
            yield from self._series(raw, number, offset)
        yield from self._flush(number, offset)

    def finish(self) -> Iterator[Batch]:
        yield from self._points.ready({}, final=True)
        if len(self._resources.rows):
            yield self._resources.rows.take()

    def _series(self, raw: Raw | bytes, number: int, offset: int) -> Iterator[Batch | Skipped]:
        try:
            written = self._element(raw)
        except _ERRORS:
            yield Skipped(number, offset, NOT_A_SERIES)
            return
        part = self._part(written.metric, offset)
        histograms = bytes(written.histograms) or (b"[%b]" % bytes(written.histogram) if written.histogram else b"")
        if histograms:
            rows, lost = histogram_rows(histograms)
            yield from repeat(Skipped(number, offset, NOT_A_POINT), lost)
            yield from rows.batches(self._exposition.table, part.series, offset)
        values = bytes(written.values) or (b"[%b]" % bytes(written.value) if written.value else b"")
        if values:
            self._take(part, values)
        elif not histograms:
            yield Skipped(number, offset, NOT_A_SERIES)
        if self._size >= VALUES_BYTES:
            yield from self._flush(number, offset)

    def _part(self, metric: dict[str, str], offset: int) -> Part:
        labels = tuple((label, value) for label, value in metric.items() if label != "__name__")
        name = metric.get("__name__")
        return self._exposition.part_of(name, labels, offset) if name else self._unnamed_part(labels, offset)

    def _unnamed_part(self, labels: tuple[tuple[str, str], ...], offset: int) -> Part:
        return Part(self._exposition.gauge(self._unnamed, labels, offset), Role.VALUE)

    def _take(self, part: Part, values: bytes) -> None:
        self._raws.append(values)
        self._parts.append(part)
        self._size += len(values)

    def _flush(self, number: int, offset: int) -> Iterator[Batch | Skipped]:
        """Gives out what was taken from one document."""
        if self._raws:
            found = columns(self._raws)
            yield from repeat(Skipped(number, offset, NOT_A_POINT), found.lost)
            by_part = zip(*self._parts, strict=True)
            series, roles, bounds = (np.repeat(np.array(column), found.lengths) for column in by_part)
            offsets = np.full(len(series), offset)
            parts = Parts(series, roles, bounds, found.times, found.values, offsets)
            self._points.add(parts.where(roles != Role.VALUE))
            parts = parts.where(roles == Role.VALUE)
            yield from batches(self._exposition.table, parts.series, parts.times, parts.offsets, value=parts.values)
            self._raws, self._parts, self._size = [], [], 0
        is_full = len(self._exposition) > MAX_SERIES
        yield from self._points.ready({}, final=is_full)
        if len(self._resources.rows):
            yield self._resources.rows.take()
        if is_full:
            self._exposition.forget()
            self._points = PointParts(self._exposition.table)

    def _salvage(self, document: Line) -> Iterator[Batch | Skipped]:
        """The series of a damaged answer that are whole, and the points before the damage of those that are not."""
        number, offset, text = document
        yield Skipped(number, offset, BROKEN_JSON)
        starts = [match.start() for match in _SERIES.finditer(text)]
        for start, end in pairwise([*starts, len(text)]):
            piece = text[start:end].rstrip(b" \t\r\n,")
            for ending in (b"", b"]", b"]}", b"]}}"):
                if piece.endswith(ending) and self._is_series(whole := piece.removesuffix(ending)):
                    break
            else:
                cut = piece.rfind(b'"]')
                whole = piece[: cut + 2] + b"]}" if cut > 0 else b""
            if self._is_series(whole):
                yield from self._series(whole, number, offset)
        yield from self._flush(number, offset)

    def _is_series(self, text: bytes) -> bool:
        try:
            self._element(text)
        except _ERRORS:
            return False
        return True
