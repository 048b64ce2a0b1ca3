"""A pod: the place where work happens, and where its spans, logs and metrics get their host's time."""

# ruff: noqa: UP031
from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from random import Random

import simpy

from deep_code_reasoning.demo import otlp
from deep_code_reasoning.demo.clock import HostClock
from deep_code_reasoning.demo.collector import Collector
from deep_code_reasoning.demo.sampling import EVERYTHING, HeadSampler
from deep_code_reasoning.demo.service_logs import LogFile
from deep_code_reasoning.demo.visits import Visit

from .instruments import Instruments
from .topology import Identity

EXPORT_DELAY_NS = 180_000
SAMPLED_SEVERITIES = ("DEBUG", "INFO")
"""Lines that are kept only with their trace; warnings and errors always are."""


class Request:
    """One user's request: its trace id and the random stream of everything that happens to it.

    A request that the sampler drops is served as any other and counted in metrics; it leaves no spans.
    """

    __slots__ = ("merchant", "number", "rng", "sampled", "trace_id", "trace_state", "visit")

    def __init__(
        self,
        seed: int,
        stream: int,
        number: int,
        merchant: int = 0,
        *,
        sampler: HeadSampler = EVERYTHING,
        visit: Visit | None = None,
    ) -> None:
        self.number = number
        self.merchant = merchant
        self.visit = visit
        self.rng = Random((seed << 72) | (stream << 64) | number)
        bits = self.rng.getrandbits(128)
        self.trace_id = f"{bits:032x}"
        self.sampled = sampler.keeps(bits)
        self.trace_state = sampler.member

    @property
    def articles(self) -> int:
        """Lines of the cart; 1 where nobody counts."""
        return self.visit.lines if self.visit else 1

    def span_id(self) -> str:
        """A fresh span id."""
        return f"{self.rng.getrandbits(64):016x}"


class Pod:
    """A running instance of a service on a host."""

    def __init__(
        self,
        env: simpy.Environment,
        collector: Collector,
        identity: Identity,
        clock: HostClock,
        instruments: Instruments | None = None,
        *,
        traced: bool = True,
    ) -> None:
        self.identity = identity
        self.clock = clock
        self.place = (identity.service, identity.host)
        self.instruments = instruments or Instruments()
        self.traced = traced
        self.log_file: LogFile | None = None
        self.paused_until = 0.0
        self._env = env
        self._collector = collector
        self._traces_add: Callable[[str, str, str], None] = collector.traces.add
        self._resource = identity.resource
        self._started_ns = clock.wall_ns(env.now)

    @property
    def now_ns(self) -> int:
        """What the host's clock shows."""
        return self.clock.wall_ns(self._env.now)

    def awake(self) -> Generator[simpy.Event, object, None]:
        """Wait for the end of a stop-the-world pause, if there is one."""
        if self.paused_until > self._env.now:
            yield self._env.timeout(self.paused_until - self._env.now)

    def span(
        self,
        template: otlp.SpanTemplate,
        request: Request,
        span_id: str,
        parent: str,
        started: float,
        values: tuple[object, ...],
        *,
        error: str = "",
        message: str = "",
        events: str = "",
        links: str = "",
    ) -> None:
        """Export a span that began at true time `started` and ends now; `error` is its error.type."""
        if not (request.sampled and self.traced):
            return
        wall_ns = self.clock.wall_ns
        extra = ""
        if error:
            extra = ',{"key":"error.type","value":{"stringValue":"%s"}}' % error
        if events:
            events = f',"events":[{events}]'
        if links:
            events += f',"links":[{links}]'
        self._traces_add(
            self._resource,
            template.scope,
            template.text
            % (
                request.trace_id,
                span_id,
                request.trace_state,
                parent,
                wall_ns(started),
                wall_ns(self._env.now),
                *values,
                extra,
                events,
                otlp.status_error(message) if error else "{}",
            ),
        )

    def log(
        self,
        scope: str,
        severity: str,
        body: str,
        attributes: Mapping[str, otlp.Value],
        request: Request | None = None,
        span_id: str = "",
    ) -> None:
        """Export a log record stamped now."""
        sampled = request is None or request.sampled
        if not sampled and severity in SAMPLED_SEVERITIES:
            return
        now = self.now_ns
        trace_id = request.trace_id if request else ""
        record = otlp.log_record(
            now, now + EXPORT_DELAY_NS, severity, body, attributes, trace_id, span_id, sampled=sampled
        )
        self._collector.logs.add(self._resource, scope, record)

    def export_metrics(self, scope: str, resource: str = "") -> None:
        """Export all instruments, stamped now, as those of this pod or of another encoded resource."""
        for metric in self.instruments.encode(self._started_ns, self.now_ns):
            self._collector.metrics.add(resource or self._resource, scope, metric)
