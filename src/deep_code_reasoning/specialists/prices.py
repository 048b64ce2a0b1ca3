"""Dollars of a call, from the price list that genai-prices ships. Nothing is looked up over the network."""

from __future__ import annotations

from deep_code_reasoning.specialists.port import Usage


def dollars_of(provider: str, model: str, usage: Usage) -> float | None:
    """None where the list has no price for this model."""
    from genai_prices import Usage as CountedUsage
    from genai_prices import calc_price

    counted = CountedUsage(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cache_read_tokens=usage.cached_tokens
    )
    try:
        return float(calc_price(counted, model, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None
