"""What a face knows of its client's own model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.specialists.providers.endpoints import NO_SESSION

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.providers.sampling import CreateMessage


@dataclass(frozen=True)
class ClientModel:
    """`create_message`: how it is asked; `why_not`: why it cannot be. One of them is None."""

    create_message: CreateMessage | None = None
    why_not: str | None = NO_SESSION


NO_CLIENT = ClientModel()
