"""Asks the model that was chosen, again where a moment helps, and the runners-up where it does not.

    rate limit, outage     at most `RETRIES` more tries: after the wait that the provider names, else after a random
                           time up to `FIRST_WAIT`, doubled each time (exponential backoff with full jitter, up to
                           `LONGEST_WAIT`); not where that ends after the deadline, nor where it takes more than
                           `PATIENCE` and another model qualifies. Then the next model
    refusal, unknown id,   the next model at once
    key not accepted
    too large a brief      to the caller, who can make it smaller; so is everything else

At most `MODELS` are asked. After an outage those of another provider go first; where a key was not accepted the others
of that provider are left out. A model whose circuit breaker is open is passed over. Who has answered once is asked
first for the rest of the chain's life. Each change is told: a model that takes over knows of the conversation what was
said, in plain words.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from deep_code_reasoning.errors import (
    NoKeyError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
    UnknownModelError,
)
from deep_code_reasoning.specialists.catalogue import LOCAL, Model
from deep_code_reasoning.specialists.circuit_breaker import BREAKERS, CircuitBreaker, CircuitBreakers
from deep_code_reasoning.specialists.port import CacheHandle, Caches, Counts, Provider, Reply, Request, Resumes
from deep_code_reasoning.specialists.providers.endpoints import CLIENT, endpoint_of

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.routing import Route

RETRIES = 2
MODELS = 3
FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0
PATIENCE = 10.0
_A_LITTLE_LATER = 0.001  # a timer may ring a clock tick early
_PASSED_ON = (RateLimitedError, UnavailableError, RefusedError, UnknownModelError, NoKeyError)
_HEADLINE = 200


@dataclass(frozen=True)
class Timing:
    """What time is made of, so that tests need none. `clock` gives seconds that never go back."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: random.Random = field(default_factory=random.Random)


class Meter(Protocol):
    """What a chain asks of budget.Meter."""

    def before(self, request: Request, entry: Model) -> None: ...

    def release(self) -> None: ...


def open_chain(
    route: Route,
    settings: Settings,
    *,
    on_switch: Callable[[str], None],
    seconds: float = 60.0,
    meter: Meter | None = None,
    opener: Callable[[Model], Provider] | None = None,
    timing: Timing | None = None,
    breakers: CircuitBreakers = BREAKERS,
) -> Chain:
    """Of the route's model and the runners-up that qualify. `seconds`: a question has its answer or waits no more by
    then, counted from when it is asked; what a model itself takes is for the caller to limit.

    `on_switch` is told in a sentence of every wait and every change of model. `meter` is asked before another model is,
    and told where no reply came. `opener` goes in the place of `open_provider`. Raises NoKeyError, UsageError.
    """
    if opener is None:
        from deep_code_reasoning.specialists.providers.opening import open_provider

        def opener(entry: Model) -> Provider:
            return open_provider(entry, settings)

    def breaker_of(entry: Model) -> CircuitBreaker:
        place = "" if entry.provider == CLIENT else endpoint_of(entry.provider, settings).base_url
        return breakers.of(entry.provider, entry.id, place)

    others = (one.entry for one in route.runners_up if one.qualifies and one.entry.provider != LOCAL)
    return Chain((route.entry, *others), opener, on_switch, seconds, meter, timing or Timing(), breaker_of)


class Chain:
    """A provider of several models. What only some providers can (count, keep a cache, take up a run) it can where the
    model that is asked now can; otherwise it says so as the port has it. For one caller at a time."""

    def __init__(
        self,
        entries: tuple[Model, ...],
        opener: Callable[[Model], Provider],
        on_switch: Callable[[str], None],
        seconds: float,
        meter: Meter | None,
        timing: Timing,
        breaker_of: Callable[[Model], CircuitBreaker],
    ) -> None:
        self._entries, self._open, self._tell, self._meter = list(entries), opener, on_switch, meter
        self._timing, self._breaker_of = timing, breaker_of
        self._seconds, self._deadline = seconds, 0.0
        self._first, self._left = entries[0], MODELS
        self._provider = opener(self._first)

    @property
    def entry(self) -> Model:
        """Who is asked now."""
        return self._entries[0]

    async def ask(self, request: Request) -> Reply:
        failures: list[SpecialistError] = []
        self._deadline = self._timing.clock() + self._seconds
        try:
            if self.entry != self._first:  # the caller has announced the first
                await self._announce(request)
            while True:
                try:
                    reply = await self._patiently(self._fitted(request))
                    return replace(
                        reply, provider=reply.provider or self.entry.provider, model=reply.model or self.entry.id
                    )
                except _PASSED_ON as error:
                    failures.append(error)
                    self._left -= 1
                    following = _after(error, self._entries) if self._left else []
                    if not following:
                        raise _all_of(failures) from None
                    await self._switch(error, request, following)
        except BaseException:
            if self._meter:
                self._meter.release()
            raise

    async def count(self, request: Request) -> int:
        if isinstance(self._provider, Counts):
            return await self._provider.count(self._fitted(request))
        raise UnavailableError(f"{self.entry.provider} does not count tokens")

    async def open_cache(self, request: Request, seconds: float) -> CacheHandle | None:
        if isinstance(self._provider, Caches):
            return await self._provider.open_cache(self._fitted(request), seconds)
        return None

    async def extend_cache(self, name: str, seconds: float) -> CacheHandle:
        if isinstance(self._provider, Caches):
            return await self._provider.extend_cache(name, seconds)
        raise UnavailableError(f"{self.entry.provider} keeps no cache {name}")

    async def close_cache(self, name: str) -> None:
        if isinstance(self._provider, Caches):
            await self._provider.close_cache(name)

    async def resume(self, request: Request, pending: str) -> Reply:
        if isinstance(self._provider, Resumes):
            return await self._provider.resume(self._fitted(request), pending)
        raise UnavailableError(f"{self.entry.provider} cannot take up a run again ({pending})")

    async def _patiently(self, request: Request) -> Reply:
        breaker = self._breaker_of(self.entry)
        tries = 0
        while True:
            permit = breaker.admit()
            if permit is None:
                raise UnavailableError(_left_alone(self.entry, breaker))
            try:
                reply = await self._provider.ask(request)
            except (RateLimitedError, UnavailableError) as error:
                breaker.failed(permit, _named_wait(error))
                wait = self._wait(error, tries, breaker)
                if wait is None:
                    raise
                self._tell(f"{_headline(error)}; asked again after {wait:.1f} s")
            except SpecialistError:
                breaker.succeeded(permit)
                raise
            except BaseException:
                breaker.abandoned(permit)
                raise
            else:
                breaker.succeeded(permit)
                return reply
            tries += 1
            await self._timing.sleep(wait + _A_LITTLE_LATER)

    def _wait(self, error: SpecialistError, tries: int, breaker: CircuitBreaker) -> float | None:
        """Seconds until it is asked again; None: it is not."""
        if tries >= RETRIES:
            return None
        wait = _named_wait(error)
        if wait is None:
            wait = self._timing.chance.uniform(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2**tries))
        wait = max(wait, breaker.seconds_left())
        is_long = self._left > 1 and len(self._entries) > 1 and wait > PATIENCE
        return None if is_long or self._timing.clock() + wait >= self._deadline else wait

    async def _switch(self, error: SpecialistError, request: Request, following: list[Model]) -> None:
        left, self._entries = self.entry, following
        self._provider = self._open(self.entry)
        foreign = sum(bool(m.original) and m.provider != self.entry.provider for m in request.messages)
        plain = f"; {foreign} earlier answers go to it in plain words, without {left.provider}'s own record of them"
        self._tell(f"{_headline(error)}; {self.entry.id} was asked instead{plain if foreign else ''}")
        await self._announce(request)

    async def _announce(self, request: Request) -> None:
        """To the meter, which may ask a person, and is not to stop the loop meanwhile."""
        if self._meter:
            await asyncio.to_thread(self._meter.before, self._fitted(request), self.entry)

    def _fitted(self, request: Request) -> Request:
        """As the model that is asked now can take it; the cache that the first one keeps is no other's."""
        entry = self.entry
        if entry == self._first:
            return request
        return replace(
            request,
            model=entry.id,
            max_output_tokens=min(request.max_output_tokens, entry.max_output_tokens),
            code_execution=request.code_execution and "code_execution" in entry.capabilities,
            caching=replace(request.caching, handle=None) if request.caching else None,
        )


def _after(error: SpecialistError, entries: list[Model]) -> list[Model]:
    """Who is left when the first of `entries` failed so, the next to be asked first."""
    failed, *rest = entries
    if isinstance(error, NoKeyError):
        return [entry for entry in rest if entry.provider != failed.provider]
    if isinstance(error, UnavailableError):
        return sorted(rest, key=lambda entry: entry.provider == failed.provider)
    return rest


def _named_wait(error: SpecialistError) -> float | None:
    wait = error.retry_after if isinstance(error, RateLimitedError) else None
    return wait if wait is not None and wait >= 0 else None


def _left_alone(entry: Model, breaker: CircuitBreaker) -> str:
    left = breaker.seconds_left()
    until = f"is asked again in {left:.0f} s" if left else "is being tried by another call right now"
    return f"{entry.id} of {entry.provider} failed several times in a row and {until}"


def _headline(error: SpecialistError) -> str:
    return str(error).split("\n", 1)[0][:_HEADLINE]


def _all_of(failures: list[SpecialistError]) -> SpecialistError:
    """The failure where there is one; else one of its kind where all are alike, an outage otherwise, with all words."""
    if len(failures) == 1:
        return failures[0]
    words = "no model answered: " + "; ".join(_headline(error) for error in failures)
    kinds = {type(error) for error in failures}
    if kinds == {RateLimitedError}:
        waits = [wait for error in failures if (wait := _named_wait(error)) is not None]
        return RateLimitedError(words, min(waits, default=None))
    if len(kinds) == 1:
        return kinds.pop()(words)
    return UnavailableError(words)
