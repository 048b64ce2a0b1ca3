"""Zipkin's shared spans: in its B3 propagation a server answers under the span id that its client sent.

Two spans then have one id, and children say only that. The server's half gets an id of its own, derived from id and
service, and becomes a child of the client's; spans of the server's service whose parent is the shared id become its
children. Where the client's half is not in the evidence the server's keeps its id and its parent.
Source: zipkin2.internal.SpanNode and .Trace.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from deep_code_reasoning.sources.otlp.values import BadRecord
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.traces.json_elements import Element
from deep_code_reasoning.sources.traces.plain_values import padded_ids


class _Endpoint(Struct, gc=False, frozen=True):
    serviceName: str | None = None


class _Half(Struct, gc=False, frozen=True):
    traceId: str
    id: str
    kind: str | None = None
    localEndpoint: _Endpoint | None = None
    shared: Any = None


def is_second_half(span: Any) -> bool:
    """Whether the span, where its id is a client's too, is the half of the one who was called."""
    return span.shared is True or span.kind == "SERVER"


def service_of(endpoint: Any) -> str | None:
    return (endpoint.serviceName or None) if endpoint else None


class SharedSpans:
    """Takes 8 to 16 bytes of memory a span while it looks, then some 100 for each span that is shared."""

    def __init__(self, elements: Iterable[Element | Skipped]) -> None:
        decode = msgspec.json.Decoder(_Half).decode
        firsts, seconds, keys = array("q"), array("q"), array("q")
        for element in elements:
            if isinstance(element, Skipped):
                continue
            try:
                span = decode(element.text)
                trace, own, _ = padded_ids(span.traceId, span.id, None)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadRecord):
                continue
            if is_second_half(span):
                seconds.append(hash((trace, own)))
                keys.append(hash((trace, own, service_of(span.localEndpoint))))
            elif span.kind == "CLIENT":
                firsts.append(hash((trace, own)))
        self._halves = _where_both(firsts, seconds, keys)

    def has_half(self, trace: str, span: str, service: str | None) -> bool:
        """Whether the service has the second half of this span."""
        return bool(self._halves) and hash((trace, span, service)) in self._halves


def _where_both(firsts: array, seconds: array, keys: array) -> frozenset[int]:
    """The keys of those seconds that are also among the firsts."""
    import numpy as np

    if not firsts or not seconds:
        return frozenset()
    both = np.isin(np.frombuffer(seconds, np.int64), np.frombuffer(firsts, np.int64))
    return frozenset(np.frombuffer(keys, np.int64)[both].tolist())
