"""Checkouts take 40 % longer since last week: a release of a shared library asks another service once a line.

Nothing of it is painted on. The order service takes along the library `shop-validation`; the release that its
manifest names decides what the simulated library does. The new one has a rule that asks the catalog for the
restrictions of each line of a cart, one call after the other, each with its network and its statement. The
order service is deployed, the catalog gets several times the calls, and the gateway's checkout is slow.

What is scaled. The shop is a small one: at 10 MB some 60 checkouts an hour, so that every request of the week
can be simulated. All of them are in the metrics and in the access log; traces are a sample drawn at the gateway
(`traceState`, one in 32 checkouts and one in 128 product pages at 10 MB). Services in a zone of their own, or
never instrumented, send no spans. Metrics are summed over the pods of a version, once an hour at 10 MB. A bigger
size has more visitors, a larger sample and a shorter interval. The card provider follows the day of its other
customers, which is where latency has its daily season.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import simpy

from deep_code_reasoning.demo import alert, deploys, evidence
from deep_code_reasoning.demo.clock import NANOSECONDS, disciplined
from deep_code_reasoning.demo.collector import Collector
from deep_code_reasoning.demo.deploys import Deploy
from deep_code_reasoning.demo.exports import Exports
from deep_code_reasoning.demo.network import Network
from deep_code_reasoning.demo.sampling import HeadSampler
from deep_code_reasoning.demo.shop import topology
from deep_code_reasoning.demo.shop.shop import Capacity, LeaseSettings, Observability, Shop
from deep_code_reasoning.demo.shop.spans import SCOPE_VERSIONS
from deep_code_reasoning.demo.shop.topology import Provenance
from deep_code_reasoning.demo.shop.validation import LIBRARY, LOOP_CALL, RULE
from deep_code_reasoning.demo.shop.weekly_traffic import BROWSE_PAGE, BUY, Campaign, Week, WeeklyTraffic
from deep_code_reasoning.demo.truth import CodeLocation, Decoy, RegressionTruth
from deep_code_reasoning.demo.visits import mean_calls, mean_lines, rise, seconds_by_release, slower_than_before

CONTINUATION = "regression"
STARTED_AT = datetime(2026, 11, 2, tzinfo=UTC)
DURATION_S = 7 * 86_400.0
CULPRIT = "order"
SIDE_BY_SIDE_S = 12 * 3600.0
"""How long the first pod of a new order service runs beside an old one."""
USUAL_LINES = 4.0
"""Of a cart, in the mean."""
CAMPAIGN_BEFORE_S = 12 * 3600.0 + 600.0
"""The campaign starts so long before the deploy."""
WEEKLY_DRIFT_PPM = 0.005
"""NTP steers all week: what is left comes to 3 ms."""
NEAR_S = 2 * 3600.0
"""Deploys so close to the onset are decoys."""
PROVENANCE = {
    "order": Provenance.IMAGE,
    "cart": Provenance.IMAGE,
    "payment": Provenance.IMAGE,
    "pricing": Provenance.VERSION,
    "lock": Provenance.VERSION,
    "shipping": Provenance.VERSION,
}
UNTRACED = frozenset({"payment", "lock", "notification", "shipping"})

METRIC_INTERVALS_S = (300.0, 900.0, 1800.0, 3600.0, 7200.0)
SAMPLES = (32, 16, 8, 4, 2)
"""One checkout in so many is traced, the more the bigger the evidence."""
SMALL = 10e6
"""Up to so many bytes of traces, the smallest of these samples."""
BYTES_AN_EXPORT = 21_500.0
"""All metrics once (measured)."""
METRIC_SHARE = 0.45
"""Metrics take about so much of a small size."""
BYTES_A_CHECKOUT, BYTES_A_BROWSE = 30_500.0, 7_700.0
"""Spans and logs of a traced request, logs of the others shared out (measured)."""
CHECKOUTS, BROWSES = 10_000.0, 12_000.0
"""Of a week at scale 1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The week that fits a size: visitors as a multiple of the small shop's, one trace kept in `one_in`
    checkouts (product pages: four times that), and the interval of metrics."""

    scale: float
    one_in: int
    metric_interval_s: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """What can be left out: without `deploy` the order service stays as it was, without `campaign` so do carts."""

    deploy: bool = True
    campaign: bool = True


def plan(size_bytes: int) -> Plan:
    """Half of what a bigger size gives goes to visitors, half to the sample."""
    interval_s = next(
        (each for each in METRIC_INTERVALS_S if DURATION_S / each * BYTES_AN_EXPORT <= METRIC_SHARE * size_bytes),
        METRIC_INTERVALS_S[-1],
    )
    left = max(500_000.0, size_bytes - DURATION_S / interval_s * BYTES_AN_EXPORT)
    one_in = next(each for each in SAMPLES if each == SAMPLES[-1] or left < SMALL * (SAMPLES[0] / each) ** 2)
    a_unit = CHECKOUTS * BYTES_A_CHECKOUT / one_in + BROWSES * BYTES_A_BROWSE / (4 * one_in)
    return Plan(left / a_unit, one_in, interval_s)


def play(
    directory: Path,
    seed: int,
    size_bytes: int,
    progress: Callable[[float], None] | None = None,
    parameters: Parameters | None = None,
) -> RegressionTruth:
    """Play the scenario; see `deep_code_reasoning.demo.generate`."""
    return _Regression(directory, seed, size_bytes, progress, parameters or Parameters()).play()


class _Regression:
    def __init__(
        self,
        directory: Path,
        seed: int,
        size_bytes: int,
        progress: Callable[[float], None] | None,
        parameters: Parameters,
    ) -> None:
        self._directory, self._seed, self._size_bytes = directory, seed, size_bytes
        self._parameters = parameters
        self._plan = plan(size_bytes)
        self._repositories = evidence.prepare(directory, CONTINUATION)
        self._releases = [
            deploy for repository in self._repositories.values() for deploy in deploys.released(repository)
        ]
        self._guilty = max(
            (deploy for deploy in self._releases if deploy.service == CULPRIT), key=lambda deploy: deploy.at
        )
        self._onset_s = _seconds(self._guilty.at)
        if not parameters.deploy:
            self._releases.remove(self._guilty)
        self._env = simpy.Environment()
        epoch_ns = round(STARTED_AT.timestamp()) * NANOSECONDS
        rng = Random(f"{seed}/regression")
        self._collector = Collector(directory / "telemetry", epoch_ns, lambda: self._env.now, SCOPE_VERSIONS)
        self._shop = Shop(
            self._env,
            seed,
            directory,
            self._collector,
            Network(),
            disciplined(rng, topology.HOSTS, epoch_ns, drift_ppm=WEEKLY_DRIFT_PPM),
            self._repositories,
            _capacity(self._plan.scale),
            LeaseSettings(2_000_000_000, 150_000_000),
            Observability(UNTRACED, PROVENANCE, by_version=True),
        )
        more, lines = (1.2, 5.0) if parameters.campaign else (1.0, USUAL_LINES)
        self._campaign = Campaign(self._onset_s - CAMPAIGN_BEFORE_S, more, lines)
        self._traffic = WeeklyTraffic(self._shop, seed, _week(self._plan), self._campaign)
        self._exports = Exports(self._shop, self._collector, DURATION_S, progress)

    def play(self) -> RegressionTruth:
        env, directory = self._env, self._directory
        self._start()
        self._traffic.start()
        self._exports.start(self._plan.metric_interval_s, self._plan.metric_interval_s)
        for deploy in self._releases:
            if deploy.at > STARTED_AT:
                env.process(self._deploy(deploy))
        env.run(until=DURATION_S)
        self._exports.close()
        deploys.write(directory / "deploys.json", self._releases, topology.ENVIRONMENT)
        self._annotate(directory / "annotations.json")
        monitor = slower_than_before(self._traffic.visits, BUY)
        hours = (3600.0 * hour for hour in range(1, int(DURATION_S // 3600) + 1))
        firing = alert.first_firing(monitor, hours, DURATION_S)
        return self._truth(alert.write(directory / "alert.json", monitor, firing, STARTED_AT))

    def _start(self) -> None:
        """What was deployed before the week; the lock service is another team's, whose code is not here."""
        live = {
            deploy.service: deploy
            for deploy in sorted(self._releases, key=lambda deploy: deploy.at)
            if deploy.at <= STARTED_AT
        }
        for service in topology.SERVICES:
            deploy = live.get(service.name)
            self._shop.start(service, deploy.version if deploy else service.version, deploy.commit if deploy else "")

    def _deploy(self, deploy: Deploy) -> Generator[simpy.Event, object, None]:
        """All pods at once; the order service's one after the other."""
        yield self._env.timeout(_seconds(deploy.at))
        service = next(service for service in topology.SERVICES if service.name == deploy.service)
        if deploy.service != CULPRIT:
            self._shop.start(service, deploy.version, deploy.commit)
            return
        for number, host in enumerate(service.hosts):
            if number:
                yield self._env.timeout(SIDE_BY_SIDE_S / (len(service.hosts) - 1))
            self._shop.start(service, deploy.version, deploy.commit, (host,))

    def _annotate(self, path: Path) -> None:
        """What marketing marked on the dashboards (Grafana's HTTP API, "Annotations")."""
        at_ms = round((STARTED_AT.timestamp() + self._campaign.at_s) * 1000)
        mark = {
            "id": 4711,
            "time": at_ms,
            "text": "Campaign 'Autumn bundles' is live",
            "tags": ["campaign", "marketing"],
        }
        path.write_text(json.dumps([mark], indent=1) + "\n", encoding="utf-8")

    def _decoys(self) -> tuple[Decoy, ...]:
        near = [
            deploy
            for deploy in self._releases
            if deploy is not self._guilty and abs(_seconds(deploy.at) - self._onset_s) <= NEAR_S
        ]
        return (
            *(Decoy("innocent-deploy", (deploy.service,), ((_seconds(deploy.at), DURATION_S),)) for deploy in near),
            Decoy("traffic-mix", ("gateway", "order"), ((self._campaign.at_s, DURATION_S),)),
        )

    def _culprit(self) -> str:
        """The commit of the library that brought the loop."""
        library = self._repositories[LIBRARY]
        return next(
            sha for sha, tree in zip(library.shas, library.trees, strict=True) if LOOP_CALL in tree.get(RULE, "")
        )

    def _bump(self) -> str:
        """The commit of the order service that takes that release along."""
        order, library = self._repositories[CULPRIT], self._repositories[LIBRARY]
        guilty = library.shas.index(self._culprit())
        version = next(commit.tag for commit in library.commits[guilty:] if commit.tag).removeprefix("v")
        wanted = f"{LIBRARY}:{version}"
        return next(
            sha for sha, tree in zip(order.shas, order.trees, strict=True) if wanted in tree["build.gradle.kts"]
        )

    def _truth(self, fired_at: datetime) -> RegressionTruth:
        visits, library = self._traffic.visits, self._repositories[LIBRARY]
        live = {deploy.service for deploy in self._releases}
        commit = self._culprit()
        before, after = (0.0, self._onset_s), (self._onset_s + SIDE_BY_SIDE_S, DURATION_S)
        line = library.line(RULE, LOOP_CALL, library.shas.index(commit))
        return RegressionTruth(
            scenario="regression",
            seed=self._seed,
            size_bytes=self._size_bytes,
            started_at=STARTED_AT,
            ended_at=STARTED_AT + timedelta(seconds=DURATION_S),
            onset_at=self._guilty.at if self._parameters.deploy else None,
            alert_at=fired_at,
            culprit_service=CULPRIT,
            culprit_commit=commit if self._parameters.deploy else None,
            culprit_code=(CodeLocation(LIBRARY, RULE, "check", line),),
            decoys=self._decoys(),
            heads={name: repository.head for name, repository in self._repositories.items()},
            deployed={name: self._shop.pods[name][0].identity.commit for name in self._shop.pods if name in live},
            telemetry_bytes=self._collector.written,
            spans=self._collector.traces.records,
            log_records=self._collector.logs.records,
            metric_records=self._collector.metrics.records,
            culprit_repository=LIBRARY,
            bump_commit=self._bump(),
            suffering_service="catalog",
            rises=tuple(rise(operation, visits, before, after) for operation in (BUY, BROWSE_PAGE)),
            calls_before=mean_calls(visits, BUY, before),
            calls_after=mean_calls(visits, BUY, after),
            lines_before=mean_lines(visits, BUY, before),
            lines_after=mean_lines(visits, BUY, after),
            new_pods_s=(before[1], after[0]),
            side_by_side_s=seconds_by_release(visits, BUY, (before[1], after[0])),
            campaign_at=STARTED_AT + timedelta(seconds=self._campaign.at_s),
            visits=len(visits),
        )


def _seconds(at: datetime) -> float:
    return (at - STARTED_AT).total_seconds()


def _week(run: Plan) -> Week:
    return Week(
        checkouts_per_s=run.scale * CHECKOUTS / DURATION_S,
        browses_per_s=run.scale * BROWSES / DURATION_S,
        lines=USUAL_LINES,
        merchants=round(400 * max(1.0, run.scale)),
        checkout_sampler=HeadSampler.one_in(run.one_in),
        browse_sampler=HeadSampler.one_in(4 * run.one_in),
    )


def _capacity(scale: float) -> Capacity:
    """Nothing queues and no heap fills in a week: what a request waits for is what it asks for."""
    return Capacity(
        settlement_connections=32,
        provider_slots=256,
        provider_mean_s=0.052,
        consumer_prefetch=16,
        requests_between_collections=max(5_000, round(40_000 * scale)),
        provider_day_swing=0.2,
    )
