"""A token bucket a client, and one for all that call from the same address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from deep_code_reasoning.mcp_server.handlers import Handlers
from deep_code_reasoning.mcp_server.http_transport import Address, application, web_server
from deep_code_reasoning.mcp_server.rate_limit import Buckets, RateLimit
from deep_code_reasoning.mcp_server.server import build_server
from deep_code_reasoning.settings import Settings
from mcp_server.driver import ERAS, drive, error_line


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_a_second() -> None:
    clock = Clock()
    buckets = Buckets(a_minute=60, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == 1
    assert buckets.take("b") == 0, "each client has its own"
    clock.now = 1.0
    assert buckets.take("a") == 0
    assert buckets.take("a") == 1


@given(st.lists(st.floats(0, 5), min_size=1, max_size=100), st.integers(1, 10))
def test_never_more_than_the_burst_and_what_the_time_gives(pauses: list[float], burst: int) -> None:
    clock = Clock()
    buckets = Buckets(a_minute=60, burst=burst, clock=clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += buckets.take("a") == 0
        assert taken <= burst + clock.now + 1e-6


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    buckets = Buckets(a_minute=90, burst=1, clock=clock)
    for _ in range(50):
        if wait := buckets.take("a"):
            clock.now += wait + 1e-9
            assert buckets.take("a") == 0


def test_a_server_as_it_is_started_has_the_limit(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()

    async def conversation(client: Client) -> list[CallToolResult]:
        return [await client.call_tool("get_job", {}) for _ in range(200)]

    results = drive(tmp_path / "work", conversation)
    assert not any(result.is_error for result in results[:60])
    refused = [error_line(result) for result in results if result.is_error]
    assert refused
    assert all("120 a minute are taken from one client; wait" in line for line in refused)


@dataclass
class Caller:
    calls: int
    address: str = "10.0.0.7"
    headers: dict[str, str] = field(default_factory=dict)


def answered(state: Path, era: str, callers: Sequence[Caller]) -> list[int]:
    """How many calls of each are answered, one caller after the other; three a client are taken, five an address.

    What they reach is the application as uvicorn serves it; only the connection's address is made up.
    """
    server, never = build_server(Handlers(lambda: Settings(state_dir=state))), Clock()
    limit = RateLimit(Buckets(burst=3, clock=never), Buckets(burst=5, clock=never))
    server.middleware.append(limit)
    app = application(server, Address(), token=None)
    config = web_server(app, Address()).config
    config.load()

    async def calls_of(caller: Caller) -> int:
        connection = httpx2.ASGITransport(config.loaded_app, client=(caller.address, 4_000))
        async with httpx2.AsyncClient(transport=connection, headers=caller.headers) as http:
            reached = streamable_http_client("http://127.0.0.1:8137/mcp", http_client=http)
            async with Client(reached, mode=era) as client:
                results = [await client.call_tool("get_job", {}) for _ in range(caller.calls)]
        return sum(not result.is_error for result in results)

    async def session() -> list[int]:
        with anyio.fail_after(60):
            async with app.router.lifespan_context(app):  # ty: ignore[unresolved-attribute]
                return [await calls_of(caller) for caller in callers]

    return anyio.run(session)


@pytest.mark.parametrize("era", ERAS)
def test_each_address_has_its_own(tmp_path: Path, era: str) -> None:
    assert answered(tmp_path, era, [Caller(6), Caller(2, "10.0.0.8")]) == [3, 2]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("header", ["Mcp-Session-Id", "X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_whoever_makes_up_names_gets_no_more_than_the_address(tmp_path: Path, era: str, header: str) -> None:
    """Also a new session a call, where the protocol has sessions: the server gives one to whoever asks."""
    if era == "legacy" and header == "Mcp-Session-Id":
        callers = [Caller(1) for _ in range(9)]
    else:
        callers = [Caller(1, headers={header: f"10.1.1.{number}"}) for number in range(9)]
    assert sum(answered(tmp_path, era, callers)) <= 5


def test_on_loopback_the_address_is_that_of_the_connection(tmp_path: Path) -> None:
    """Which uvicorn, left to itself, takes from a header that comes from there."""
    callers = [Caller(1, "127.0.0.1", {"X-Forwarded-For": f"10.1.1.{number}"}) for number in range(9)]
    assert sum(answered(tmp_path, "2026-07-28", callers)) == 5


def test_behind_a_proxy_one_in_a_loop_leaves_calls_to_the_others(tmp_path: Path) -> None:
    first, second = ({"X-Forwarded-For": f"10.1.1.{number}"} for number in (1, 2))
    assert answered(tmp_path, "2026-07-28", [Caller(9, headers=first), Caller(2, headers=second)]) == [3, 2]


def test_a_network_of_the_new_protocol_is_one_address(tmp_path: Path) -> None:
    callers = [Caller(1, f"2001:db8:0:1::{number:x}") for number in range(1, 9)]
    assert sum(answered(tmp_path, "2026-07-28", callers)) == 3
    assert answered(tmp_path, "2026-07-28", [Caller(6, "2001:db8:0:1::1"), Caller(1, "2001:db8:0:2::1")]) == [3, 1]
    mapped = [Caller(6, "::ffff:10.0.0.7"), Caller(1, "::ffff:10.0.0.8")]
    assert answered(tmp_path, "2026-07-28", mapped) == [3, 1], "but not those of the old one in it"
