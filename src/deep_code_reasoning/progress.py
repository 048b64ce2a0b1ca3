"""How long work tells how far it is, and how it is told to stop. Knows no face: a bar, a log line and MCP all fit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.errors import CancelledError


@dataclass(frozen=True)
class Progress:
    """`done` of `total` (None: not known) in `unit`, in the stage named (load, index, detect, diagnose, ask)."""

    stage: str
    done: float
    total: float | None = None
    unit: str = ""
    message: str = ""


class Work:
    """Handed down to everything slow: it reports, and checks whether the caller still wants the answer.

    Safe to share between threads. `on_cancel` callbacks run once, in the cancelling thread (a running SQL
    statement is interrupted so).
    """

    def __init__(
        self,
        listener: Callable[[Progress], None] | None = None,
        *,
        on_partial: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self._listener = listener
        self._on_partial = on_partial
        self._cancelled = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def report(self, progress: Progress) -> None:
        self.check()
        if self._listener:
            self._listener(progress)

    def tell(self, partial: Mapping[str, Any]) -> None:
        """What is known already, as plain values, for a caller who may have to wait for the rest."""
        self.check()
        if self._on_partial:
            self._on_partial(partial)

    def check(self) -> None:
        """Raises CancelledError once `cancel` was called."""
        if self._cancelled.is_set():
            raise CancelledError("cancelled by the caller; what was finished before is kept")

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        if self._cancelled.is_set():
            callback()

    def cancel(self) -> None:
        if not self._cancelled.is_set():
            self._cancelled.set()
            for callback in self._callbacks:
                callback()
