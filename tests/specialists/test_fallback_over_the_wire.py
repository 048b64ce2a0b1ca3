"""The chain over the providers' real SDKs: a conversation begun with one provider is gone on with by another."""

from __future__ import annotations

import asyncio
import random

import pytest

from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.budget import Limits, Meter
from deep_code_reasoning.specialists.circuit_breaker import CircuitBreakers
from deep_code_reasoning.specialists.fallback import Chain, Timing, open_chain
from deep_code_reasoning.specialists.port import Message, Usage
from deep_code_reasoning.specialists.prices import dollars_of
from deep_code_reasoning.specialists.providers.failures import MOST_OF_A_MESSAGE
from deep_code_reasoning.specialists.reservations import ReservationBook
from deep_code_reasoning.specialists.routing import Need, choose, stay
from specialists.providers.asking import request
from specialists.stubs import gemini, openai
from specialists.stubs.server import Stub, stub

KEY = "sk-test-0123456789-secret"


def both(google: Stub, other: Stub) -> Settings:
    keys = {"google": KEY, "openai": KEY}
    return Settings(keys=keys, google_base_url=google.url, openai_base_url=f"{other.url}/v1")


async def no_wait(seconds: float) -> None:
    """Tests do not wait."""


def chain(settings: Settings, told: list[str], meter: Meter | None = None) -> Chain:
    need = Need("cross_system", 2_000)
    route = stay(settings, need, "google:gemini-4-argon")
    timing = Timing(sleep=no_wait, chance=random.Random(1))
    return open_chain(route, settings, on_switch=told.append, meter=meter, timing=timing, breakers=CircuitBreakers())


def test_an_outage_in_the_middle_of_a_conversation() -> None:
    told: list[str] = []
    down = gemini.fails(503, "The model is overloaded", "UNAVAILABLE")
    begun = gemini.says('{"cause": "the lease"}', thinking=9)
    with stub(begun, down) as google, stub(openai.says('{"cause": "the clock"}')) as other:
        specialist = chain(both(google, other), told)
        first = request("google")
        reply = asyncio.run(specialist.ask(first))
        again = (*first.messages, reply.as_message(), Message("us", "And why then?"))
        second = asyncio.run(specialist.ask(request("google", messages=again)))
    assert (reply.provider, second.provider) == ("google", "openai")
    assert second.text == '{"cause": "the clock"}' and second.model.startswith("gpt-6.1-sol")
    assert len(google.seen) == 4 and len(other.seen) == 1
    assert "the lease" in other.seen[0].body and "And why then?" in other.seen[0].body
    assert reply.original is not None and "thoughtSignature" not in other.seen[0].body
    assert "1 earlier answers go to it in plain words, without google's own record of them" in told[-1]
    assert [said for said in told if "asked again after" in said] and KEY not in "".join(told)
    assert all(len(said) < MOST_OF_A_MESSAGE for said in told)


def test_what_the_second_provider_counted_is_what_the_meter_books() -> None:
    told: list[str] = []
    book = ReservationBook()
    meter = Meter(Limits(dollars_per_escalation=5.0, dollars_per_day=5.0), reservations=book)
    with stub(gemini.blocked()) as google, stub(openai.says('{"cause": "the clock"}')) as other:
        settings = both(google, other)
        specialist = chain(settings, told, meter)
        asked = request("google")
        meter.before(asked, choose(settings, Need("cross_system", model="google:gemini-4-argon")).entry)
        reply = asyncio.run(specialist.ask(asked))
    dollars = meter.after(specialist.entry, reply.usage)
    assert reply.usage.input_tokens > 0 and reply.usage != Usage()
    assert dollars == dollars_of("openai", "gpt-6.1-sol", reply.usage)
    assert meter.spent.dollars == pytest.approx(dollars)


def test_a_bad_key_of_one_provider_leaves_the_other() -> None:
    told: list[str] = []
    bad = gemini.fails(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT")
    with stub(bad) as google, stub(openai.says('{"cause": "the clock"}')) as other:
        reply = asyncio.run(chain(both(google, other), told).ask(request("google")))
    assert (reply.provider, len(google.seen), len(other.seen)) == ("openai", 1, 1)
