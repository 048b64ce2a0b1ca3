"""Payments fail under high load: a lease expires 50 ms before its renewal, by the skew of one host's clock.

Nothing of it is painted on. The lock service grants with an absolute expiry by its own clock; a holder
renews at `expiry - margin` by its clock. On the host that runs `skew_ms` behind, that moment comes
`skew_ms` late: after the expiry, when `skew_ms > margin_ms`. It does no harm while the work is done before
a renewal falls due. In the flash sale the card provider's queue makes the work longer than `ttl_ms -
margin_ms`, the next waiter is granted a lease that is still being worked under, and one of the two finds
the account changed: any pod may be the victim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import simpy

from deep_code_reasoning.demo import alert, deploys, evidence
from deep_code_reasoning.demo.chronicle import payment_failures
from deep_code_reasoning.demo.clock import NANOSECONDS, HostClock, disciplined
from deep_code_reasoning.demo.collector import Collector
from deep_code_reasoning.demo.deploys import Deploy
from deep_code_reasoning.demo.exports import Exports
from deep_code_reasoning.demo.git_history import Repository
from deep_code_reasoning.demo.load import Surge
from deep_code_reasoning.demo.network import Network, SlowLink
from deep_code_reasoning.demo.shop import topology
from deep_code_reasoning.demo.shop.shop import Capacity, LeaseSettings, Shop
from deep_code_reasoning.demo.shop.spans import SCOPE_VERSIONS
from deep_code_reasoning.demo.shop.traffic import Rates, Traffic
from deep_code_reasoning.demo.truth import CodeLocation, Decoy, HostTruth, Truth

STARTED_AT = datetime(2026, 10, 13, 9, 0, tzinfo=UTC)
BATCH_TIMEOUT_S, METRIC_INTERVAL_S = 45.0, 60.0
DEPLOYED_BEFORE_SURGE_S = {"pricing": 660.0, "gateway": 375.0}

BYTES_A_MINUTE = 62_000.0
"""Metrics, which grow with the pods and not with the rate (measured)."""
BYTES_A_MINUTE_AND_UNIT = 196_500.0
"""Spans and logs at the rates of `_rates(1.0)` (measured)."""
LEAST_SCALE = 0.9
"""With fewer buyers than this the provider's queue would not build up."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What can be varied; with `skew_ms` 0 the same run goes without an overlap."""

    skew_ms: float = 200.0
    skew_drift_ppm: float = -5.0
    ttl_ms: int = 2000
    margin_ms: int = 150
    duration_s: float = 2400.0
    surge_share: float = 0.57


@dataclass(frozen=True, slots=True)
class Plan:
    """The run that fits a size: how long it takes, when the load comes, and the scale of its rates."""

    duration_s: float
    surge_s: float
    scale: float


def plan(parameters: Parameters, size_bytes: int) -> Plan:
    """Below the size of the smallest sensible rates the run gets shorter, above it the rates grow."""
    minutes = parameters.duration_s / 60.0
    scale = (size_bytes / minutes - BYTES_A_MINUTE) / BYTES_A_MINUTE_AND_UNIT
    duration_s = parameters.duration_s
    if scale < LEAST_SCALE:
        scale = LEAST_SCALE
        duration_s = max(300.0, 60.0 * size_bytes / (BYTES_A_MINUTE + scale * BYTES_A_MINUTE_AND_UNIT))
    return Plan(duration_s, duration_s * parameters.surge_share, scale)


def play(
    directory: Path,
    seed: int,
    size_bytes: int,
    progress: Callable[[float], None] | None = None,
    parameters: Parameters | None = None,
) -> Truth:
    """Play the scenario; see `deep_code_reasoning.demo.generate`."""
    parameters = parameters or Parameters()
    return _Incident(directory, seed, size_bytes, progress, parameters).play()


class _Incident:
    def __init__(
        self,
        directory: Path,
        seed: int,
        size_bytes: int,
        progress: Callable[[float], None] | None,
        parameters: Parameters,
    ) -> None:
        self._directory, self._seed, self._size_bytes = directory, seed, size_bytes
        self._progress, self._parameters = progress, parameters
        self._plan = plan(parameters, size_bytes)
        self._repositories = evidence.prepare(directory)
        self._rng = Random(f"{seed}/lease-expiry")
        payment = next(service for service in topology.SERVICES if service.name == "payment")
        self._culprit_host = self._rng.choice(payment.hosts)
        self._clocks = self._set_clocks()
        surge = self._plan.surge_s
        self._slow_link = SlowLink("gateway", "catalog", surge - 240.0, surge + 420.0, 0.03)
        self._env = simpy.Environment()
        epoch_ns = round(STARTED_AT.timestamp()) * NANOSECONDS
        self._collector = Collector(directory / "telemetry", epoch_ns, lambda: self._env.now, SCOPE_VERSIONS)
        self._shop = Shop(
            self._env,
            seed,
            directory,
            self._collector,
            Network((self._slow_link,)),
            self._clocks,
            self._repositories,
            _capacity(self._plan.scale),
            LeaseSettings(parameters.ttl_ms * 1_000_000, parameters.margin_ms * 1_000_000),
        )
        self._deploys: list[Deploy] = []

    def play(self) -> Truth:
        for service in topology.SERVICES:
            commit = self._live(self._repositories[service.name])
            self._shop.start(service, service.version, commit)
        self._deploy_history()
        env, shop, run = self._env, self._shop, self._plan
        Traffic(shop, self._seed, _rates(run.scale), _surge(run), run.duration_s).start()
        exports = Exports(shop, self._collector, run.duration_s, self._progress)
        exports.start(BATCH_TIMEOUT_S, METRIC_INTERVAL_S)
        env.process(self._rotate_logs())
        for name, before_s in DEPLOYED_BEFORE_SURGE_S.items():
            env.process(self._deploy(name, max(30.0, run.surge_s - before_s)))
        env.run(until=run.duration_s)
        shop.lock.report()
        truncated = self._collector.logs.break_off(0.6)
        exports.close()
        deploys.write(self._directory / "deploys.json", self._deploys, topology.ENVIRONMENT)
        monitor = payment_failures(shop.chronicle)
        minutes = (60.0 * minute for minute in range(1, int(run.duration_s // 60) + 1))
        firing = alert.first_firing(monitor, minutes, run.duration_s)
        fired_at = alert.write(self._directory / "alert.json", monitor, firing, STARTED_AT)
        return self._truth(fired_at, truncated)

    def _set_clocks(self) -> dict[str, HostClock]:
        epoch_ns = round(STARTED_AT.timestamp()) * NANOSECONDS
        clocks = disciplined(self._rng, topology.HOSTS, epoch_ns)
        if self._parameters.skew_ms:
            surge_s, drift_ppm = self._plan.surge_s, self._parameters.skew_drift_ppm
            reference_ns = clocks[topology.LOCK_HOST].offset_at_ns(surge_s)
            offset_ns = reference_ns - self._parameters.skew_ms * 1e6 - surge_s * 1000.0 * drift_ppm
            clocks[self._culprit_host] = HostClock(epoch_ns, round(offset_ns), drift_ppm)
        return clocks

    def _live(self, repository: Repository) -> str:
        """The commit that runs when the simulation starts."""
        return repository.shas[-2 if repository.service in DEPLOYED_BEFORE_SURGE_S else -1]

    def _deploy_history(self) -> None:
        """The deploys of the days before: the live commit of each service and the two before it."""
        for service in topology.SERVICES:
            repository = self._repositories[service.name]
            live = repository.shas.index(self._live(repository))
            major, minor, patch = map(int, service.version.split("."))
            for back in range(3):
                commit = live - back
                version = f"{major}.{minor}.{patch - back}" if patch >= back else f"{major}.{minor - back}.0"
                at = repository.commits[commit].at + timedelta(minutes=self._rng.randrange(25, 200))
                self._deploys.append(Deploy(service.name, version, repository.shas[commit], at))

    def _deploy(self, name: str, at_s: float):
        yield self._env.timeout(at_s)
        service = next(service for service in topology.SERVICES if service.name == name)
        major, minor, patch = service.version.split(".")
        version, commit = f"{major}.{minor}.{int(patch) + 1}", self._repositories[name].head
        self._shop.start(service, version, commit)
        self._deploys.append(Deploy(name, version, commit, STARTED_AT + timedelta(seconds=at_s)))

    def _rotate_logs(self):
        yield self._env.timeout(self._plan.duration_s / 2)
        for pod in self._shop.pods["order"]:
            if pod.log_file is not None:
                pod.log_file.rotate(f"{STARTED_AT:%Y-%m-%d}.0")

    def _decoys(self) -> tuple[Decoy, ...]:
        pauses = [pause for pod in self._shop.chronicle.pauses.values() for pause in pod]
        link, end = self._slow_link, self._plan.duration_s
        surge = self._plan.surge_s
        went_live = tuple((max(30.0, surge - before), end) for before in DEPLOYED_BEFORE_SURGE_S.values())
        return (
            Decoy("gc-pause", ("inventory",), tuple(sorted(pauses))),
            Decoy("slow-network", (link.source, link.target), ((max(0.0, link.from_s), min(end, link.to_s)),)),
            Decoy("retry-storm", ("order",), ((surge, end),)),
            Decoy("innocent-deploy", tuple(DEPLOYED_BEFORE_SURGE_S), went_live),
        )

    def _truth(self, fired_at: datetime, truncated: int) -> Truth:
        parameters, run, chronicle = self._parameters, self._plan, self._shop.chronicle
        overlaps = tuple(sorted(chronicle.overlaps, key=lambda overlap: overlap.from_s))
        onset_s = overlaps[0].from_s if overlaps else None
        boundary_s = (onset_s if onset_s is not None else run.surge_s) // 60 * 60
        before, after = chronicle.failures(0.0, boundary_s), chronicle.failures(boundary_s, run.duration_s)
        keeper = "src/main/java/com/example/shop/payment/lock/LeaseKeeper.java"
        line = self._repositories["payment"].line(keeper, "minus(margin)")
        return Truth(
            scenario="lease-expiry",
            seed=self._seed,
            size_bytes=self._size_bytes,
            started_at=STARTED_AT,
            ended_at=STARTED_AT + timedelta(seconds=run.duration_s),
            surge_at=STARTED_AT + timedelta(seconds=run.surge_s),
            onset_at=None if onset_s is None else STARTED_AT + timedelta(seconds=onset_s),
            alert_at=fired_at,
            culprit_service="payment",
            culprit_host=self._culprit_host,
            culprit_commit=None,
            culprit_code=(CodeLocation("payment", keeper, "scheduleRenewal", line),),
            skew_ms=parameters.skew_ms,
            ttl_ms=parameters.ttl_ms,
            margin_ms=parameters.margin_ms,
            hosts=tuple(
                HostTruth(host, clock.offset_at_ns(run.surge_s) / 1e6, clock.drift_ppm, clock)
                for host, clock in self._clocks.items()
            ),
            overlaps=overlaps,
            late_renewals=chronicle.late_renewals,
            failed_payments=before[1] + after[1],
            failure_rate_before=before[1] / max(1, before[0]),
            failure_rate_after=after[1] / max(1, after[0]),
            decoys=self._decoys(),
            heads={name: repository.head for name, repository in self._repositories.items()},
            deployed={name: pods[0].identity.commit for name, pods in self._shop.pods.items()},
            telemetry_bytes=self._collector.written,
            spans=self._collector.traces.records,
            log_records=self._collector.logs.records,
            metric_records=self._collector.metrics.records,
            truncated_file="telemetry/logs.jsonl",
            truncated_records=truncated,
        )


def _rates(scale: float) -> Rates:
    return Rates(
        checkouts_per_s=1.4 * scale / 60.0,
        browses_per_s=1.6 * scale / 60.0,
        merchants=round(24 * scale),
        hot_merchants=round(7 * scale),
    )


def _surge(run: Plan) -> Surge:
    return Surge(run.surge_s, 1.5, 110.0, round(22 * run.scale), 3.0, (0.4, 0.75))


def _capacity(scale: float) -> Capacity:
    """Slots are whole, so the service time takes up what rounding leaves: throughput follows scale."""
    slots = max(2, round(2 * scale))
    return Capacity(
        settlement_connections=max(8, round(8 * scale)),
        provider_slots=slots,
        provider_mean_s=0.93 * slots / (2 * scale),
        consumer_prefetch=max(4, round(4 * scale)),
        requests_between_collections=max(8, round(24 * scale)),
    )
