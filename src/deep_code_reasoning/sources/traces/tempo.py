"""Answers of Grafana Tempo's trace API, and of Jaeger's API v3: OTLP in a wrapper of their own.

`{"batches": [...]}` (Tempo v1 and Grafana's download), `{"trace": {"resourceSpans": [...]}}` (v2) and
`{"result": {"resourceSpans": [...]}}` (Jaeger). What is within is OTLP, ids in base64 or hex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.traces.json_elements import Element
    from deep_code_reasoning.sources.traces.rescue import Lost

NOT_TEMPO = "JSON that is not an answer with OTLP spans"

_WRAPPERS = "batches resourceSpans trace result"
_MESSAGE_START = rb'\{\s*"(?:resource|scopeSpans|instrumentationLibrarySpans)"\s*:\s*[\[{]'
_START = re.compile(
    rb'[\s\0]*+(?:\[\s*+)?\{.{0,2000}?"(?:(?:trace|result)"\s*:\s*\{\s*"(?:resourceSpans|batches)|batches)"\s*:\s*\[',
    re.DOTALL,
)
_WITHIN = re.compile(
    rb'"(?:resource|scopeSpans|instrumentationLibrarySpans)"\s*:|"(?:batches|resourceSpans)"\s*:\s*\[\s*\]'
)


class TempoJson:
    name = "tempo-json"
    accepts = "Tempo API JSON (v1 batches, v2 trace) and Jaeger's API v3: OTLP in a wrapper"

    def claims(self, sample: Sample) -> int:
        return 96 if _START.match(sample.head) and _WITHIN.search(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.traces.json_elements import elements, form

        messages = _Messages()
        for element in elements(stream, form(_WRAPPERS, _MESSAGE_START)):
            if isinstance(element, Skipped):
                yield element
            else:
                yield from messages.element(element)
        yield from messages.given(final=True)


READER = TempoJson()


class _Messages:
    """The resource spans of one source, by OTLP's own rows."""

    def __init__(self) -> None:
        import msgspec

        from deep_code_reasoning.sources.otlp.resources import Resources
        from deep_code_reasoning.sources.otlp.traces import ResourceSpans, Traces

        self._resources = Resources()
        self._traces = Traces(self._resources)
        self._decode = msgspec.json.Decoder(ResourceSpans).decode
        self._unusual = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
        self._skipped: list[Skipped] = []

    def element(self, element: Element) -> Iterator[Batch | Skipped]:
        def lost(reason: str) -> None:
            self._skipped.append(Skipped(element.line, element.offset, reason))

        try:
            self._traces.add(self._decode(element.text), element.offset, lost)
        except self._unusual:
            self._unusual_message(element, lost)
        yield from self.given(final=False)

    def given(self, *, final: bool) -> Iterator[Batch | Skipped]:
        yield from self._traces.batches(final=final)
        yield from self._skipped
        self._skipped = []
        if final and len(self._resources.rows):
            yield self._resources.rows.take()

    def _unusual_message(self, element: Element, lost: Lost) -> None:
        from deep_code_reasoning.sources.json_documents import BROKEN_JSON
        from deep_code_reasoning.sources.otlp.json import TOO_DEEP
        from deep_code_reasoning.sources.otlp.values import parse

        try:
            waiting: list[Any] = [parse(element.text.decode("utf-8", "replace"))]
        except RecursionError:
            lost(TOO_DEEP)
            return
        except ValueError:
            lost(BROKEN_JSON)
            return
        while waiting:
            value = waiting.pop()
            inner = [value[name] for name in _WRAPPERS.split() if name in value] if isinstance(value, dict) else []
            if inner:
                waiting += (content for content in reversed(inner) if content is not None)
            elif isinstance(value, list):
                waiting += reversed(value)
            else:
                self._message(value, element.offset, lost)

    def _message(self, value: Any, offset: int, lost: Lost) -> None:
        from deep_code_reasoning.sources.otlp.json import TOO_DEEP
        from deep_code_reasoning.sources.otlp.lenient import lenient
        from deep_code_reasoning.sources.otlp.traces import ResourceSpans
        from deep_code_reasoning.sources.otlp.values import BadRecord

        if not isinstance(value, dict) or not any(name.lower().endswith("spans") for name in value):
            lost(NOT_TEMPO)
            return
        try:
            self._traces.add(lenient(value, ResourceSpans, lost), offset, lost)
        except BadRecord as error:
            lost(str(error))
        except RecursionError:
            lost(TOO_DEEP)
