"""Traces of two services and a database, a line of OTLP/JSON a request, as a collector's file exporter writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conversation.telemetry import MORNING

MILLISECOND = 10**6


def attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    def typed(value: Any) -> dict[str, Any]:
        return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}

    return [{"key": name, "value": typed(value)} for name, value in values.items()]


class Request:
    """One trace; spans are told in milliseconds since its begin."""

    def __init__(self, number: int, start: int) -> None:
        self._trace, self._start = f"{number + 1:032x}", start
        self._spans: list[tuple[str, dict[str, Any]]] = []

    def span(
        self, service: str, name: str, begin: float, end: float, *, parent: int = 0, kind: int = 1, **values: Any
    ) -> int:
        """`parent` and the value are numbers of spans from 1; kind 2 is a server, 3 a client."""
        number = len(self._spans) + 1
        failed = values.pop("failed", False)
        row = {
            "traceId": self._trace,
            "spanId": f"{number:016x}",
            "parentSpanId": f"{parent:016x}" if parent else "",
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(self._start + int(begin * MILLISECOND)),
            "endTimeUnixNano": str(self._start + int(end * MILLISECOND)),
            "attributes": attributes({key.replace("__", "."): value for key, value in values.items()}),
            "status": {"code": 2} if failed else {},
        }
        self._spans.append((service, row))
        return number

    def line(self) -> str:
        batches = [
            {
                "resource": {"attributes": attributes({"service.name": service})},
                "scopeSpans": [{"scope": {}, "spans": [row]}],
            }
            for service, row in self._spans
        ]
        return json.dumps({"resourceSpans": batches})


def shop_request(number: int, start: int, queries: int, query_ms: float = 4.0) -> Request:
    """gateway GET /cart -> orders POST /orders -> `queries` of postgres one after another, then catalog's stock."""
    one = Request(number, start)
    inner = queries * query_ms + 20
    gateway = one.span("gateway", "GET /cart", 0, inner + 14, kind=2, http__route="/cart", http__request__method="GET")
    call = one.span("gateway", "POST", 2, inner + 12, parent=gateway, kind=3, http__request__method="POST")
    orders = one.span(
        "orders",
        "POST /orders",
        4,
        inner + 10,
        parent=call,
        kind=2,
        http__route="/orders",
        http__request__method="POST",
        code__function__name="orders.app.place",
        code__file__path="/app/orders/app.py",
    )
    for query in range(queries):
        at = 6 + query * query_ms
        one.span(
            "orders", "SELECT products", at, at + query_ms, parent=orders, kind=3, db__system__name="postgresql",
            db__namespace="shop", db__query__text="SELECT cents FROM products WHERE id = $1",
        )  # fmt: skip
    at = 6 + queries * query_ms
    stock = one.span("orders", "GET", at, at + 12, parent=orders, kind=3, http__request__method="GET")
    one.span(
        "catalog", "GET /api/stock/{id}", at + 1, at + 11, parent=stock, kind=2,
        http__route="/api/stock/{product_id}", http__request__method="GET",
    )  # fmt: skip
    return one


def write_traffic(path: Path, counts: Sequence[int], *, seconds: int = 600, a_request: int = 60) -> Path:
    """For each of `counts` a window of `seconds` with so many queries in each of its `a_request` requests."""
    lines = []
    for window, queries in enumerate(counts):
        for number in range(a_request):
            start = MORNING + (window * seconds + number * seconds // a_request) * 10**9
            lines.append(shop_request(window * a_request + number, start, queries).line())
    path.write_text("\n".join(lines) + "\n")
    return path
