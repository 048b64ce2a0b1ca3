"""Caches at a provider that cost by the hour: opened for a conversation, kept alive, closed with it, swept if orphaned.

A cache lives a quarter of an hour from its last use, so that one that nobody can close (the process died between the
provider's answer and our record) ends by itself soon. Nothing here fails a turn: without a cache it only costs more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import DcrError, SpecialistError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.port import CacheHandle, Caches

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.database import Database
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.port import Provider, Request

CACHE_SECONDS = 900.0
_MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class ProviderCaches:
    """`open_provider`: a provider by the name and model of a cache's row; raises DcrError where it cannot be asked."""

    database: Database
    open_provider: Callable[[str, str], Provider]

    def ready(
        self,
        session_id: str,
        entry: Model,
        request: Request,
        seconds: float,
        *,
        opens: bool,
        opened: Callable[[CacheHandle], None],
        work: Work,
    ) -> str | None:
        """The name of a cache of the request's first message that lives as long as the turn may take, and a bit more.

        One that is there is used; a new one is made where `opens`, and `opened` is told. None where the provider keeps
        no such caches, fails, or finds the prefix too short: then it is not asked again in this conversation.
        """
        from deep_code_reasoning.specialists.asking import run

        wanted = max(CACHE_SECONDS, seconds + _MARGIN_SECONDS)
        with suppress(SpecialistError):
            provider = self.open_provider(entry.provider, entry.id)
            if not isinstance(provider, Caches):
                return None
            if open_now := self._open_now(session_id, entry.id):
                with suppress(SpecialistError):  # gone at the provider: a new one is made
                    return self._kept(session_id, entry, run(provider.extend_cache(open_now, wanted), work))
                self._forget(open_now)
            if not opens or request.caching is None or self._is_too_short(session_id):
                return None
            first = replace(request, caching=replace(request.caching, stable_messages=1))
            if handle := run(provider.open_cache(first, wanted), work):
                name = self._kept(session_id, entry, handle)
                opened(handle)
                return name
            self.database.run("sessions/too_short_for_cache", conversation_id=session_id)
        return None

    def close(self, session_id: str) -> None:
        """Those of one conversation. What cannot be closed now is swept later, or expires."""
        self._close(self.database.run("sessions/caches_of", conversation_id=session_id))

    def sweep(self) -> None:
        """Closes those whose conversation is over or gone; forgets those that the provider has dropped by now."""
        self.database.run("sessions/forget_expired_caches", now=time.time())
        self._close(self.database.run("sessions/abandoned_caches", now_nano=time.time_ns()))

    def _close(self, rows: list[dict[str, Any]]) -> None:
        from deep_code_reasoning.specialists.asking import run

        for row in rows:
            with suppress(DcrError):
                provider = self.open_provider(row["provider"], row["model"])
                if isinstance(provider, Caches):
                    run(provider.close_cache(row["cache_name"]), Work())
                self._forget(row["cache_name"])

    def _is_too_short(self, session_id: str) -> bool:
        return bool(self.database.run("sessions/is_too_short_for_cache", conversation_id=session_id))

    def _open_now(self, session_id: str, model: str) -> str | None:
        rows = self.database.run("sessions/cache_of", conversation_id=session_id, model=model, now=time.time())
        return rows[0]["cache_name"] if rows else None

    def _kept(self, session_id: str, entry: Model, handle: CacheHandle) -> str:
        self.database.run(
            "sessions/keep_cache",
            cache_name=handle.name,
            provider=entry.provider,
            model=entry.id,
            conversation_id=session_id,
            tokens=handle.tokens,
            expires_at_unix=handle.expires_at_unix,
        )
        return handle.name

    def _forget(self, name: str) -> None:
        self.database.run("sessions/forget_cache", cache_name=name)
