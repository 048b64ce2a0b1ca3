"""Which paths an agent may name: those under `settings.allowed_roots` and under the roots its client announces.

An agent's arguments may be steered by what it has read, so naming a path does not allow it. A client's roots are
different: the application announces them for its user. They are asked for only when a path needs it, in the way of
the protocol in force: `roots/list` on the older ones, an input request on 2026-07-28.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import anyio
from mcp_types import InputRequiredResult, ListRootsRequest, ListRootsResult

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

    from deep_code_reasoning.settings import Settings

REQUEST = "roots"
ANSWER_SECONDS = 5.0


async def allowed(
    settings: Settings, paths: Sequence[str], session: ServerSession, responses: Mapping[str, Any] | None
) -> Settings | InputRequiredResult:
    """The settings with the roots that hold for these paths, or the question to the client that must come first.

    Nothing is refused here: whoever opens a path checks it against the roots.
    """
    if _inside(paths, settings.allowed_roots):
        return settings
    capabilities = session.client_capabilities
    if capabilities is None or capabilities.roots is None:
        return settings
    if responses and isinstance(answer := responses.get(REQUEST), ListRootsResult):
        return _widened(settings, answer)
    if session.can_send_request:
        with anyio.move_on_after(ANSWER_SECONDS):
            return _widened(settings, await session.send_request(ListRootsRequest(), ListRootsResult))
        return settings
    if responses is None:
        return InputRequiredResult(input_requests={REQUEST: ListRootsRequest()})
    return settings


def _widened(settings: Settings, announced: ListRootsResult) -> Settings:
    folders = (_folder(str(root.uri)) for root in announced.roots)
    return replace(settings, allowed_roots=(*settings.allowed_roots, *(folder for folder in folders if folder)))


def _folder(uri: str) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        return None
    return Path(unquote(parts.path))


def _inside(paths: Iterable[str], roots: Iterable[Path]) -> bool:
    folders = [Path(os.path.realpath(root)) for root in roots]
    return all(any(Path(os.path.realpath(path)).is_relative_to(folder) for folder in folders) for path in paths)
