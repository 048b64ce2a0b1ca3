"""Which models could take a brief, and what that would cost. Nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.specialists.catalogue import Model, models
from deep_code_reasoning.specialists.data_policy import why_not_allowed
from deep_code_reasoning.specialists.effort import allowance_of
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import price_of
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.providers.endpoints import why_not

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

NEXT_TURN_TOKENS = 1_000
"""A question of the second turn, and what surrounds it."""


@dataclass(frozen=True)
class Offer:
    """Tokens as estimated for the provider, prompts included; `output_tokens` is the most that an answer may take.

    `fits` is None where the model's window is not known; `allowed`: by the settings' privacy; dollars are None where no
    price is. `dollars` is for the input
    and an answer of that length, `dollars_input` for the input alone, `dollars_next_turn` for a second turn with such
    an answer, the first in the provider's cache (`NEXT_TURN_TOKENS` are new; the first answer is of that length too).
    """

    model: str
    provider: str
    input_tokens: int
    output_tokens: int
    fits: bool | None
    has_key: bool
    allowed: bool
    dollars_input: float | None
    dollars: float | None
    dollars_next_turn: float | None
    why: str


def offers(brief: str, question: str | None, analysis_type: str, depth_level: int, settings: Settings) -> list[Offer]:
    """One a model of the catalogue, those that could be asked now first, the cheaper first."""
    system = prompt("system", analysis_type=analysis_type)
    text = prompt("brief", brief=brief, question=question, depth_level=depth_level)
    made = [_offer(model, system + text, depth_level, settings) for model in models(settings)]
    unknown = float("inf")
    return sorted(
        made,
        key=lambda o: (
            o.fits is False,
            not (o.has_key and o.allowed),
            unknown if o.dollars is None else o.dollars,
            o.model,
        ),
    )


def _offer(model: Model, text: str, depth_level: int, settings: Settings) -> Offer:
    taken = count_tokens(text, model.provider)
    output = min(allowance_of(depth_level).output_tokens, model.max_output_tokens)
    fits = taken + output <= model.context_window if model.context_window else None
    no_key = why_not(model.provider, settings)
    dollars = price_of(model, Usage(taken, output))
    said = []
    if fits is False:
        said.append(f"does not fit: holds {model.context_window:,} tokens, with an answer")
    elif fits is None:
        said.append("its window is not known")
    if no_key:
        said.append(no_key)
    if kept_from := why_not_allowed(model, settings):
        said.append(kept_from)
    if dollars is None:
        said.append("no price known")
    return Offer(
        model=model.id,
        provider=model.provider,
        input_tokens=taken,
        output_tokens=output,
        fits=fits,
        has_key=no_key is None,
        allowed=kept_from is None,
        dollars_input=price_of(model, Usage(taken)),
        dollars=dollars,
        dollars_next_turn=price_of(model, Usage(taken + output + NEXT_TURN_TOKENS, output, cached_tokens=taken)),
        why="; ".join(said) or "can be asked",
    )
