from __future__ import annotations

import dataclasses

import pytest

from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists import offers as module
from deep_code_reasoning.specialists.catalogue import Model, models
from deep_code_reasoning.specialists.offers import offers
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import dollars_of

BRIEF = "GET /checkout 500 in 12 ms\n" * 4_000


def made(brief: str = BRIEF, **keys: str) -> dict[str, module.Offer]:
    return {offer.model: offer for offer in offers(brief, "why?", "cross_system", 3, Settings(keys=keys))}


def test_every_model_of_the_catalogue_with_its_price_and_why_it_can_be_asked() -> None:
    found = made(google="key")
    assert set(found) == {model.id for model in models()}
    argon = found["gemini-4-argon"]
    assert argon.input_tokens >= count_tokens(BRIEF) and argon.output_tokens == 24_576
    assert (argon.fits, argon.has_key, argon.why) == (True, True, "can be asked")
    whole = Usage(input_tokens=argon.input_tokens, output_tokens=argon.output_tokens)
    assert argon.dollars == dollars_of("google", argon.model, whole)
    assert argon.dollars_input is not None and argon.dollars is not None and 0 < argon.dollars_input < argon.dollars
    assert found["gemini-3.1-pro-preview"].fits is None


def test_without_a_key_that_is_said() -> None:
    assert all("no key" in offer.why and not offer.has_key for offer in made().values())


def test_those_that_can_be_asked_come_first_and_the_cheaper_first(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Model("small", "google", context_window=1_000)
    monkeypatch.setattr(module, "models", lambda settings: (small, *models(), Model("unpriced", "openrouter", 10**7)))
    listed = offers(BRIEF, None, "performance", 1, Settings(keys={"google": "key"}))
    assert [offer.model for offer in listed][-2:] == ["unpriced", "small"]
    for has_key in (True, False):
        prices = [offer.dollars or 0 for offer in listed[:-2] if offer.has_key is has_key]
        assert len(prices) > 1 and prices == sorted(prices)
    assert [offer.has_key for offer in listed[:-2]] == sorted((o.has_key for o in listed[:-2]), reverse=True)
    assert listed[-1].fits is False and "does not fit: holds 1,000 tokens" in listed[-1].why
    assert listed[-2].dollars is None and "no price known" in listed[-2].why


def test_a_second_turn_finds_the_brief_in_the_cache() -> None:
    argon = made(google="key")["gemini-4-argon"]
    again = Usage(argon.input_tokens + argon.output_tokens + module.NEXT_TURN_TOKENS, argon.output_tokens)
    cached = dataclasses.replace(again, cached_tokens=argon.input_tokens)
    assert argon.dollars_next_turn == dollars_of("google", argon.model, cached)
    assert (argon.dollars_next_turn or 0) < (dollars_of("google", argon.model, again) or 0)


def test_those_that_privacy_keeps_it_from_come_after_the_others() -> None:
    settings = Settings(keys={"google": "key"}, privacy="local_only")
    listed = offers(BRIEF, None, "performance", 3, settings)
    assert all(not offer.allowed and "local_only" in offer.why for offer in listed)
