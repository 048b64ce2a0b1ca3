"""The shop as a whole: its pods, their replacement by deploys, and everything the services share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import simpy

from deep_code_reasoning.demo.broker import Broker
from deep_code_reasoning.demo.card_provider import CardProvider
from deep_code_reasoning.demo.chronicle import Chronicle
from deep_code_reasoning.demo.clock import HostClock
from deep_code_reasoning.demo.collector import Collector
from deep_code_reasoning.demo.database import Database
from deep_code_reasoning.demo.git_history import Repository
from deep_code_reasoning.demo.lock_service import LockService
from deep_code_reasoning.demo.network import Network
from deep_code_reasoning.demo.otlp import SpanTemplate
from deep_code_reasoning.demo.service_logs import LogFile

from . import topology
from .cart import Cart
from .catalog import Catalog, Pricing
from .exchange import Steps
from .fulfilment import Fulfilment
from .gateway import Gateway
from .instruments import Instruments
from .inventory import Inventory
from .lock import Lock
from .order import Order
from .payment import Payment
from .pod import Pod, Request
from .sale_rules import SaleRules
from .spans import SCOPES
from .topology import Provenance
from .validation import CartValidation

LOG_FILE_NAMES = {
    "gateway": "{pod}.access.jsonl",
    "order": "{pod}.log",
    "payment": "{pod}.log",
    "inventory": "{pod}.gc.log",
    "notification": "{pod}.log",
}


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much the shop can take; all of it grows with the rate of arrivals."""

    settlement_connections: int
    provider_slots: int
    provider_mean_s: float
    consumer_prefetch: int
    requests_between_collections: int
    provider_day_swing: float = 0.0


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """The lease of the settlement lock: time to live, and how long before its end it is renewed."""

    ttl_ns: int
    margin_ns: int


@dataclass(frozen=True, slots=True)
class Observability:
    """What the shop lets one see. `untraced` services send no spans; `provenance` is what their resources tell
    of the code (the commit, if not named). `by_version`: metrics leave the pods out, as a collector that
    aggregates them does, and none are of hosts."""

    untraced: frozenset[str] = frozenset()
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    by_version: bool = False


class Shop:
    """All parts of a running shop. `clocks` by host, `repositories` by service."""

    def __init__(
        self,
        env: simpy.Environment,
        seed: int,
        directory: Path,
        collector: Collector,
        network: Network,
        clocks: dict[str, HostClock],
        repositories: dict[str, Repository],
        capacity: Capacity,
        lease: LeaseSettings,
        observability: Observability | None = None,
    ) -> None:
        self.env = env
        self.network = network
        self.clocks = clocks
        self.repositories = repositories
        self.capacity = capacity
        self.lease = lease
        self.chronicle = Chronicle()
        self.broker = Broker()
        self.provider = CardProvider(
            env, capacity.provider_slots, capacity.provider_mean_s, capacity.provider_day_swing
        )
        self.settlement_db = Database(env, capacity.settlement_connections)
        self.database = Database(env, 1_000_000)
        self.log_files: list[LogFile] = []
        self._observability = observability or Observability()
        self._instruments: dict[tuple[str, str], Instruments] = {}
        self._directory = directory
        self._collector = collector
        self._identities = Random(f"{seed}/identities")
        self._host_ids = topology.host_ids(seed)
        self._languages = {service.name: service.language for service in topology.SERVICES}
        self.pods: dict[str, list[Pod]] = {}
        for service in topology.SERVICES:
            self.pods[service.name] = []
        self.lock_service = LockService(
            env, clocks[topology.LOCK_HOST], lease.ttl_ns, lambda expired: self.lock.expired(expired)
        )
        self.gateway = Gateway(self)
        self.catalog = Catalog(self)
        self.sale_rules = SaleRules(self)
        self.pricing = Pricing(self)
        self.cart = Cart(self)
        self.validation = CartValidation(self)
        self.order = Order(self)
        self.payment = Payment(self)
        self.lock = Lock(self)
        self.inventory = Inventory(self)
        self.fulfilment = Fulfilment(self)
        self._on_start: dict[str, Callable[[Pod], None]] = {
            "payment": self.payment.started,
            "lock": self.lock.started,
            "inventory": self.inventory.started,
            "notification": self.fulfilment.started,
            "shipping": self.fulfilment.started,
        }

    def pick(self, service: str, request: Request) -> Pod:
        """A pod of the service, as a load balancer would choose it."""
        pods = self.pods[service]
        return pods[0] if len(pods) == 1 else pods[int(request.rng.random() * len(pods))]

    def start(self, service: topology.Service, version: str, commit: str, hosts: tuple[str, ...] = ()) -> list[Pod]:
        """Start the pods of a version on all hosts of the service, or on some; they replace those there."""
        hosts = hosts or service.hosts
        pods = [self._pod(service, version, commit, host) for host in hosts]
        staying = [pod for pod in self.pods[service.name] if pod.identity.host not in hosts]
        self.pods[service.name] = pods + staying
        return pods

    def _pod(self, service: topology.Service, version: str, commit: str, host: str) -> Pod:
        seen = self._observability
        identity = topology.identity(
            service,
            version,
            commit,
            host,
            self._host_ids[host],
            self._identities,
            seen.provenance.get(service.name, Provenance.REVISION),
        )
        shared = self._instruments.setdefault((service.name, version), Instruments()) if seen.by_version else None
        traced = service.name not in seen.untraced
        pod = Pod(self.env, self._collector, identity, self.clocks[host], shared, traced=traced)
        if service.name in LOG_FILE_NAMES:
            name = LOG_FILE_NAMES[service.name].format(pod=identity.name)
            pod.log_file = LogFile(self._directory / "logs" / service.name / name)
            self.log_files.append(pod.log_file)
        if not seen.by_version:
            self._observe_host(pod)
        on_start = self._on_start.get(service.name)
        if on_start is not None:
            on_start(pod)
        return pod

    def query(
        self,
        request: Request,
        pod: Pod,
        parent: str,
        template: SpanTemplate,
        mean_s: float,
        values: tuple[object, ...] = (),
    ) -> Steps[None]:
        """A statement on a database with capacity to spare."""
        started, span_id = self.env.now, request.span_id()
        yield from self.database.execute(request.rng, mean_s)
        if pod.paused_until > self.env.now:
            yield from pod.awake()
        pod.span(template, request, span_id, parent, started, values)

    def export_metrics(self) -> None:
        """All pods report, or one for each version: the one that has been there longest, the last of them."""
        for service, pods in self.pods.items():
            scope = SCOPES[self._languages[service]]["metric"]
            if self._observability.by_version:
                for pod in {pod.identity.version: pod for pod in pods}.values():
                    pod.export_metrics(scope, pod.identity.of_version)
                continue
            for pod in pods:
                pod.export_metrics(scope)

    def _observe_host(self, pod: Pod) -> None:
        rng = Random(pod.identity.name)
        base = 0.06 + 0.1 * rng.random()
        memory = rng.randrange(180, 420) * 1_048_576

        def utilization() -> float:
            return round(base + 0.02 * rng.random(), 4)

        def usage() -> int:
            return memory + rng.randrange(0, 40) * 1_048_576

        pod.instruments.observe("process.cpu.utilization", "1", utilization)
        pod.instruments.observe("process.memory.usage", "By", usage)
