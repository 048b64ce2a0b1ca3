"""What leaves the shop while it runs: metrics at an interval, batches by a timeout, and the ends of its files."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import simpy

from .collector import Collector

if TYPE_CHECKING:
    from .shop.shop import Shop


class Exports:
    """The exporters of a shop that runs until `until_s`; `progress` is told the share done."""

    def __init__(
        self, shop: Shop, collector: Collector, until_s: float, progress: Callable[[float], None] | None
    ) -> None:
        self._shop = shop
        self._collector = collector
        self._until_s = until_s
        self._progress = progress

    def start(self, batch_timeout_s: float, metric_interval_s: float) -> None:
        """Begin."""
        self._shop.env.process(self._batch_timeouts(batch_timeout_s))
        self._shop.env.process(self._metric_intervals(metric_interval_s))

    def close(self) -> None:
        """Write out what is queued, and close all files."""
        self._collector.close()
        for file in self._shop.log_files:
            file.close()

    def _batch_timeouts(self, every_s: float) -> Generator[simpy.Event, object, None]:
        while True:
            yield self._shop.env.timeout(every_s)
            self._collector.flush()

    def _metric_intervals(self, every_s: float) -> Generator[simpy.Event, object, None]:
        while True:
            yield self._shop.env.timeout(every_s)
            self._shop.export_metrics()
            self._shop.lock.report()
            if self._progress is not None:
                self._progress(min(1.0, self._shop.env.now / self._until_s))
