"""So many calls a minute for each client: an agent in a loop must not keep the machine, or a budget, busy for ever.

A token bucket a client (Turner 1986): `burst` calls at once, then `a_minute` evenly. On stdio there is one client. On
HTTP it is a name at an address: the session, or, where a protocol has none, whom a proxy says that it forwards. Names
are to be had for nothing: anybody may open sessions and write headers. So all names of one address together have a
bucket as well, of CLIENTS_AN_ADDRESS clients, and the address is that of the connection.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_types import CallToolResult, TextContent

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

WITHOUT_SESSIONS = "2026-07-28"
CALLS_A_MINUTE = 120.0
BURST = 60.0
CLIENTS_AN_ADDRESS = 5
MOST_CLIENTS = 1_000
LONGEST_NAME = 100  # characters
HOST_BITS = 64  # of an address of IPv6, all of which one machine may have


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

    def __init__(self, clients: Buckets | None = None, addresses: Buckets | None = None) -> None:
        self._clients = clients or Buckets()
        self._addresses = addresses or Buckets(CALLS_A_MINUTE * CLIENTS_AN_ADDRESS, BURST * CLIENTS_AN_ADDRESS)

    async def __call__(self, context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if context.method == "tools/call" and (wait := self._take(context)):
            said = f"too many calls: {CALLS_A_MINUTE:.0f} a minute are taken from one client; wait {wait:.1f} s"
            return CallToolResult(content=[TextContent(text=said)], is_error=True)
        return await call_next(context)

    def _take(self, context: ServerRequestContext[Any, Any]) -> float:
        """A client without calls left takes none of its address's: it may be a proxy's, with others behind it."""
        address = address_of(context)
        return self._clients.take(f"{address} {name_of(context)}") or self._addresses.take(address)


def address_of(context: ServerRequestContext[Any, Any]) -> str:
    """Of the connection's other end; for IPv6 its network."""
    if context.request is None:
        return "stdio"
    host = context.request.client.host if context.request.client else "?"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> HOST_BITS << HOST_BITS))


def name_of(context: ServerRequestContext[Any, Any]) -> str:
    """What tells clients of one address apart, as far as it is to be believed: empty where nothing does."""
    if context.request is None:
        return ""
    headers = context.request.headers
    if context.protocol_version < WITHOUT_SESSIONS:
        return headers.get("mcp-session-id", "")[:LONGEST_NAME]
    return headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:LONGEST_NAME]
