"""Dollars of a call, from the price list that genai-prices ships. Nothing is looked up over the network.

The list knows tiers (above 200,000 tokens of input some models cost twice as much, for all of it), what is read from a
cache and what is written to one. What it does not know is not counted: a cache's rent by the hour, searches, and the
tokens that code run at the provider feeds back to the model before they are reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.specialists.data_policy import runs_here
from deep_code_reasoning.specialists.port import Usage

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.catalogue import Model, Price


def dollars_of(provider: str, model: str, usage: Usage) -> float | None:
    """None where the list has no price for this model. Counts that contradict each other are read as the dearer."""
    from genai_prices import Usage as CountedUsage
    from genai_prices import calc_price

    written = min(usage.cache_write_tokens, usage.input_tokens)
    counted = CountedUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_write_tokens=written,
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens - written),
    )
    try:
        return float(calc_price(counted, model, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None


def price_of(entry: Model, usage: Usage) -> float | None:
    """As `dollars_of`, by the price that the catalogue's entry has where it has one; what runs here costs nothing."""
    if entry.price:
        return _by_own_price(entry.price, usage)
    return 0.0 if runs_here(entry) else dollars_of(entry.provider, entry.price_as or entry.id, usage)


def _by_own_price(price: Price, usage: Usage) -> float:
    written = min(usage.cache_write_tokens, usage.input_tokens)
    cached = min(usage.cached_tokens, usage.input_tokens - written)
    a_cached = price.input if price.cached_input is None else price.cached_input
    a_written = price.input if price.cache_write is None else price.cache_write
    plain = usage.input_tokens - written - cached
    dollars = plain * price.input + cached * a_cached + written * a_written + usage.output_tokens * price.output
    return dollars / 1_000_000


def most_of(entry: Model, input_tokens: int, output_tokens: int) -> float | None:
    """The most that a call of this size may cost: nothing of it cached, or all of it written to a cache."""
    plain = price_of(entry, Usage(input_tokens, output_tokens))
    written = price_of(entry, Usage(input_tokens, output_tokens, cache_write_tokens=input_tokens))
    return None if plain is None or written is None else max(plain, written)
