"""So many calls a minute for each client: an agent in a loop must not keep the machine, or a budget, busy for ever.

A token bucket a client (Turner 1986): `burst` calls at once, then `a_minute` evenly. On stdio there is one client; on
HTTP it is the session, or the address where a protocol has no sessions.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_types import CallToolResult, TextContent

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

CALLS_A_MINUTE = 120.0
BURST = 60.0
MOST_CLIENTS = 1_000


class Buckets:
    """`take` tells for how many seconds a client has to wait; 0: the call may go on, and is counted."""

    def __init__(
        self, a_minute: float = CALLS_A_MINUTE, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = a_minute / 60, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        now = self._clock()
        level, since = self._levels.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        wait = 0.0 if level >= 1 else (1 - level) / self._rate
        self._levels[client] = (level if wait else level - 1, now)
        if len(self._levels) > MOST_CLIENTS:
            self._levels.popitem(last=False)
        return wait


class RateLimit:
    """A middleware of the server: a call too many is answered at once, with how long to wait."""

    def __init__(self, buckets: Buckets | None = None) -> None:
        self._buckets = buckets or Buckets()

    async def __call__(self, context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if context.method == "tools/call" and (wait := self._buckets.take(client_of(context))):
            said = f"too many calls: {CALLS_A_MINUTE:.0f} a minute are taken from one client; wait {wait:.1f} s"
            return CallToolResult(content=[TextContent(text=said)], is_error=True)
        return await call_next(context)


def client_of(context: ServerRequestContext[Any, Any]) -> str:
    request = context.request
    if request is None:
        return "stdio"
    session = request.headers.get("mcp-session-id")
    return session or f"{request.client.host if request.client else '?'}"
