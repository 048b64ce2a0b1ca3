"""What happens after an order: the notification (Python) and shipping (Go) consumers of the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo import otlp
from deep_code_reasoning.demo.broker import Message, Queue
from deep_code_reasoning.demo.database import service_time_s
from deep_code_reasoning.demo.otlp import Kind
from deep_code_reasoning.demo.service_logs import python_line

from .exchange import Steps
from .pod import Pod, Request
from .spans import SCOPES, http_client, messaging, statement

if TYPE_CHECKING:
    from .shop import Shop

EXCHANGE = "orders"
MAIL_REFUSED_SHARE = 0.004
TRACEBACK = """Traceback (most recent call last):
  File "/app/notification/consumer.py", line {consume}, in on_order_placed
    deliver(order, template)
  File "/app/notification/mailer.py", line {deliver}, in deliver
    response.raise_for_status()
httpx.HTTPStatusError: Server error '503 Service Unavailable' for url 'https://mail.example.net/v3/send'"""


class Fulfilment:
    """The queues `notification.orders` and `shipping.orders`."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        prefetch = shop.capacity.consumer_prefetch
        self._queues = {
            "notification": Queue(shop.env, "notification.orders", prefetch, self._notify),
            "shipping": Queue(shop.env, "shipping.orders", prefetch, self._ship),
        }
        for queue in self._queues.values():
            shop.broker.bind(EXCHANGE, queue)
        self._notified = messaging("python", Kind.CONSUMER, EXCHANGE, "notification.orders")
        self._mail = http_client("python", "POST", "mail.example.net", 443)
        self._shipped = messaging("go", Kind.CONSUMER, EXCHANGE, "shipping.orders")
        self._shipment = statement("go", "shipment")
        code = shop.repositories["notification"]
        self._traceback = TRACEBACK.format(
            consume=code.line("notification/consumer.py", "deliver(order"),
            deliver=code.line("notification/mailer.py", "raise_for_status"),
        )

    def started(self, pod: Pod) -> None:
        """The consumer reports the depth of its queue."""
        queue = self._queues[pod.identity.service]
        attributes = (("messaging.destination.name", queue.name),)
        pod.instruments.observe("rabbitmq.message.ready", "{message}", lambda: queue.ready, attributes)
        pod.instruments.observe(
            "rabbitmq.message.unacknowledged", "{message}", lambda: queue.unacknowledged, attributes
        )

    def _notify(self, message: Message) -> Steps[None]:
        shop, request = self._shop, message.request
        assert isinstance(request, Request)
        pod = shop.pick("notification", request)
        yield shop.env.timeout(shop.network.one_way_s(request.rng, shop.env.now, ("broker", ""), pod.place))
        started, span_id, mail_id = shop.env.now, request.span_id(), request.span_id()
        refused = request.rng.random() < MAIL_REFUSED_SHARE
        yield shop.env.timeout(0.001)
        called = shop.env.now
        yield shop.env.timeout(service_time_s(request.rng, 0.045))
        error = "503" if refused else ""
        url = "https://mail.example.net/v3/send"
        pod.span(self._mail, request, mail_id, span_id, called, (url, 503 if refused else 202), error=error)
        self._finish(pod, request, message, (self._notified, span_id, started), error)
        if pod.log_file is not None:
            stamp, suffix = pod.now_ns, f"order=o-{request.number:07d} trace_id={request.trace_id}"
            if refused:
                text = f"confirmation could not be delivered {suffix}"
                line = python_line(stamp, "ERROR", "notification.consumer", text, self._traceback)
            else:
                line = python_line(stamp, "INFO", "notification.consumer", f"confirmation sent {suffix}")
            pod.log_file.write(line)

    def _ship(self, message: Message) -> Steps[None]:
        shop, request = self._shop, message.request
        assert isinstance(request, Request)
        pod = shop.pick("shipping", request)
        yield shop.env.timeout(shop.network.one_way_s(request.rng, shop.env.now, ("broker", ""), pod.place))
        started, span_id = shop.env.now, request.span_id()
        yield from shop.query(request, pod, span_id, self._shipment, 0.006)
        self._finish(pod, request, message, (self._shipped, span_id, started), "")
        body = f"shipment requested for o-{request.number:07d}"
        pod.log(SCOPES["go"]["log"], "INFO", body, {"app.order.id": message.body}, request, span_id)

    def _finish(self, pod: Pod, request: Request, message: Message, span: tuple, error: str) -> None:
        template, span_id, started = span
        values = (message.id, 380 + request.number % 97)
        linked = otlp.link(request.trace_id, message.span_id)
        pod.span(template, request, span_id, message.span_id, started, values, error=error, links=linked)
        outcome = (("messaging.destination.name", EXCHANGE), ("error.type", error or "none"))
        pod.instruments.add("messaging.client.consumed.messages", outcome)
