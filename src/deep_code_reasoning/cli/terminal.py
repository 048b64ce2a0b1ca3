"""Progress on the terminal and Ctrl-C: the listener and the canceller of a verb's Work."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.progress import Progress, Work

STAGES = {
    "measure": "measuring evidence",
    "models": "asking providers",
    "generate": "playing the incident",
    "load": "reading evidence",
    "index": "linking spans",
    "detect": "running detectors",
    "diagnose": "weighing evidence",
    "brief": "packing the brief",
    "trace": "following calls",
    "callers": "looking for callers",
    "test": "testing hypotheses",
    "ask": "asking the specialist",
    "bisect": "bisecting",
}


@contextmanager
def working(quiet: bool = False) -> Generator[Work]:
    """A Work whose progress is drawn on standard error while that is a terminal, and that Ctrl-C cancels.

    The first Ctrl-C cancels in order (what was loaded stays usable); the second stops at once.
    """
    if quiet or not sys.stderr.isatty():
        with _cancelled_by_interrupt(Work()) as work:
            yield work
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[message]}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(progress: Progress) -> None:
            if progress.stage not in tasks:
                label = STAGES.get(progress.stage, progress.stage)
                tasks[progress.stage] = bars.add_task(label, total=None, rate="", message="")
            task = next(task for task in bars.tasks if task.id == tasks[progress.stage])
            in_bytes = progress.unit == "bytes" and task.elapsed
            rate = f"{progress.done / 1e6 / task.elapsed:.0f} MB/s" if in_bytes else ""
            message = visible(progress.message[-60:])
            bars.update(task.id, completed=progress.done, total=progress.total, rate=rate, message=escape(message))

        with _cancelled_by_interrupt(Work(listen)) as work:
            yield work


@contextmanager
def _cancelled_by_interrupt(work: Work) -> Generator[Work]:
    def interrupt(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        work.cancel()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield work
    finally:
        signal.signal(signal.SIGINT, before)
