"""Who is asked when the first does not answer. No test waits: time is a list of sleeps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.errors import (
    BudgetError,
    ContextOverflowError,
    NoKeyError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
    UnknownModelError,
)
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.budget import Limits, Meter
from deep_code_reasoning.specialists.catalogue import LOCAL, Model, Price
from deep_code_reasoning.specialists.circuit_breaker import FAILURES, CircuitBreakers
from deep_code_reasoning.specialists.fallback import (
    FIRST_WAIT,
    PATIENCE,
    RETRIES,
    Chain,
    Timing,
    open_chain,
)
from deep_code_reasoning.specialists.port import CacheHandle, Caching, Message, Provider, Reply, Request, Usage
from deep_code_reasoning.specialists.reservations import ReservationBook
from deep_code_reasoning.specialists.routing import Route, RunnerUp

A = Model("a", "google", max_output_tokens=9_000, capabilities=("code_execution",), price=Price(0, 10))
B = Model("b", "openai", max_output_tokens=500, price=Price(0, 20))
C = Model("c", "anthropic", price=Price(0, 40))
REQUEST = Request("a", "be brief", (Message("us", "why?"),), None, "", 1_000, "low", code_execution=True)
OUTAGE = UnavailableError("it is down")
LIMIT = RateLimitedError("too fast", 2.0)
Step = Reply | BaseException


@dataclass
class World:
    """Scripted providers, a clock that only sleeping moves, and everything that was asked and told."""

    scripts: dict[str, list[Step]]
    now: float = 100.0
    slept: list[float] = field(default_factory=list)
    asked: list[tuple[str, Request]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    breakers: CircuitBreakers = field(init=False)

    def __post_init__(self) -> None:
        self.breakers = CircuitBreakers(lambda: self.now)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 2))
        self.now += seconds

    def chain(self, *entries: Model, seconds: float = 60.0, meter: Meter | None = None) -> Chain:
        others = tuple(RunnerUp(entry, "", True, 0.5, 0.1) for entry in entries[1:])
        barred = RunnerUp(Model("barred", "google"), "no key", False, 0.5, 0.1)
        local = RunnerUp(Model(LOCAL, LOCAL), "", True, 0.4, 0.0)
        return open_chain(
            Route(entries[0], "", (*others, local, barred)),
            Settings(),
            on_switch=self.told.append,
            seconds=seconds,
            meter=meter,
            opener=lambda entry: Scripted(self, entry),
            timing=Timing(lambda: self.now, self.sleep, random.Random(7)),
            breakers=self.breakers,
        )

    @property
    def names(self) -> str:
        return " ".join(name for name, _ in self.asked)


@dataclass
class Scripted:
    world: World
    entry: Model

    async def ask(self, request: Request) -> Reply:
        self.world.asked.append((self.entry.id, request))
        script = self.world.scripts[self.entry.id]
        step = script.pop(0) if script else says("again")
        if isinstance(step, BaseException):
            raise step
        return step


def says(text: str) -> Reply:
    return Reply(text, Usage(10, 5))


def ask(chain: Provider, request: Request = REQUEST) -> Reply:
    return asyncio.run(_asked(chain, request))


async def _asked(chain: Provider, request: Request) -> Reply:
    return await chain.ask(request)


def test_the_first_answers_and_nothing_is_told() -> None:
    world = World({"a": [says("because")], "b": []})
    reply = ask(world.chain(A, B))
    assert (reply.text, reply.provider, reply.model) == ("because", "google", "a")
    assert (world.names, world.told, world.slept) == ("a", [], [])
    assert world.asked[0][1] == REQUEST


@pytest.mark.parametrize(
    "error", [RefusedError("I will not"), UnknownModelError("no such model"), NoKeyError("the key is not accepted")]
)
def test_who_will_not_is_not_asked_twice(error: SpecialistError) -> None:
    world = World({"a": [error], "b": [says("because")]})
    assert ask(world.chain(A, B)).model == "b"
    assert (world.names, world.slept) == ("a b", [])
    assert world.told == [f"{error}; b was asked instead"]


def test_too_large_a_brief_is_for_the_caller_to_make_smaller() -> None:
    for error in (ContextOverflowError("too long"), SpecialistError("that field is wrong"), BudgetError("no")):
        world = World({"a": [error], "b": []})
        with pytest.raises(type(error), match=str(error)):
            ask(world.chain(A, B))
        assert world.names == "a"


def test_a_named_wait_is_waited_and_an_outage_by_chance_up_to_twice_as_long_each_time() -> None:
    world = World({"a": [LIMIT, OUTAGE, says("because")]})
    assert ask(world.chain(A)).text == "because"
    assert world.slept[0] == 2.0 and 0 < world.slept[1] <= 2 * FIRST_WAIT
    assert world.told[0] == "too fast; asked again after 2.0 s"


def test_after_the_retries_the_next_is_asked() -> None:
    world = World({"a": [OUTAGE] * 9, "b": [OUTAGE, says("because")]})
    assert ask(world.chain(A, B)).model == "b"
    assert world.names == "a " * (RETRIES + 1) + "b b"


def test_a_long_wait_is_for_those_who_have_nobody_else() -> None:
    long = RateLimitedError("come back later", PATIENCE + 1)
    world = World({"a": [long, says("late")], "b": [says("because")]})
    assert ask(world.chain(A, B)).model == "b" and world.slept == []
    alone = World({"a": [long, says("late")]})
    assert ask(alone.chain(A)).text == "late" and alone.slept == [PATIENCE + 1]


def test_no_wait_goes_past_the_deadline() -> None:
    world = World({"a": [RateLimitedError("later", 30.0)] * 2})
    with pytest.raises(RateLimitedError, match="later"):
        ask(world.chain(A, seconds=45.0))
    assert world.slept == [30.0]
    hours = World({"a": [RateLimitedError("tomorrow", 86_400.0)]})
    with pytest.raises(RateLimitedError, match="tomorrow"):
        ask(hours.chain(A, seconds=600.0))
    assert hours.slept == []


@pytest.mark.parametrize("odd", [float("nan"), -5.0])
def test_a_named_wait_that_is_none_is_not_waited(odd: float) -> None:
    world = World({"a": [RateLimitedError("odd", odd), says("because")]})
    assert ask(world.chain(A)).text == "because"
    assert 0 <= world.slept[0] <= FIRST_WAIT
    assert ask(World({"a": [RateLimitedError("never", float("inf"))], "b": []}).chain(A, B)).model == "b"


def test_who_took_over_stays_and_is_given_what_it_can_take() -> None:
    world = World({"a": [RefusedError("no")], "b": [says("because"), says("so")], "c": []})
    chain = world.chain(A, B, C)
    said = (
        Message("us", "why?"),
        Message("model", "hm", original="{}", provider="google"),
        Message("model", "hm", original="{}", provider="openai"),
        Message("us", "well?"),
    )
    request = replace(REQUEST, messages=said, caching=Caching("key", 1, "caches/1"))
    assert ask(chain, request).model == "b" and ask(chain, request).text == "so"
    assert world.names == "a b b" and chain.entry == B
    given = world.asked[1][1]
    assert (given.model, given.max_output_tokens, given.code_execution) == ("b", 500, False)
    assert given.caching == Caching("key", 1, None) and given.messages == said
    assert "b was asked instead; 1 earlier answers go to it in plain words, without google's own" in world.told[0]


def test_after_an_outage_another_provider_goes_first_and_a_bad_key_is_bad_for_all_of_its_models() -> None:
    sister = Model("sister", "google")
    down = World({"a": [OUTAGE] * 9, "sister": [], "b": [OUTAGE] * 9})
    assert ask(down.chain(A, sister, B)).model == "sister"
    assert down.names == "a a a b b b sister"
    limited = World({"a": [RateLimitedError("x", 50.0)], "sister": [], "b": []})
    assert ask(limited.chain(A, sister, B)).model == "sister", "a limit is of one model"
    locked = World({"a": [NoKeyError("bad key")], "sister": [], "b": []})
    assert ask(locked.chain(A, sister, B)).model == "b"
    with pytest.raises(NoKeyError, match="bad key"):
        ask(World({"a": [NoKeyError("bad key")], "sister": []}).chain(A, sister))


def test_three_models_are_asked_and_no_more() -> None:
    others = [Model(name, "openai") for name in "xyz"]
    world = World({name: [RefusedError(f"not {name}")] for name in "axyz"})
    with pytest.raises(RefusedError, match="not a; not x; not y"):
        ask(world.chain(A, *others))
    assert world.names == "a x y"


def test_when_nobody_answers_all_is_said() -> None:
    world = World({"a": [RefusedError("not I")], "b": [RefusedError("nor I")]})
    with pytest.raises(RefusedError, match="no model answered: not I; nor I"):
        ask(world.chain(A, B))
    mixed = World({"a": [RefusedError("not I")], "b": [UnknownModelError("who?")]})
    with pytest.raises(UnavailableError, match=r"not I; who\?"):
        ask(mixed.chain(A, B))
    limited = World({"a": [RateLimitedError("x", 50.0)], "b": [RateLimitedError("y", 40.0)]})
    with pytest.raises(RateLimitedError) as caught:
        ask(limited.chain(A, B, seconds=20.0))
    assert caught.value.retry_after == 40.0


def test_a_model_that_failed_often_is_passed_over_until_its_pause_is_over() -> None:
    world = World({"a": [OUTAGE] * FAILURES, "b": []})
    for _ in range(2):
        ask(world.chain(A, B))
    assert world.names == "a a a b a a b", "the last failure opens it: no third try"
    world.asked.clear()
    ask(world.chain(A, B))
    assert world.names == "b" and "a of google failed several times in a row and is asked again in" in world.told[-1]
    world.now += 1_000
    world.asked.clear()
    ask(world.chain(A, B))
    assert world.names == "a"


def test_another_gateway_fails_for_itself() -> None:
    breakers = CircuitBreakers()
    assert breakers.of("google", "a", "http://one") is breakers.of("google", "a", "http://one")
    assert breakers.of("google", "a", "http://one") is not breakers.of("google", "a", "http://two")


def test_a_probe_that_is_cancelled_does_not_keep_the_others_out() -> None:
    world = World({"a": [OUTAGE] * FAILURES + [asyncio.CancelledError(), says("back")]})
    for _ in range(2):
        with pytest.raises(UnavailableError):
            ask(world.chain(A, seconds=5.0))
    world.now += 1_000
    with pytest.raises(asyncio.CancelledError):
        ask(world.chain(A))
    assert ask(world.chain(A)).text == "back"


def test_the_meter_is_asked_before_another_model_and_holds_nothing_when_nobody_answers() -> None:
    book = ReservationBook()
    limits = Limits(dollars_per_escalation=0.015)
    meter = Meter(limits, reservations=book)
    world = World({"a": [RefusedError("no")], "b": []})
    chain = world.chain(A, B, meter=meter)
    for _ in range(2):  # the second time b is asked at once, and the caller still says a
        meter.before(REQUEST, A)
        reply = ask(chain)
        assert meter.after(A, reply.usage) == 5 * 20 / 1_000_000, "priced as b"
    dear = World({"a": [RefusedError("no")], "c": []})
    meter = Meter(limits, reservations=book)
    meter.before(REQUEST, A)
    with pytest.raises(BudgetError, match="c "):
        ask(dear.chain(A, C, meter=meter))
    held: list[float] = []
    book.reserve("", 0.0, lambda now: held.append(now.dollars))
    assert held == [pytest.approx(5 * 20 / 1_000_000)], "what b cost last, until the ledger has it"


steps = st.sampled_from(["ok", "outage", "limit", "refused"])


@given(st.lists(steps, max_size=8), st.lists(steps, max_size=8), st.floats(0, 30))
def test_it_asks_in_order_and_ends_in_time(first: list[str], second: list[str], seconds: float) -> None:
    """The oracle plays the scripts by the table at the top of fallback.py, ignoring breakers (too few failures)."""
    made = {"ok": says("ok"), "outage": OUTAGE, "limit": LIMIT, "refused": RefusedError("no")}
    world = World({"a": [made[s] for s in first], "b": [made[s] for s in second]})
    try:
        answered = ask(world.chain(A, B, seconds=seconds)).model
    except SpecialistError:
        answered = None
    assert world.now <= 100.0 + seconds + 0.01
    asked = world.names.split()
    assert asked == sorted(asked) and all(asked.count(name) <= RETRIES + 1 for name in "ab")
    for name, script in (("a", first), ("b", second)):
        played = (script + ["ok"] * 9)[: asked.count(name)]
        assert all(step in ("outage", "limit") for step in played[:-1]), "only a moment's trouble is tried again"
    assert answered == (asked[-1] if _last(asked, first, second) == "ok" else None)
    assert answered or asked[-1] == "b"


def _last(asked: Sequence[str], first: list[str], second: list[str]) -> str:
    script = first if asked[-1] == "a" else second
    return (script + ["ok"] * 9)[asked.count(asked[-1]) - 1]


@dataclass
class Able(Scripted):
    async def count(self, request: Request) -> int:
        return 42

    async def open_cache(self, request: Request, seconds: float) -> CacheHandle | None:
        return CacheHandle("caches/1", 42, seconds)

    async def extend_cache(self, name: str, seconds: float) -> CacheHandle:
        return CacheHandle(name, 42, seconds)

    async def close_cache(self, name: str) -> None:
        self.world.told.append(f"closed {name}")

    async def resume(self, request: Request, pending: str) -> Reply:
        return says(f"resumed {pending}")


def test_it_can_what_the_provider_that_is_asked_can() -> None:
    world = World({"a": []})

    async def able() -> None:
        chain = Chain(
            (A,),
            lambda e: Able(world, e),
            world.told.append,
            60,
            None,
            Timing(),
            lambda e: world.breakers.of(e.provider, e.id),
        )
        assert await chain.count(REQUEST) == 42
        assert await chain.open_cache(REQUEST, 60) == CacheHandle("caches/1", 42, 60)
        assert (await chain.extend_cache("caches/1", 90)).expires_at_unix == 90
        await chain.close_cache("caches/1")
        assert (await chain.resume(REQUEST, "run-1")).text == "resumed run-1"

    async def unable() -> None:
        chain = world.chain(A)
        assert await chain.open_cache(REQUEST, 60) is None
        await chain.close_cache("caches/1")
        for impossible in (chain.count(REQUEST), chain.extend_cache("x", 1), chain.resume(REQUEST, "run-1")):
            with pytest.raises(UnavailableError):
                await impossible

    asyncio.run(able())
    asyncio.run(unable())
    assert world.told == ["closed caches/1"]
