"""Who is asked in a conversation, and under which limits: where sessions meet the router, the budget, the providers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from deep_code_reasoning.conversation.database import Database
from deep_code_reasoning.conversation.reservation_rows import ReservationRows
from deep_code_reasoning.specialists.budget import Consent, Limits, Meter, Spent
from deep_code_reasoning.specialists.catalogue import LOCAL, Model, find_model
from deep_code_reasoning.specialists.providers.client_model import NO_CLIENT, ClientModel
from deep_code_reasoning.specialists.routing import Need, Route, choose, stay

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.conversation.sessions.records import Session
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.fallback import Chain
    from deep_code_reasoning.specialists.port import Provider


@dataclass(frozen=True)
class Specialists:
    """`consent`: how a person is asked whether to go on above a threshold of dollars; None: nobody can be asked."""

    settings: Settings
    ledger: Ledger
    consent: Consent | None = None
    client: ClientModel = NO_CLIENT

    def route(self, model: str | None, analysis_type: str, *, brief_tokens: int = 0, depth_level: int = 3) -> Route:
        """With what models did on such tasks. Raises NoKeyError, PrivacyError, UsageError (no such model)."""
        need = Need(analysis_type, brief_tokens, model, depth_level=depth_level, why_not_client=self.client.why_not)
        return choose(self.settings, need, self.ledger.track_record())

    def route_again(self, session: Session, brief_tokens: int) -> Route:
        """To the model that a conversation is held with; where nobody named it, others may take over if it fails."""
        asked = session.asked
        need = Need(
            asked.analysis_type,
            brief_tokens,
            asked.model or self.settings.model,
            depth_level=asked.depth_level,
            why_not_client=self.client.why_not,
        )
        return stay(self.settings, need, name_of(session), self.ledger.track_record())

    def chain(self, route: Route, seconds: float, meter: Meter, on_switch: Callable[[str], None]) -> Chain:
        from deep_code_reasoning.specialists.fallback import open_chain

        return open_chain(route, self.settings, on_switch=on_switch, seconds=seconds, meter=meter, opener=self._opened)

    def provider(self, provider: str, model: str) -> Provider:
        """Just this one. Raises NoKeyError, UsageError."""
        return self._opened(find_model(f"{provider}:{model}", self.settings))

    def _opened(self, entry: Model) -> Provider:
        from deep_code_reasoning.specialists.providers.opening import open_provider

        return open_provider(entry, self.settings, self.client.create_message)

    def meter(self, project: str, spent: Spent, agreed_to: float) -> Meter:
        """Of a conversation that has cost `spent` so far."""
        return Meter(
            Limits.of(self.settings),
            ledger=self.ledger,
            project=project,
            spent=spent,
            consent=self.consent,
            agreed_to=agreed_to,
            reservations=self._reservations,
        )

    @cached_property
    def _reservations(self) -> ReservationRows:
        return ReservationRows(Database(self.settings.state_dir))


def name_of(session: Session) -> str:
    """By which its model is found again, also one that the catalogue does not have."""
    return LOCAL if session.provider == LOCAL else f"{session.provider}:{session.model}"
