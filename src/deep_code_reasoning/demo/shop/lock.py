"""The lock service's API (Go): shop.lock.v1.LockService over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo.lock_service import Lease
from deep_code_reasoning.demo.otlp import Hole, Kind

from .exchange import Reply, Steps
from .pod import Pod, Request
from .spans import SCOPES, Attributes, rpc

if TYPE_CHECKING:
    from .shop import Shop

ADDRESS = "lock.shop.svc"
SERVICE = "shop.lock.v1.LockService"
DEADLINE_EXCEEDED, FAILED_PRECONDITION = 4, 9
WAIT_LIMIT_S = 20.0


class Lock:
    """Acquire (blocks, first in first out), Renew and Release."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        lease: Attributes = {
            "lock.key": Hole.TEXT,
            "lock.owner": Hole.TEXT,
            "lock.lease.id": Hole.INT,
            "lock.lease.ttl_ms": shop.lease.ttl_ns // 1_000_000,
            "lock.lease.expires_at_unix_ms": Hole.INT,
            "lock.fencing_token": Hole.INT,
            "lock.outcome": Hole.TEXT,
        }
        self._acquire = rpc("go", Kind.SERVER, SERVICE, "Acquire", ADDRESS, lease)
        self._renew = rpc("go", Kind.SERVER, SERVICE, "Renew", ADDRESS, lease)
        self._release = rpc(
            "go",
            Kind.SERVER,
            SERVICE,
            "Release",
            ADDRESS,
            {key: lease[key] for key in ("lock.key", "lock.owner", "lock.lease.id", "lock.outcome")},
        )

    def started(self, pod: Pod) -> None:
        """The lock table's gauges."""
        service = self._shop.lock_service
        pod.instruments.observe("lock.leases.active", "{lease}", lambda: service.active)
        pod.instruments.observe("lock.acquires.waiting", "{request}", lambda: service.waiters)

    def expired(self, lease: Lease) -> None:
        """Note that a lease ran out."""
        pod = self._shop.pods["lock"][0]
        pod.instruments.add("lock.leases.expired", ())
        body = f"lease {lease.id} on {lease.key} expired"
        pod.log(SCOPES["go"]["log"], "INFO", body, {"lock.key": lease.key, "lock.owner": lease.owner})

    def report(self) -> None:
        """Log the size of the lock table, as the service does each minute."""
        service, pod = self._shop.lock_service, self._shop.pods["lock"][0]
        body = f"lock table: {service.active} leases, {service.waiters} waiting, {service.granted} granted"
        pod.log(SCOPES["go"]["log"], "DEBUG", body, {})

    def acquire(self, request: Request, pod: Pod, parent: str, key: str, owner: str) -> Steps[Reply]:
        """Wait for the key; the result is (lease id, expiry by this host's clock in nanoseconds)."""
        env, service = self._shop.env, self._shop.lock_service
        started, span_id = env.now, request.span_id()
        granted = service.acquire(key, owner)
        if not granted.triggered:
            yield env.any_of([granted, env.timeout(WAIT_LIMIT_S)])
        if not granted.triggered:
            service.withdraw(key, granted)
            values = (key, owner, 0, 0, 0, "timeout", DEADLINE_EXCEEDED)
            pod.span(self._acquire, request, span_id, parent, started, values, error="DEADLINE_EXCEEDED")
            return Reply(DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        lease = granted.value
        assert isinstance(lease, Lease)
        expires = lease.expires_at_ns
        yield env.timeout(0.0002)
        values = (key, owner, lease.id, expires // 1_000_000, lease.fencing_token, "granted", 0)
        pod.span(self._acquire, request, span_id, parent, started, values)
        self._count(pod, "Acquire", 0, started)
        return Reply(0, result=(lease.id, expires))

    def renew(self, request: Request, pod: Pod, parent: str, key: str, owner: str, lease_id: int) -> Steps[Reply]:
        """Extend a lease; the result is its new expiry in nanoseconds. Refused when it has expired."""
        env = self._shop.env
        started, span_id = env.now, request.span_id()
        lease = self._shop.lock_service.renew(key, lease_id)
        expires = lease.expires_at_ns if lease else 0
        yield env.timeout(0.0002)
        status = 0 if lease else FAILED_PRECONDITION
        outcome = "renewed" if lease else "expired"
        values = (key, owner, lease_id, expires // 1_000_000, lease_id, outcome, status)
        pod.span(self._renew, request, span_id, parent, started, values)
        self._count(pod, "Renew", status, started)
        return Reply(status, "" if lease else "FAILED_PRECONDITION", expires)

    def release(self, request: Request, pod: Pod, parent: str, key: str, owner: str, lease_id: int) -> Steps[Reply]:
        """Give a lease back; giving back a lost one does nothing."""
        env = self._shop.env
        started, span_id = env.now, request.span_id()
        held = self._shop.lock_service.release(key, lease_id)
        yield env.timeout(0.0002)
        outcome = "released" if held else "not_held"
        pod.span(self._release, request, span_id, parent, started, (key, owner, lease_id, outcome, 0))
        self._count(pod, "Release", 0, started)
        return Reply(0)

    def _count(self, pod: Pod, method: str, status: int, started: float) -> None:
        attributes = (("rpc.method", method), ("rpc.grpc.status_code", status))
        pod.instruments.record("rpc.server.duration", attributes, self._shop.env.now - started)
