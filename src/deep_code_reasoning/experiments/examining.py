"""Checks predictions beside each other: queries in threads, each with a connection of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deep_code_reasoning.experiments.checking import QueryLimits, look_up
from deep_code_reasoning.experiments.judging import judge
from deep_code_reasoning.experiments.prediction import Outcome, Prediction, SqlCheck
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.progress import Progress

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Examination:
    """`open_tables` gives a new connection each time it is called; it is closed here."""

    scene: Scene
    open_tables: Callable[[], Tables]
    work: Work
    parallel: int = 1
    limits: QueryLimits = field(default_factory=QueryLimits)

    def outcomes(self, predictions: Sequence[Prediction]) -> list[Outcome]:
        """In the order given. Each different prediction is looked up once. Raises CancelledError."""
        different = list(dict.fromkeys(predictions))
        queries = [one for one in different if isinstance(one.check, SqlCheck)]
        found = {one: self._judged(one, None) for one in different if not isinstance(one.check, SqlCheck)}
        if queries:
            found |= dict(zip(queries, self._asked(queries), strict=True))
        return [found[one] for one in predictions]

    def _asked(self, queries: Sequence[Prediction]) -> list[Outcome]:
        threads = min(self.parallel, len(queries))
        free: queue.SimpleQueue[Tables] = queue.SimpleQueue()
        with ExitStack() as closing:
            for _ in range(threads):
                free.put(closing.enter_context(self.open_tables()))

            def asked(prediction: Prediction) -> Outcome:
                tables = free.get()
                try:
                    return self._judged(prediction, tables)
                finally:
                    free.put(tables)

            pool = closing.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="prediction"))
            try:
                return list(pool.map(asked, queries))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _judged(self, prediction: Prediction, tables: Tables | None) -> Outcome:
        self.work.check()
        seen = look_up(prediction, self.scene, tables, self.limits, self.work)
        self.work.report(Progress("test", 0, message=prediction.statement[:120]))
        return judge(prediction, seen)
