"""Spans of ten services as a shop would record them, seeded: what every trace file of the benchmark is written from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

Value = str | int | float | bool
SERVICES = ("gateway", "cart", "checkout", "payment", "inventory", "catalog", "shipping", "email", "fraud", "search")
SHAPES_OF_A_SERVICE = 300
SPANS_OF_A_TRACE = (3, 14)
TRACES_OF_A_REQUEST = 30  # about 250 spans, in ten resources: what the collector's batch processor hands on
FIRST_NANO = 1_760_000_000_000_000_000
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")  # position: the number in OTLP
REQUEST_ID = "app.request.id"  # the attribute whose value is each span's own
STACK = (
    'java.lang.IllegalStateException: lease "%s" expired\n\tat shop.Lease.renew(Lease.java:%d)\n'
    "\tat shop.Orders.place(Orders.java:88)\nCaused by: java.io.IOException: C:\\data\\é\n\t... 2 more"
)


class Shape(NamedTuple):
    """What many spans of one operation share."""

    service: int
    name: str
    kind: int
    attributes: tuple[tuple[str, Value], ...]  # 5 to 11; with REQUEST_ID 6 to 12
    exception: tuple[tuple[str, Value], ...]  # of one event `exception`; empty: no event
    linked: bool
    failed: bool


class Span(NamedTuple):
    shape: Shape
    trace_id: str  # 32 hex digits
    span_id: str  # 16 hex digits
    parent_id: str  # empty at a root
    start: int  # nanoseconds since 1970
    end: int
    request_id: str  # 16 hex digits
    link: str  # 48 hex digits, trace and span; used where the shape is linked


def shapes(chance: random.Random) -> list[list[Shape]]:
    return [[_shape(service, chance) for _ in range(SHAPES_OF_A_SERVICE)] for service in range(len(SERVICES))]


def _shape(service: int, chance: random.Random) -> Shape:
    route = f"/api/v1/{SERVICES[service]}/{{id}}"
    kind = chance.choice((1, 2, 2, 3, 3, 4, 5))
    table = chance.choice(("orders", "lines", "stock", "users"))
    query = f"SELECT * FROM \"{table}\" WHERE id = $1 AND note LIKE '%\\%'"
    choices: list[tuple[str, Value]] = [
        ("http.request.method", chance.choice(("GET", "POST", "PUT"))),
        ("http.route", route),
        ("http.response.status_code", chance.choice((200, 200, 200, 404, 503))),
        ("url.path", route.replace("{id}", str(chance.randrange(10**6)))),
        ("server.address", f"{SERVICES[chance.randrange(10)]}.shop.internal"),
        ("server.port", chance.choice((443, 8080, 5432))),
        ("db.system.name", "postgresql"),
        ("db.query.text", query),
        ("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) shop/1.4"),
        ("app.cart.total", round(chance.uniform(1, 500), 2)),
        ("app.cache.hit", chance.random() < 0.7),
        ("app.customer", f"Zoë {chance.randrange(10**5)}"),
        ("thread.id", chance.randrange(1, 64)),
        ("app.retry", chance.random() < 0.1),
        ("app.load", chance.random()),
    ]
    failed = chance.random() < 0.04
    error: tuple[tuple[str, Value], ...] = (
        ("exception.type", "java.lang.IllegalStateException"),
        ("exception.message", f'lease "{table}" expired\twhile C:\\data was held'),
        ("exception.stacktrace", STACK % (table, chance.randrange(10, 400))),
        ("exception.escaped", False),
    )
    picked = tuple(chance.sample(choices, chance.randint(5, 11)))
    name = f"{KINDS[kind]} {route}" if kind in (2, 3) else f"{table}.{chance.choice(('load', 'save', 'lock'))}"
    return Shape(service, name, kind, picked, error if failed else (), chance.random() < 0.03, failed)


def traces(seed: int = 1) -> Iterator[list[Span]]:
    """Trace after trace, without end; the same for the same seed."""
    chance = random.Random(seed)
    known, now, link = shapes(chance), FIRST_NANO, "1" * 48
    pick, bits = chance.random, chance.getrandbits
    while True:
        trace_id = f"{bits(128) | 1:032x}"
        now += int(pick() * 4_000_000)
        spans: list[Span] = []
        for at in range(chance.randint(*SPANS_OF_A_TRACE)):
            parent = spans[int(pick() * at)] if at else None
            shape = known[int(pick() * len(known)) if at else 0][int(pick() * SHAPES_OF_A_SERVICE)]
            start = (parent.start if parent else now) + int(pick() * 900_000)
            numbers = bits(128)
            span_id, request_id = f"{numbers >> 64 | 1:016x}", f"{numbers & 0xFFFFFFFFFFFFFFFF:016x}"
            parent_id = parent.span_id if parent else ""
            end = start + 20_000 + int(pick() * 90_000_000 / (at + 1))
            spans.append(Span(shape, trace_id, span_id, parent_id, start, end, request_id, link))
        link = trace_id + spans[0].span_id
        yield spans


def requests(seed: int = 1) -> Iterator[list[list[Span]]]:
    """What the collector would export at a time: the spans of some traces, a list a service (in SERVICES' order)."""
    source = traces(seed)
    while True:
        by_service: list[list[Span]] = [[] for _ in SERVICES]
        for _ in range(TRACES_OF_A_REQUEST):
            for span in next(source):
                by_service[span.shape.service].append(span)
        yield by_service


def resource(service: int) -> tuple[tuple[str, Value], ...]:
    name = SERVICES[service]
    return (
        ("service.name", name),
        ("service.version", f"1.{service}.0"),
        ("host.name", f"node-{service % 4}"),
        ("k8s.pod.name", f"{name}-7c9f-{service}"),
        ("telemetry.sdk.language", "java"),
    )
