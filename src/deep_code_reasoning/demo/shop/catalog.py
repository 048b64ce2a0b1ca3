"""The catalog (Python) and the pricing service (Go) that it and the orders ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.otlp import Hole, Kind

from .exchange import Reply, Steps, exchange, http
from .pod import Pod, Request
from .spans import SCOPES, http_server, rpc, statement

if TYPE_CHECKING:
    from .shop import Shop

PRICING = "pricing.shop.svc"
UNKNOWN_PRODUCT_SHARE = 0.012
SLOW_INDEX_SHARE = 0.0012
ARTICLE_S = 0.0005
"""What each further article adds to the statement that reads the rules."""


class Catalog:
    """GET /products/{id}."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._server = http_server("python", "GET", "/products/{product_id}")
        self._product = statement("python", "product_by_id")
        self._timeouts_s: dict[str, float] = {}
        self._quote = rpc(
            "python", Kind.CLIENT, "shop.pricing.v1.Pricing", "Quote", PRICING, {"network.transport": "tcp"}
        )

    def product(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """A product page's data; a few ids are stale links, rarely the statement times out."""
        shop, rng = self._shop, request.rng
        started, span_id = shop.env.now, request.span_id()
        chance = rng.random()
        yield from shop.query(request, pod, span_id, self._product, 0.004)
        error = message = ""
        if chance < UNKNOWN_PRODUCT_SHARE:
            status = 404
        elif chance < UNKNOWN_PRODUCT_SHARE + SLOW_INDEX_SHARE:
            yield shop.env.timeout(self._statement_timeout_s(pod.identity.commit))
            status, error, message = 500, "QueryCanceled", "canceling statement due to statement timeout"
            pod.log(SCOPES["python"]["log"], "ERROR", message, {"exception.type": error}, request, span_id)
        else:
            yield from exchange(shop, request, pod, "pricing", span_id, self._quote, (), shop.pricing.quote)
            status = 200
        path = f"/products/{request.number % 4801}"
        pod.span(self._server, request, span_id, parent, started, (path, status), error=error, message=message)
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", "/products/{product_id}"), ("http.response.status_code", status)),
            shop.env.now - started,
        )
        return http(status)

    def _statement_timeout_s(self, commit: str) -> float:
        """As the code at a commit sets it."""
        if commit not in self._timeouts_s:
            code = self._shop.repositories["catalog"]
            source = code.trees[code.shas.index(commit)]["catalog/products.py"]
            self._timeouts_s[commit] = int(source.partition("statement_timeout=")[2].partition("'")[0]) / 1000
        return self._timeouts_s[commit]


class Pricing:
    """shop.pricing.v1.Pricing/Quote."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._server = rpc(
            "go",
            Kind.SERVER,
            "shop.pricing.v1.Pricing",
            "Quote",
            PRICING,
            {"pricing.rules.count": Hole.INT, "pricing.currency": "EUR"},
        )
        self._rules = statement("go", "price_rules")

    def quote(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """Prices of some articles, read in one statement."""
        started, span_id = self._shop.env.now, request.span_id()
        yield from self._shop.query(request, pod, span_id, self._rules, 0.003 + ARTICLE_S * (request.articles - 1))
        pod.span(self._server, request, span_id, parent, started, (1 + request.number % 7, 0))
        pod.instruments.record(
            "rpc.server.duration",
            (("rpc.method", "Quote"), ("rpc.grpc.status_code", 0)),
            self._shop.env.now - started,
        )
        return Reply(0)
