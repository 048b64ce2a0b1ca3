"""Does a request fit the model's window? By our estimate, and near the limit by the provider's own counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.errors import ContextOverflowError
from deep_code_reasoning.specialists.port import Counts
from deep_code_reasoning.specialists.request_size import estimated_tokens

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.port import Provider, Request

NEAR = 0.15
"""Of the window: an estimate this close to it may be on the wrong side of it."""
_SECONDS = 20.0


def check_fits(model: Model, request: Request, provider: Provider, work: Work) -> None:
    """Raises ContextOverflowError: a smaller brief may fit. A window that is not known is not checked."""
    if not model.context_window:
        return
    taken, how = estimated_tokens(request, model.provider), "about "
    if abs(taken + request.max_output_tokens - model.context_window) <= NEAR * model.context_window and isinstance(
        provider, Counts
    ):
        from deep_code_reasoning.specialists.asking import count

        counted = count(provider, request, _SECONDS, work)
        taken, how = (counted, "") if counted is not None else (taken, how)
    needed = taken + request.max_output_tokens
    if needed > model.context_window:
        raise ContextOverflowError(
            f"the brief and an answer take {how}{needed:,} tokens; {model.id} holds {model.context_window:,}; "
            "give a smaller token budget or a lower depth_level"
        )
