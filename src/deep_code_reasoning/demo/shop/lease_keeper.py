"""The lock client inside the payment service: takes a lease, renews it while work goes on, gives it back.

It does what the code in `repositories/payment` does, its flaw included: the expiry it is told is a moment
of the lock service's clock, and it waits for `expires_at - margin` on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import simpy

from deep_code_reasoning.demo.otlp import Hole, Kind
from deep_code_reasoning.demo.service_logs import java_line

from .exchange import Steps, exchange
from .lock import ADDRESS, SERVICE
from .pod import Pod, Request
from .spans import SCOPES, rpc

if TYPE_CHECKING:
    from .shop import Shop

SOURCE = "src/main/java/com/example/shop/payment/lock/LeaseKeeper.java"
CLASS = "com.example.shop.payment.lock.LeaseKeeper"
TIMER_JITTER_S = 0.002


class Hold:
    """A lease as its holder knows it."""

    __slots__ = ("expires_at_ns", "key", "lease_id", "lost", "owner", "released", "renewal", "renewals")

    def __init__(self, key: str, owner: str, lease_id: int, expires_at_ns: int) -> None:
        self.key = key
        self.owner = owner
        self.lease_id = lease_id
        self.expires_at_ns = expires_at_ns
        self.renewals = 0
        self.lost = False
        self.released = False
        self.renewal: simpy.Event | None = None


class LeaseKeeper:
    """Client side of shop.lock.v1.LockService."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        lines = shop.repositories["payment"]
        lease = {
            "lock.key": Hole.TEXT,
            "lock.owner": Hole.TEXT,
            "lock.lease.id": Hole.INT,
            "lock.outcome": Hole.TEXT,
        }
        self._acquire = rpc(
            "java",
            Kind.CLIENT,
            SERVICE,
            "Acquire",
            ADDRESS,
            {**lease, "lock.lease.ttl_ms": shop.lease.ttl_ns // 1_000_000, "lock.fencing_token": Hole.INT},
        )
        self._renew = rpc(
            "java",
            Kind.CLIENT,
            SERVICE,
            "Renew",
            ADDRESS,
            {
                **lease,
                "lock.renew.margin_ms": shop.lease.margin_ns // 1_000_000,
                "code.file.path": SOURCE,
                "code.function.name": f"{CLASS}.renew",
                "code.line.number": lines.line(SOURCE, "stub.renew("),
            },
        )
        self._release = rpc("java", Kind.CLIENT, SERVICE, "Release", ADDRESS, lease)

    def acquire(self, request: Request, pod: Pod, parent: str, key: str) -> Steps[Hold | None]:
        """Wait for the lease; None when the lock service gave up waiting."""
        shop, owner = self._shop, pod.identity.name
        callee = shop.pick("lock", request)
        env, network = shop.env, shop.network
        started, span_id = env.now, request.span_id()
        yield env.timeout(network.one_way_s(request.rng, started, pod.place, callee.place))
        reply = yield from shop.lock.acquire(request, callee, span_id, key, owner)
        yield env.timeout(network.one_way_s(request.rng, env.now, callee.place, pod.place))
        lease_id, expires_at_ns = reply.result or (0, 0)
        outcome = "granted" if lease_id else "timeout"
        values = (key, owner, lease_id, outcome, lease_id, reply.status)
        pod.span(self._acquire, request, span_id, parent, started, values, error=reply.error)
        return Hold(key, owner, lease_id, expires_at_ns) if lease_id else None

    def keep(self, request: Request, pod: Pod, parent: str, hold: Hold) -> Steps[None]:
        """Renew `margin` before the expiry, by the clock of the holder's host, until released or refused."""
        env, margin_ns = self._shop.env, self._shop.lease.margin_ns
        while True:
            due = pod.clock.true_s(hold.expires_at_ns - margin_ns)
            yield env.timeout(max(0.0, due - env.now))
            if hold.released:
                return
            yield env.timeout(TIMER_JITTER_S * request.rng.random())
            if hold.released:
                return
            renewal = hold.renewal = env.event()
            renewed = yield from self._renew_once(request, pod, parent, hold)
            hold.renewal = None
            renewal.succeed()
            if not renewed:
                self._lost(request, pod, parent, hold)
                return

    def release(self, request: Request, pod: Pod, parent: str, hold: Hold) -> Steps[None]:
        """Give the lease back, after a renewal that is under way."""
        hold.released = True
        if hold.renewal is not None:
            yield hold.renewal
        shop, key, owner = self._shop, hold.key, hold.owner
        yield from exchange(
            shop,
            request,
            pod,
            "lock",
            parent,
            self._release,
            (key, owner, hold.lease_id, "released" if not hold.lost else "not_held"),
            lambda req, lock, span: shop.lock.release(req, lock, span, key, owner, hold.lease_id),
        )

    def _renew_once(self, request: Request, pod: Pod, parent: str, hold: Hold) -> Steps[bool]:
        shop, env, network = self._shop, self._shop.env, self._shop.network
        callee = shop.pick("lock", request)
        started, span_id = env.now, request.span_id()
        yield env.timeout(network.one_way_s(request.rng, started, pod.place, callee.place))
        reply = yield from shop.lock.renew(request, callee, span_id, hold.key, hold.owner, hold.lease_id)
        yield env.timeout(network.one_way_s(request.rng, env.now, callee.place, pod.place))
        outcome = "expired" if reply.error else "renewed"
        values = (hold.key, hold.owner, hold.lease_id, outcome, reply.status)
        pod.span(self._renew, request, span_id, parent, started, values, error=reply.error)
        if reply.error:
            return False
        hold.expires_at_ns = reply.result
        hold.renewals += 1
        return True

    def _lost(self, request: Request, pod: Pod, parent: str, hold: Hold) -> None:
        hold.lost = True
        self._shop.chronicle.late_renewals += 1
        body = f"Renewal of lease {hold.lease_id} on {hold.key} refused, work in progress continues"
        pod.log(SCOPES["java"]["log"], "WARN", body, {"lock.key": hold.key}, request, parent)
        if pod.log_file is not None:
            text = f"{body} trace_id={request.trace_id}"
            pod.log_file.write(
                java_line(pod.now_ns, "WARN", "lease-keeper-1", "c.e.shop.payment.lock.LeaseKeeper", text)
            )
