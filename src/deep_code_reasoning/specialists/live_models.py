"""Which ids live: what each provider says when it is asked, held against the catalogue."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from deep_code_reasoning.errors import SpecialistError
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.specialists.catalogue import Model, models
from deep_code_reasoning.specialists.providers.endpoints import endpoint_of, provider_names, why_not

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.providers.adapter import Adapter

SECONDS = 20.0
_SNAPSHOT = r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|\d{3}|latest)$"
"""What a provider appends to an id for one state of it: a date, or a number."""


@dataclass(frozen=True)
class Heard:
    """What one provider said. `gone`: ids of the catalogue that this key may not ask; `new`: ids that are not in it."""

    provider: str
    state: Literal["answered", "failed", "not asked"]
    why: str = ""
    seconds: float = 0.0
    live: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


def check_models(settings: Settings, work: Work, seconds: float = SECONDS) -> list[Heard]:
    """Asks all providers that can be asked at once; each has `seconds`. One that fails does not fail the others.

    Raises CancelledError when the caller takes it back.
    """
    work.check()
    left_out = {name: why for name in provider_names(settings) if (why := _why_not_asked(name, settings))}
    named = [name for name in provider_names(settings) if name not in left_out]
    heard = asyncio.run(_ask_all(named, settings, work, seconds)) if named else []
    listed = models(settings)
    rows = {row.provider: _held_against(row, listed) for row in heard}
    return [rows.get(name) or Heard(name, "not asked", left_out[name]) for name in provider_names(settings)]


def _why_not_asked(provider: str, settings: Settings) -> str | None:
    if provider == "ollama" and not settings.ollama_host and not any(m.provider == "ollama" for m in models(settings)):
        return "OLLAMA_HOST is not set, and no entry of yours names it"
    return why_not(provider, settings)


async def _ask_all(names: Sequence[str], settings: Settings, work: Work, seconds: float) -> list[Heard]:
    from deep_code_reasoning.specialists.providers.opening import open_endpoint

    done = 0

    async def asked(name: str, adapter: Adapter) -> Heard:
        nonlocal done
        heard = await _ask(name, adapter, seconds)
        done += 1
        work.report(Progress("models", done, len(names), "providers", f"{name} {heard.state}"))
        return heard

    work.report(Progress("models", 0, len(names), "providers", ", ".join(names)))
    adapters = []
    for name in names:  # one after the other: each loads an SDK
        work.check()
        adapters.append((name, open_endpoint(endpoint_of(name, settings), settings)))
    gathered = asyncio.gather(*(asked(name, adapter) for name, adapter in adapters))
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the answers were there first
            loop.call_soon_threadsafe(gathered.cancel)

    work.on_cancel(cancel)
    try:
        return list(await gathered)
    except asyncio.CancelledError:
        work.check()
        raise


async def _ask(name: str, adapter: Adapter, seconds: float) -> Heard:
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            live = await adapter.live_models()
    except TimeoutError:
        return Heard(name, "failed", f"no answer within {seconds:g} s", round(time.monotonic() - started, 2))
    except SpecialistError as error:
        return Heard(name, "failed", str(error), round(time.monotonic() - started, 2))
    return Heard(name, "answered", "", round(time.monotonic() - started, 2), tuple(sorted(set(live))))


def _held_against(heard: Heard, listed: Iterable[Model]) -> Heard:
    """A snapshot stands for the id it is one of: that one lives, and the snapshot is nothing new."""
    if heard.state != "answered":
        return heard
    ours = {model.id for model in listed if model.provider == heard.provider}
    live = set(heard.live) | {re.sub(_SNAPSHOT, "", name) for name in heard.live}
    new = [name for name in heard.live if name not in ours and re.sub(_SNAPSHOT, "", name) not in ours]
    return Heard(
        heard.provider, heard.state, heard.why, heard.seconds, heard.live, tuple(sorted(ours - live)), tuple(new)
    )
