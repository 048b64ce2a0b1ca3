"""The cart service (TypeScript): a hash in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exchange import Reply, Steps, http
from .pod import Pod, Request
from .spans import SCOPES, http_server, statement

if TYPE_CHECKING:
    from .shop import Shop


class Cart:
    """GET /carts/{id}."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._server = http_server("nodejs", "GET", "/carts/{id}")
        self._items = statement("nodejs", "cart_items")

    def read(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """The items of a cart."""
        started, span_id = self._shop.env.now, request.span_id()
        yield from self._shop.query(request, pod, span_id, self._items, 0.0012)
        path = f"/carts/c-{request.number:07d}"
        pod.span(self._server, request, span_id, parent, started, (path, 200))
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", "/carts/{id}"), ("http.response.status_code", 200)),
            self._shop.env.now - started,
        )
        if request.number % 16 == 0:
            pod.log(SCOPES["nodejs"]["log"], "DEBUG", "cart read from cache", {}, request, span_id)
        return http(200)
