"""Prices have tiers, and what is read from or written to a cache has its own."""

from __future__ import annotations

from deep_code_reasoning.specialists.catalogue import LOCAL, Model, Price
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import dollars_of, most_of, price_of


def price(model: str, provider: str, **counts: int) -> float:
    found = dollars_of(provider, model, Usage(**counts))
    assert found is not None
    return found


def test_above_its_threshold_a_tiered_model_costs_more_for_all_of_the_input() -> None:
    below = price("gemini-3.1-pro-preview", "google", input_tokens=200_000)
    above = price("gemini-3.1-pro-preview", "google", input_tokens=200_001)
    assert above > 1.9 * below


def test_reading_a_cache_is_cheaper_and_writing_one_dearer_where_the_list_says_so() -> None:
    plain = price("claude-sonnet-4-5", "anthropic", input_tokens=100_000)
    assert price("claude-sonnet-4-5", "anthropic", input_tokens=100_000, cached_tokens=100_000) < 0.2 * plain
    written = price("claude-sonnet-4-5", "anthropic", input_tokens=100_000, cache_write_tokens=100_000)
    assert written > 1.2 * plain
    assert most_of(Model("claude-sonnet-4-5", "anthropic"), 100_000, 0) == written
    assert most_of(Model("gemini-4-argon", "google"), 1_000, 10) == price(
        "gemini-4-argon", "google", input_tokens=1_000, output_tokens=10
    )


def test_counts_that_contradict_each_other_still_have_a_price() -> None:
    assert price("gemini-4-argon", "google", input_tokens=10, cached_tokens=99) == price(
        "gemini-4-argon", "google", input_tokens=10, cached_tokens=10
    )
    both = price("claude-sonnet-4-5", "anthropic", input_tokens=10, cached_tokens=99, cache_write_tokens=99)
    assert both == price("claude-sonnet-4-5", "anthropic", input_tokens=10, cache_write_tokens=10)


def test_what_runs_here_costs_nothing_and_what_nobody_lists_is_not_known() -> None:
    assert price_of(Model(LOCAL, LOCAL), Usage(10**6, 10**6)) == 0
    assert price_of(Model("gemini-99-new", "google"), Usage(10, 10)) is None
    assert most_of(Model("anything", "nobody"), 1, 1) is None


def test_a_price_of_the_users_own_goes_before_the_list_and_an_alias_is_looked_up() -> None:
    own = Model("gemini-4-argon", "google", price=Price(input=1.0, output=4.0, cached_input=0.1, cache_write=2.0))
    assert price_of(own, Usage(1_000_000, 1_000_000, cached_tokens=500_000)) == 0.5 + 0.05 + 4.0
    assert most_of(own, 1_000_000, 0) == 2.0
    assert price_of(Model("m", "x", price=Price(input=1.0, output=1.0)), Usage(10, 0, 10, 0, 10)) == 10 / 1_000_000
    alias = Model("mine", "google", price_as="gemini-4-argon")
    assert price_of(alias, Usage(1_000)) == dollars_of("google", "gemini-4-argon", Usage(1_000))
    assert price_of(Model("mine", "ollama", data_policy="local"), Usage(10**9, 10**9)) == 0
