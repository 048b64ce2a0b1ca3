"""The client's own model: text in, text out."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Sequence

import pytest

from deep_code_reasoning.errors import NoKeyError, RateLimitedError, RefusedError, UnavailableError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.catalogue import find_model
from deep_code_reasoning.specialists.port import Message, Reply, Request, ToolAnswer, ToolCall, Usage
from deep_code_reasoning.specialists.providers.opening import open_provider
from deep_code_reasoning.specialists.providers.sampling import CreateMessage, Sampling, Turn
from specialists.providers.asking import request

CLIENT = find_model("client")
ASKED = Request("client", "Find the cause.", (Message("us", "brief"),), None, "analysis", 900, "low")


def ask(create: CreateMessage, asked: Request = ASKED) -> Reply:
    return asyncio.run(open_provider(CLIENT, Settings(), create).ask(asked))


def test_what_the_client_is_given_and_what_comes_back() -> None:
    given: list[object] = []

    async def create(system: str, messages: Sequence[Turn], most: int) -> str:
        given.extend((system, messages, most))
        return "the lease"

    asked = Request(
        "client", "Find the cause.",
        (
            Message("us", "brief"),
            Message("model", "I look.", (ToolCall("c", "query", {"sql": "S"}),)),
            Message("us", answers=(ToolAnswer("c", "query", "42 rows"),)),
        ),
        None, "analysis", 900, "low",
    )  # fmt: skip
    reply = ask(create, asked)
    assert (reply.text, reply.provider, reply.model, reply.usage) == ("the lease", "client", "client", Usage())
    assert given == [
        "Find the cause.",
        (
            ("user", "brief"),
            ("assistant", 'I look.\n\n(called query with {"sql": "S"})'),
            ("user", "(answer of query) 42 rows"),
        ),
        900,
    ]


def test_a_schema_is_asked_for_in_words() -> None:
    systems: list[str] = []
    ask(lambda system, messages, most: systems.append(system) or "{}", request("lab", model="client"))
    assert json.dumps(request("lab").schema) in systems[0] and "one JSON object" in systems[0]


def test_a_plain_function_does_not_hold_up_the_loop() -> None:
    release = threading.Event()

    def create(system: str, messages: Sequence[Turn], most: int) -> str:
        release.wait(10)
        return "late"

    async def cancelled() -> float:
        asking = asyncio.create_task(Sampling(create).ask(ASKED))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        release.set()
        return time.monotonic() - started

    assert asyncio.run(cancelled()) < 5


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (RuntimeError("User rejected sampling request"), RefusedError),
        (RuntimeError("connection lost\nat the client"), UnavailableError),
        (ValueError(), UnavailableError),
        (RateLimitedError("slow", 3), RateLimitedError),
    ],
)
def test_a_client_that_gives_no_answer(failure: Exception, kind: type[Exception]) -> None:
    def create(system: str, messages: Sequence[Turn], most: int) -> str:
        raise failure

    with pytest.raises(kind) as caught:
        ask(create)
    assert "\n" not in str(caught.value)


def test_an_empty_answer_is_none() -> None:
    with pytest.raises(UnavailableError, match="no text"):
        ask(lambda system, messages, most: " ")


def test_without_a_session_it_cannot_be_asked() -> None:
    with pytest.raises(NoKeyError, match="sampling"):
        open_provider(CLIENT, Settings())
