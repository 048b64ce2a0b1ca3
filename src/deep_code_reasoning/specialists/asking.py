"""Asks a model once, and at most twice more: after a rate limit, if the wait fits, and to repair an answer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from deep_code_reasoning.errors import CancelledError, RateLimitedError, SpecialistError
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.specialists.port import Counts, Message, Provider, Reply, Request, Usage
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.reply_text import UnreadableReply, read_analysis, salvage

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.analysis import Analysis

_REPORT_EVERY = 2.0
_T = TypeVar("_T")


@dataclass
class Asked:
    """An answer under way: `usage` counts every reply so far, also those that could not be read."""

    analysis: Analysis | None = None
    usage: Usage = field(default_factory=Usage)
    problems: list[str] = field(default_factory=list)


def ask(provider: Provider, request: Request, time_budget_seconds: float, work: Work) -> Asked:
    """Raises SpecialistError when no reply came, CancelledError when the caller took the request back.

    A reply that does not parse is repaired once; where that fails too, what can be read of it is kept and the rest is
    prose in `narrative`. The budget covers everything: waiting, asking, repairing.
    """
    work.check()
    return _run(_within(time_budget_seconds, provider, request, work), work)


def count(provider: Counts, request: Request, seconds: float, work: Work) -> int | None:
    """Input tokens as the provider counts them; None where it does not say within `seconds`."""
    work.check()

    async def counted() -> int | None:
        with contextlib.suppress(TimeoutError, SpecialistError):
            async with asyncio.timeout(seconds):
                return await provider.count(request)
        return None

    return _run(counted(), work)


async def _within(seconds: float, provider: Provider, request: Request, work: Work) -> Asked:
    asked = Asked()
    texts: list[str] = []
    started = time.monotonic()
    ticking = asyncio.create_task(_tell(request.model, seconds, work))
    try:
        async with asyncio.timeout(seconds):
            await _converse(provider, request, asked, texts, started + seconds)
    except TimeoutError:
        if not texts:
            raise SpecialistError(
                f"{request.model} did not answer within {seconds:g} s; give a larger time_budget_seconds or a lower "
                "depth_level"
            ) from None
        asked.problems.append("the time budget ended before the answer was repaired")
    except SpecialistError as error:
        if not texts:
            raise
        asked.problems.append(f"the answer could not be repaired: {error}")
    finally:
        ticking.cancel()
    if asked.analysis is None:
        if not any(text.strip() for text in texts):
            raise SpecialistError(f"{request.model} gave an empty answer; ask again or name another model")
        asked.analysis = salvage(texts)
    return asked


async def _converse(provider: Provider, request: Request, asked: Asked, texts: list[str], deadline: float) -> None:
    reply = await _patient(provider, request, asked, texts, deadline)
    try:
        asked.analysis = read_analysis(reply.text)
        return
    except UnreadableReply as error:
        cut = (
            f" The answer ran into the limit of {request.max_output_tokens} tokens: be briefer." if reply.is_cut else ""
        )
        problem = f"{error}{cut}"
        asked.problems.append(
            f"the first answer could not be read ({str(error).splitlines()[0]}) and was asked for again"
        )
    repair = (Message("model", reply.text or "(empty)"), Message("us", prompt("repair", problem=problem)))
    again = replace(request, messages=request.messages + repair)
    reply = await _patient(provider, again, asked, texts, deadline)
    try:
        asked.analysis = read_analysis(reply.text)
    except UnreadableReply:
        asked.problems.append("the second answer could not be read either; what could is kept, the rest is prose")


async def _patient(provider: Provider, request: Request, asked: Asked, texts: list[str], deadline: float) -> Reply:
    """One request; waits out one rate limit where the provider says how long and that is within the deadline."""
    try:
        reply = await provider.ask(request)
    except RateLimitedError as limited:
        if limited.retry_after is None or time.monotonic() + limited.retry_after >= deadline:
            raise
        asked.problems.append(f"rate limited; waited {limited.retry_after:g} s as asked")
        await asyncio.sleep(limited.retry_after)
        reply = await provider.ask(request)
    asked.usage += reply.usage
    texts.append(reply.text)
    return reply


async def _tell(model: str, seconds: float, work: Work) -> None:
    started = time.monotonic()
    with contextlib.suppress(CancelledError):
        while True:
            work.report(Progress("ask", round(time.monotonic() - started, 1), seconds, "s", f"asking {model}"))
            await asyncio.sleep(_REPORT_EVERY)


def _run(coroutine: Coroutine[Any, Any, _T], work: Work) -> _T:
    """Runs it on a loop of its own, in a thread of its own where the caller's already runs one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_cancellable(coroutine, work))
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(_cancellable(coroutine, work)))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="specialist")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


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
