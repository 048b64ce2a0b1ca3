"""Runs what waits for a provider: on a loop of its own, cancelled at once when the caller takes the request back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from deep_code_reasoning.errors import CancelledError, SpecialistError
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.specialists.port import Counts, Request

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work

_REPORT_EVERY = 2.0
_T = TypeVar("_T")


def run(coroutine: Coroutine[Any, Any, _T], work: Work) -> _T:
    """Runs it on a loop of its own, in a thread of its own where the caller's already runs one.

    `work.cancel()`, from any thread, cancels it; then CancelledError is raised.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_cancellable(coroutine, work))
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def in_thread() -> None:
        try:
            outcome.append(asyncio.run(_cancellable(coroutine, work)))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=in_thread, name="specialist")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def count(provider: Counts, request: Request, seconds: float, work: Work) -> int | None:
    """Input tokens as the provider counts them; None where it does not say within `seconds`."""
    work.check()

    async def counted() -> int | None:
        with contextlib.suppress(TimeoutError, SpecialistError):
            async with asyncio.timeout(seconds):
                return await provider.count(request)
        return None

    return run(counted(), work)


@contextlib.asynccontextmanager
async def telling(model: str, seconds: float, work: Work) -> AsyncGenerator[None]:
    """Reports every two seconds that `model` is being asked, with how many of `seconds` are gone."""
    ticking = asyncio.create_task(_tell(model, seconds, work))
    try:
        yield
    finally:
        ticking.cancel()


async def _tell(model: str, seconds: float, work: Work) -> None:
    started = time.monotonic()
    with contextlib.suppress(CancelledError):
        while True:
            work.report(Progress("ask", round(time.monotonic() - started, 1), seconds, "s", f"asking {model}"))
            await asyncio.sleep(_REPORT_EVERY)


async def _cancellable(coroutine: Coroutine[Any, Any, _T], work: Work) -> _T:
    """`work.cancel()`, from any thread, closes the connection at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(coroutine)

    def cancel() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the answer was there first
            loop.call_soon_threadsafe(task.cancel)

    work.on_cancel(cancel)
    try:
        return await task
    except asyncio.CancelledError:
        work.check()
        raise
