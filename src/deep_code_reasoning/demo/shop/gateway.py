"""The gateway (TypeScript): where users come in, and where an access log is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.otlp import Hole
from deep_code_reasoning.demo.service_logs import json_line

from .exchange import Handler, Steps, exchange
from .pod import Pod, Request
from .spans import SCOPES, http_client, http_server

if TYPE_CHECKING:
    from .shop import Shop

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1)",
    "ShopApp/7.2 Android/16",
)


class Gateway:
    """GET /api/products/{id} and POST /api/checkout."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        user = {"client.address": Hole.TEXT, "user_agent.original": Hole.TEXT}
        self._browse = http_server("nodejs", "GET", "/api/products/{id}", user, root=True)
        self._checkout = http_server("nodejs", "POST", "/api/checkout", {**user, "app.order.id": Hole.TEXT}, root=True)
        self._to_catalog = http_client("nodejs", "GET", "catalog", 8000)
        self._to_order = http_client("nodejs", "POST", "order", 8080)

    def browse(self, request: Request) -> Steps[None]:
        """Someone looks at a product."""
        shop, started, span_id = self._shop, self._shop.env.now, request.span_id()
        pod = shop.pick("gateway", request)
        product = request.number % 4801
        status = yield from self._forward(
            request,
            pod,
            span_id,
            "catalog",
            (self._to_catalog, f"http://catalog:8000/products/{product}"),
            shop.catalog.product,
        )
        path, user = f"/api/products/{product}", self._user(request)
        self._answer(request, pod, span_id, started, status, ("GET", "/api/products/{id}", path), user)
        values = (path, *user, status)
        error = str(status) if status >= 500 else ""
        pod.span(self._browse, request, span_id, "", started, values, error=error)

    def checkout(self, request: Request) -> Steps[None]:
        """Someone buys."""
        shop, started, span_id = self._shop, self._shop.env.now, request.span_id()
        pod = shop.pick("gateway", request)
        yield shop.env.timeout(0.001 + 0.002 * request.rng.random())
        status = yield from self._forward(
            request, pod, span_id, "order", (self._to_order, "http://order:8080/orders"), shop.order.place
        )
        path, user = "/api/checkout", self._user(request)
        self._answer(request, pod, span_id, started, status, ("POST", path, path), user)
        values = (path, *user, f"o-{request.number:07d}", status)
        error = str(status) if status >= 500 else ""
        pod.span(self._checkout, request, span_id, "", started, values, error=error)
        if error:
            body = f"upstream order answered {status} for POST /api/checkout"
            pod.log(SCOPES["nodejs"]["log"], "ERROR", body, {"http.route": path}, request, span_id)

    def _forward(
        self,
        request: Request,
        pod: Pod,
        span_id: str,
        target: str,
        outgoing: tuple,
        handler: Handler,
    ) -> Steps[int]:
        template, url = outgoing
        reply = yield from exchange(self._shop, request, pod, target, span_id, template, (url,), handler)
        return reply.status

    def _user(self, request: Request) -> tuple[str, str]:
        address = f"203.0.113.{request.number % 251}"
        return address, AGENTS[request.number % len(AGENTS)]

    def _answer(
        self,
        request: Request,
        pod: Pod,
        span_id: str,
        started: float,
        status: int,
        line: tuple[str, str, str],
        user: tuple[str, str],
    ) -> None:
        method, route, path = line
        seconds = self._shop.env.now - started
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", route), ("http.response.status_code", status)),
            seconds,
        )
        if pod.log_file is not None:
            fields = {
                "method": method,
                "path": path,
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                "remote_addr": user[0],
                "user_agent": user[1],
                "trace_id": request.trace_id,
                "span_id": span_id,
            }
            pod.log_file.write(json_line(pod.now_ns, fields))
