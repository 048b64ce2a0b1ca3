"""The inventory (Java): reserves stock, and stops the world when its heap is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.otlp import Hole, Kind
from deep_code_reasoning.demo.service_logs import gc_line

from .exchange import Reply, Steps
from .pod import Pod, Request
from .spans import SCOPES, rpc, statement

if TYPE_CHECKING:
    from .shop import Shop

ADDRESS = "inventory.shop.svc"
OUT_OF_STOCK_SHARE = 0.006
ARTICLE_S = 0.002
"""What each further article adds to a reservation: a row to lock and to write."""
FAILED_PRECONDITION = 9
FULL_HEAP_MB, HEAP_MB = 3912, 4096
OLD = (("jvm.gc.name", "G1 Old Generation"), ("jvm.gc.action", "end of major GC"))
YOUNG = (("jvm.gc.name", "G1 Young Generation"), ("jvm.gc.action", "end of minor GC"))


class Inventory:
    """shop.inventory.v1.Stock/Reserve. Each reservation allocates; a full heap is compacted at once."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._server = rpc(
            "java",
            Kind.SERVER,
            "shop.inventory.v1.Stock",
            "Reserve",
            ADDRESS,
            {"app.order.id": Hole.TEXT, "inventory.reserved": Hole.INT},
        )
        self._reserve = statement("java", "reserve_stock")
        self._allocated: dict[str, int] = {}
        self._collections: dict[str, int] = {}

    def started(self, pod: Pod) -> None:
        """The first have run for days: their heaps start filled to different degrees."""
        limit = self._shop.capacity.requests_between_collections
        filled = limit * (2 + len(self._allocated)) // 4 if self._shop.env.now == 0 else 0
        self._allocated[pod.identity.name] = filled

        def used() -> int:
            share = min(1.0, self._allocated[pod.identity.name] / limit)
            return int((1900 + share * (FULL_HEAP_MB - 1900)) * 1_048_576)

        pod.instruments.observe("jvm.memory.used", "By", used, (("jvm.memory.type", "heap"),))

    def reserve(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """Reserve the articles of an order; a few are out of stock."""
        started, span_id = self._shop.env.now, request.span_id()
        refused = request.rng.random() < OUT_OF_STOCK_SHARE
        self._allocate(request, pod)
        yield from self._shop.query(request, pod, span_id, self._reserve, 0.005 + ARTICLE_S * (request.articles - 1))
        status = FAILED_PRECONDITION if refused else 0
        order = f"o-{request.number:07d}"
        pod.span(self._server, request, span_id, parent, started, (order, 0 if refused else 1, status))
        pod.instruments.record(
            "rpc.server.duration",
            (("rpc.method", "Reserve"), ("rpc.grpc.status_code", status)),
            self._shop.env.now - started,
        )
        return Reply(status, "FAILED_PRECONDITION" if refused else "")

    def _allocate(self, request: Request, pod: Pod) -> None:
        name, limit = pod.identity.name, self._shop.capacity.requests_between_collections
        self._allocated[name] += 1
        if self._allocated[name] % max(1, limit // 5) == 0:
            pod.instruments.record("jvm.gc.duration", YOUNG, 0.008 + 0.01 * request.rng.random())
        if self._allocated[name] >= limit:
            self._allocated[name] = 0
            self._stop_the_world(pod, 0.7 + 0.8 * request.rng.random())

    def _stop_the_world(self, pod: Pod, seconds: float) -> None:
        now, name = self._shop.env.now, pod.identity.name
        pod.paused_until = now + seconds
        pod.instruments.record("jvm.gc.duration", OLD, seconds)
        self._shop.chronicle.pauses.setdefault(name, []).append((now, now + seconds))
        number = self._collections[name] = self._collections.get(name, 0) + 1
        self._shop.env.process(self._report(pod, number * 37, seconds))

    def _report(self, pod: Pod, number: int, seconds: float) -> Steps[None]:
        yield self._shop.env.timeout(seconds)
        heap = (FULL_HEAP_MB, 1900 + number % 90, HEAP_MB)
        if pod.log_file is not None:
            cause = "Full (G1 Compaction Pause)"
            pod.log_file.write(gc_line(pod.now_ns, number, cause, heap, seconds))
        body = f"JVM paused for {seconds * 1000:.0f} ms by a full collection"
        pod.log(SCOPES["java"]["log"], "WARN", body, {"jvm.gc.name": "G1 Old Generation"})
