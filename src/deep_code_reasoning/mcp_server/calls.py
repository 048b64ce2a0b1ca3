"""A blocking verb of `investigation` as an asynchronous call: a thread, progress while it runs, cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.session import ServerSession

    from deep_code_reasoning.mcp_server.catalogue import ToolModule
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.budget import Consent

PROGRESS_SECONDS = 0.2
SIGN_OF_LIFE_SECONDS = 5.0  # clients count a call as dead when they hear nothing: then a ten-thousandth is added
AT_ONCE = 4  # more would only wait for each other on a developer's machine

_idle = threading.Condition()
_running = 0
_places: anyio.CapacityLimiter | None = None


async def run_blocking(function: Callable[[Work], dict[str, Any]], session: ServerSession) -> dict[str, Any]:
    """Runs `function(work)` in a thread while the loop goes on answering.

    When the client takes the call back, `work` is cancelled (a running SQL statement is interrupted by it) and the
    thread is left to find its end; nothing waits for it.
    """
    global _places
    _places = _places or anyio.CapacityLimiter(AT_ONCE)
    stages = Stages()
    work = Work(stages.listen)
    outcome: list[dict[str, Any]] = []
    failure: list[Exception] = []
    async with anyio.create_task_group() as group:
        group.start_soon(report_progress, stages, session)
        try:
            outcome.append(
                await anyio.to_thread.run_sync(_counted, function, work, abandon_on_cancel=True, limiter=_places)
            )
        except anyio.get_cancelled_exc_class():
            work.cancel()
            raise
        except Exception as error:  # raised below: a task group would wrap it
            failure.append(error)
        group.cancel_scope.cancel()
    if failure:
        raise failure[0]
    return outcome[0]


def answer(
    tool: ToolModule,
    arguments: Mapping[str, Any],
    settings: Settings,
    work: Work,
    consent: Consent | None = None,
    client: ClientModel = NO_CLIENT,
) -> dict[str, Any]:
    """The first page of what the tool says, in the thread that may block."""
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.mcp_server import pages

    desk = Investigations(settings, trust_arguments=False, consent=consent, client=client)
    return pages.first_page(settings, tool.call(desk, arguments, work))


def wait_until_idle(seconds: float) -> None:
    """Gives cancelled calls a moment to leave their work in order."""
    with _idle:
        _idle.wait_for(lambda: _running == 0, timeout=seconds)


class Stages:
    """Progress as the protocol wants it: one number that only grows.

    It counts stages (load, index, detect ...) as they come: 2.4 is four tenths into the third. How many there will be
    is not known beforehand, so no total is claimed; the message has the stage's own numbers.
    """

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._latest: Progress | None = None

    def listen(self, progress: Progress) -> None:
        """Called from any thread, often."""
        if progress.stage not in self._seen:
            self._seen.append(progress.stage)
        self._latest = progress

    def current(self) -> tuple[float, str] | None:
        latest = self._latest
        if latest is None:
            return None
        fraction = min(latest.done / latest.total, 1.0) if latest.total else 0.0
        return self._seen.index(latest.stage) + fraction * 0.999, _message(latest)


async def report_progress(stages: Stages, session: ServerSession) -> None:
    """Tells the client how far it is, until it is cancelled."""
    reached, told = -1.0, 0.0
    while True:
        await anyio.sleep(PROGRESS_SECONDS)
        current = stages.current()
        if current is None:
            continue
        progress = round(current[0], 4)
        if progress <= reached and time.monotonic() - told > SIGN_OF_LIFE_SECONDS:
            progress = round(reached + 0.0001, 4)
        if progress > reached:
            reached, told = progress, time.monotonic()
            await session.report_progress(progress, None, current[1])


def _message(progress: Progress) -> str:
    done, total = f"{progress.done:,.0f}", f" of {progress.total:,.0f}" if progress.total else ""
    parts = [f"{progress.stage}: {done}{total} {progress.unit}".rstrip(), progress.message]
    return " - ".join(part for part in parts if part)[:200]


def _counted(function: Callable[[Work], dict[str, Any]], work: Work) -> dict[str, Any]:
    global _running
    with _idle:
        _running += 1
    started = time.monotonic()
    try:
        result = function(work)
        result.setdefault("cost", {"seconds": round(time.monotonic() - started, 3), "dollars": 0.0})
        return result
    finally:
        with _idle:
            _running -= 1
            _idle.notify_all()
