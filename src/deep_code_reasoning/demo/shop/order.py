"""The order service (Java): orchestrates a purchase and retries payments that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.broker import Message
from deep_code_reasoning.demo.otlp import Hole, Kind, Value
from deep_code_reasoning.demo.service_logs import java_line

from .catalog import PRICING
from .exchange import Reply, Steps, exchange, http
from .fulfilment import EXCHANGE
from .inventory import ADDRESS as INVENTORY
from .pod import Pod, Request
from .spans import SCOPES, http_client, http_server, messaging, rpc, statement

if TYPE_CHECKING:
    from .shop import Shop

ATTEMPTS = 3
RETRY_BUDGET_S = 9.0
BACKOFF_S = 0.25
ARTICLE_S = 0.0006
"""What each further article adds to the insertion of an order."""
LOGGER = "c.e.shop.order.PaymentGateway"


class Order:
    """POST /orders: cart, price, stock, order row, payment, then the event."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        attributes: dict[str, Value | Hole] = {"app.order.id": Hole.TEXT, "app.payment.attempts": Hole.INT}
        self._tells_lines = shop.validation.is_used
        if self._tells_lines:
            attributes["app.cart.lines"] = Hole.INT
        self._server = http_server("java", "POST", "/orders", attributes)
        self._to_cart = http_client("java", "GET", "cart", 3000)
        self._to_pricing = rpc(
            "java", Kind.CLIENT, "shop.pricing.v1.Pricing", "Quote", PRICING, {"network.transport": "tcp"}
        )
        self._to_inventory = rpc(
            "java", Kind.CLIENT, "shop.inventory.v1.Stock", "Reserve", INVENTORY, {"network.transport": "tcp"}
        )
        self._to_payment = http_client("java", "POST", "payment", 8080, {"http.request.resend_count": Hole.INT})
        self._insert = statement("java", "insert_order")
        self._publish = messaging("java", Kind.PRODUCER, EXCHANGE)

    def place(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """Place an order."""
        shop, started, span_id = self._shop, self._shop.env.now, request.span_id()
        stocked = yield from self._prepare(request, pod, span_id)
        attempts = 0
        if stocked:
            yield from shop.query(request, pod, span_id, self._insert, 0.006 + ARTICLE_S * (request.articles - 1))
            paid, attempts = yield from self._pay(request, pod, span_id)
            status = 201 if paid == 201 else 402 if paid == 402 else 503
        else:
            status = 409
        if status == 201:
            yield from self._announce(request, pod, span_id)
        order = f"o-{request.number:07d}"
        error = "PaymentFailedException" if status == 503 else ""
        message = f"payment failed after {attempts} attempts" if error else ""
        lines = (request.articles,) if self._tells_lines else ()
        values = ("/orders", order, attempts, *lines, status)
        pod.span(self._server, request, span_id, parent, started, values, error=error, message=message)
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", "/orders"), ("http.response.status_code", status)),
            shop.env.now - started,
        )
        level = "ERROR" if error else "INFO"
        body = message or f"order {order} answered with {status}"
        pod.log(SCOPES["java"]["log"], level, body, {"app.order.id": order}, request, span_id)
        return http(status)

    def _prepare(self, request: Request, pod: Pod, span_id: str) -> Steps[bool]:
        """Read the cart, quote it and reserve the stock; False when something is out of stock."""
        shop = self._shop
        cart = f"http://cart:3000/carts/c-{request.number:07d}"
        yield from exchange(shop, request, pod, "cart", span_id, self._to_cart, (cart,), shop.cart.read)
        yield from shop.validation.validate(request, pod, span_id)
        yield from exchange(shop, request, pod, "pricing", span_id, self._to_pricing, (), shop.pricing.quote)
        reply = yield from exchange(
            shop, request, pod, "inventory", span_id, self._to_inventory, (), shop.inventory.reserve
        )
        return reply.status == 0

    def _pay(self, request: Request, pod: Pod, span_id: str) -> Steps[tuple[int, int]]:
        """The payment's status and how many attempts it took."""
        shop, started = self._shop, self._shop.env.now
        url = "http://payment:8080/payments"
        for attempt in range(ATTEMPTS):
            reply = yield from exchange(
                shop, request, pod, "payment", span_id, self._to_payment, (url, attempt), shop.payment.pay
            )
            spent = shop.env.now - started
            if not reply.server_failed or attempt + 1 == ATTEMPTS or spent > RETRY_BUDGET_S:
                self._note(pod, request, "INFO", f"status={reply.status} attempts={attempt + 1}")
                return reply.status, attempt + 1
            backoff = BACKOFF_S * 2**attempt * (0.5 + request.rng.random())
            text = f"payment answered {reply.status}, attempt {attempt + 2} in {backoff * 1000:.0f} ms"
            self._note(pod, request, "WARN", text)
            pod.log(SCOPES["java"]["log"], "WARN", text, {}, request, span_id)
            pod.instruments.add("order.payment.retries", ())
            yield shop.env.timeout(backoff)
        raise AssertionError("the last attempt returns")

    def _announce(self, request: Request, pod: Pod, span_id: str) -> Steps[None]:
        shop, started, sent = self._shop, self._shop.env.now, request.span_id()
        yield shop.env.timeout(shop.network.one_way_s(request.rng, started, pod.place, ("broker", "")))
        message = Message(f"m-{sent}", request, sent, f"o-{request.number:07d}")
        pod.span(self._publish, request, sent, span_id, started, (message.id, 380 + request.number % 97))
        shop.broker.publish(EXCHANGE, message)

    def _note(self, pod: Pod, request: Request, level: str, text: str) -> None:
        if pod.log_file is not None:
            thread = f"tomcat-handler-{request.number % 64}"
            line = f"order=o-{request.number:07d} {text} trace_id={request.trace_id}"
            pod.log_file.write(java_line(pod.now_ns, level, thread, LOGGER, line))
