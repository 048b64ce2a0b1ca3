"""What the catalog says of whether something may be sold: availability, and restrictions by country."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.otlp import Hole, SpanTemplate

from .exchange import Reply, Steps, http
from .pod import Pod, Request
from .spans import http_server, statement

if TYPE_CHECKING:
    from .shop import Shop

AVAILABILITY_S, ARTICLE_S = 0.0035, 0.0003
"""Mean time of the statement that reads many articles: for itself, and for each article."""
RESTRICTIONS_S = 0.0066
"""Mean time of the statement that reads the restrictions of one article."""
HANDLING_S = 0.0008
"""Routing, parsing and serialising in Python."""


class SaleRules:
    """POST /availability and GET /products/{id}/restrictions."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._available = http_server("python", "POST", "/availability")
        self._restricted = http_server("python", "GET", "/products/{product_id}/restrictions")
        rows = {"db.response.returned_rows": Hole.INT}
        self._availability = statement("python", "availability", rows)
        self._restrictions = statement("python", "sale_restrictions", rows)

    def availability(self, request: Request, pod: Pod, parent: str, articles: int) -> Steps[Reply]:
        """Which of some articles can be bought: one statement, however many they are."""
        mean_s = AVAILABILITY_S + ARTICLE_S * articles
        place = (self._available, "/availability", "/availability")
        return (yield from self._answer(request, pod, parent, place, (self._availability, mean_s, articles)))

    def restrictions(self, request: Request, pod: Pod, parent: str, product: int) -> Steps[Reply]:
        """Where one article may not be sold."""
        place = (self._restricted, "/products/{product_id}/restrictions", f"/products/{product}/restrictions")
        return (yield from self._answer(request, pod, parent, place, (self._restrictions, RESTRICTIONS_S, 0)))

    def _answer(
        self,
        request: Request,
        pod: Pod,
        parent: str,
        place: tuple[SpanTemplate, str, str],
        query: tuple[SpanTemplate, float, int],
    ) -> Steps[Reply]:
        shop, (template, route, path), (read, mean_s, rows) = self._shop, place, query
        started, span_id = shop.env.now, request.span_id()
        yield shop.env.timeout(HANDLING_S * (0.5 + request.rng.random()))
        asked = shop.env.now
        yield from shop.query(request, pod, span_id, read, mean_s, (rows,))
        collection = "availability" if read is self._availability else "sale_restrictions"
        pod.instruments.record(
            "db.client.operation.duration",
            (("db.system.name", "postgresql"), ("db.collection.name", collection), ("db.operation.name", "SELECT")),
            shop.env.now - asked,
        )
        pod.span(template, request, span_id, parent, started, (path, 200))
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", route), ("http.response.status_code", 200)),
            shop.env.now - started,
        )
        return http(200)
