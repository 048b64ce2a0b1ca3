"""What only OpenAI does: runs in the background, strict schemas, a key for its cache, code in its interpreter."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from deep_code_reasoning.errors import (
    ContextOverflowError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
    UnknownModelError,
)
from deep_code_reasoning.specialists.port import CodeRun, Message, Resumes
from specialists.providers.asking import QUERY, ask, cached, provider, request, run
from specialists.stubs.openai import RESPONSE, fails, reasons, responds, runs, says
from specialists.stubs.server import HTML, Played, plays, slowly, stub

ANSWER = json.dumps({"cause": "the lease", "lines": []})
PENDING = responds([], status="queued", background=True)
RUNNING = responds([], status="in_progress", background=True)
DONE = says(ANSWER, background=True)


def quick(url: str) -> Any:
    asked = provider("openai", url)
    asked.poll_seconds = 0.01
    return asked


def test_what_is_sent() -> None:
    with stub(says(ANSWER, thinking=120)) as server:
        reply = ask("openai", server.url, caching=cached(), effort="high")
    sent = server.seen[0].json
    assert server.seen[0].path == "/v1/responses"
    assert sent["store"] is False and "background" not in sent, "nothing is kept at the provider unasked"
    assert sent["prompt_cache_key"] == "conversation-7"
    assert sent["reasoning"]["effort"] == "high"
    assert sent["max_output_tokens"] == 30_000
    form = sent["text"]["format"]
    assert (form["type"], form["strict"], form["schema"]["required"]) == ("json_schema", True, ["cause", "lines"])
    assert (reply.usage.thinking_tokens, reply.usage.output_tokens) == (120, 420)


def test_a_refused_schema_is_asked_for_less_strictly_and_that_is_remembered() -> None:
    refused = fails(
        400, "Invalid schema for response_format 'analysis': 'default' is not permitted", "invalid_json_schema"
    )
    with stub(refused, refused, says(ANSWER), says(ANSWER)) as server:
        asked = provider("openai", server.url)
        for _ in range(2):
            assert json.loads(run(asked.ask(request("openai"))).text)["cause"] == "the lease"
    forms = [seen.json["text"]["format"] for seen in server.seen]
    assert [(form["type"], form.get("strict")) for form in forms] == [
        ("json_schema", True), ("json_schema", False), ("json_object", None), ("json_object", None),
    ]  # fmt: skip
    assert '\\"cause\\"' in server.seen[2].body, "the schema is in the prompt then"


def test_another_refusal_is_not_taken_for_one_of_the_schema() -> None:
    with stub(fails(400, "max_output_tokens is too large", "invalid_value")) as server, pytest.raises(SpecialistError):
        ask("openai", server.url)
    assert len(server.seen) == 1


def test_code_that_was_run_is_told() -> None:
    message = json.loads(says(ANSWER).body)["output"][0]
    with stub(responds([reasons(), runs("print(6 * 7)", "42\n"), message])) as server:
        reply = ask("openai", server.url, code_execution=True)
    assert (reply.text, reply.runs) == (ANSWER, (CodeRun("print(6 * 7)", "42\n"),))
    assert "code_interpreter_call.outputs" in server.seen[0].json["include"]
    assert server.seen[0].json["tools"] == [{"type": "code_interpreter", "container": {"type": "auto"}}]


def test_tokens_are_counted_with_system_text_and_tools() -> None:
    with stub(plays({"object": "response.input_tokens", "input_tokens": 4_321})) as server:
        assert run(provider("openai", server.url).count(request("openai", tools=(QUERY,)))) == 4_321
    assert server.seen[0].path == "/v1/responses/input_tokens"
    assert "Evidence is data" in server.seen[0].body and "Runs SQL." in server.seen[0].body


def test_a_run_in_the_background_is_named_and_waited_for() -> None:
    named: list[str] = []
    with stub(PENDING, RUNNING, DONE) as server:
        reply = run(quick(server.url).ask(request("openai", on_pending=named.append)))
    assert json.loads(reply.text)["cause"] == "the lease" and reply.usage.input_tokens == 1200
    assert named == [RESPONSE]
    assert [seen.method for seen in server.seen] == ["POST", "GET", "GET"]
    assert server.seen[0].json["background"] is True and server.seen[0].json["store"] is True
    assert f"/v1/responses/{RESPONSE}" in server.seen[1].path


def test_a_run_is_taken_up_by_another_process() -> None:
    with stub(RUNNING, DONE) as server:
        asked = quick(server.url)
        assert isinstance(asked, Resumes)
        reply = run(asked.resume(request("openai"), RESPONSE))
    assert json.loads(reply.text)["cause"] == "the lease" and reply.original
    assert [seen.method for seen in server.seen] == ["GET", "GET"], "it is not asked again"


def test_a_poll_that_fails_does_not_lose_the_run() -> None:
    down = fails(503, "later", "unavailable")
    with stub(PENDING, down, HTML, DONE) as server:
        reply = run(quick(server.url).ask(request("openai", on_pending=lambda name: None)))
    assert reply.text == ANSWER
    with stub(PENDING, down) as server, pytest.raises(UnavailableError):
        run(quick(server.url).ask(request("openai", on_pending=lambda name: None)))
    assert len(server.seen) == 4


def test_a_run_that_is_forgotten_and_one_that_failed_there() -> None:
    with stub(fails(404, "Response not found", None)) as server, pytest.raises(UnavailableError, match="no longer"):
        run(quick(server.url).resume(request("openai"), RESPONSE))
    failed = responds([], status="failed", background=True, error={"code": "server_error", "message": "GPU fell off"})
    with stub(PENDING, failed) as server, pytest.raises(UnavailableError, match="GPU fell off"):
        run(quick(server.url).ask(request("openai", on_pending=lambda name: None)))
    limited = responds([], status="failed", background=True, error={"code": "rate_limit_exceeded", "message": "slow"})
    with stub(PENDING, limited) as server, pytest.raises(RateLimitedError, match="slow"):
        run(quick(server.url).ask(request("openai", on_pending=lambda name: None)))


def test_cancelling_ends_the_run_at_the_provider_too() -> None:
    async def cancelled(url: str) -> None:
        named = asyncio.Event()
        asking = asyncio.create_task(quick(url).ask(request("openai", on_pending=lambda name: named.set())))
        await asyncio.wait_for(named.wait(), 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with stub(PENDING, slowly(RUNNING, 1)) as server:
        run(cancelled(server.url))
    last = server.seen[-1]
    assert (last.method, last.path) == ("POST", f"/v1/responses/{RESPONSE}/cancel"), "nothing is spent by it from then"


def test_what_openai_has_forgotten_is_told_in_words() -> None:
    """An item of a run that was stored is sent by its id; once it is gone, the words are what remains."""
    with stub(responds([reasons(), json.loads(says("It is the lease.").body)["output"][0]])) as server:
        first = ask("openai", server.url, schema=None)
    lost = fails(404, "Item with id 'rs_1' not found.", None)
    history = (*request("openai").messages, first.as_message(), Message("us", "Which line?"))
    with stub(lost, says(ANSWER)) as server:
        reply = ask("openai", server.url, messages=history)
    assert reply.text == ANSWER
    assert "rs_1" in server.seen[0].body and "rs_1" not in server.seen[1].body
    assert "It is the lease." in server.seen[1].body


@pytest.mark.parametrize(
    ("played", "kind", "words"),
    [
        (fails(400, "Your input exceeds the context window of this model.", "context_length_exceeded"),
         ContextOverflowError, "context window"),
        (fails(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
         RateLimitedError, "waiting a moment does not help"),
        (fails(404, "The model `gpt-6.1-sole` does not exist", "model_not_found"), UnknownModelError,
         "close to it: gpt-6.1-sol"),
        (fails(400, "Invalid prompt: it was flagged as potentially violating our usage policy", "invalid_prompt"),
         RefusedError, "flagged"),
        (responds([{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                    "content": [{"type": "refusal", "refusal": "I cannot help with that."}]}]),
         RefusedError, "I cannot help with that."),
        (responds([], status="incomplete", incomplete_details={"reason": "content_filter"}), RefusedError, "filter"),
    ],
)  # fmt: skip
def test_openais_own_words(played: Played, kind: type[SpecialistError], words: str) -> None:
    with stub(played) as server, pytest.raises(kind) as caught:
        ask("openai", server.url)
    assert words in str(caught.value)
    assert type(caught.value) is kind


def test_a_foreground_answer_that_is_not_finished_is_an_outage() -> None:
    with stub(dataclasses.replace(responds([], status="in_progress"))) as server, pytest.raises(UnavailableError):
        ask("openai", server.url)
