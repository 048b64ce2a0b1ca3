"""What only Anthropic does: breakpoints where its cache may stop, and errors in the middle of a stream."""

from __future__ import annotations

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
from deep_code_reasoning.specialists.port import CodeRun, Message, Usage
from specialists.providers.asking import QUERY, ask, cached, provider, request, run
from specialists.stubs.anthropic import answers, breaks, fails, says
from specialists.stubs.server import Played, plays, stub

ANSWER = json.dumps({"cause": "the lease", "lines": []})


def test_breakpoints_stand_after_what_stays_the_same() -> None:
    history = (*request("anthropic").messages, Message("model", "It is the lease."), Message("us", "Which line?"))
    with stub(says(ANSWER, cached=700, written=300)) as server:
        reply = ask("anthropic", server.url, tools=(QUERY,), messages=history, caching=cached())
    sent = server.seen[0].json
    point = {"type": "ephemeral", "ttl": "5m"}
    assert sent["tools"][-1]["cache_control"] == point
    assert sent["system"][-1]["cache_control"] == point
    assert [block.get("cache_control") for m in sent["messages"] for block in m["content"]] == [point, None, None]
    assert sent["cache_control"] == point, "and one that moves with the conversation"
    assert reply.usage == Usage(1200, 300, cached_tokens=700, cache_write_tokens=300)


def test_without_caching_nothing_is_written_to_a_cache() -> None:
    with stub(says(ANSWER)) as server:
        ask("anthropic", server.url, tools=(QUERY,))
    assert "cache_control" not in server.seen[0].body


def test_the_prefix_is_the_same_bytes_in_every_turn() -> None:
    first = request("anthropic", tools=(QUERY,), caching=cached())
    longer = request(
        "anthropic", tools=(QUERY,), caching=cached(), effort="high",
        messages=(*first.messages, Message("model", "It is the lease."), Message("us", "Which line?")),
    )  # fmt: skip
    with stub(says(ANSWER)) as server:
        for asked in (first, longer):
            run(provider("anthropic", server.url).ask(asked))
    one, two = (seen.json for seen in server.seen)
    assert json.dumps([one["tools"], one["system"], one["messages"]])[:-1] in json.dumps(
        [two["tools"], two["system"], two["messages"][:1]]
    )


def test_thinking_is_asked_for_by_effort_counted_and_kept() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}
    with stub(answers([thought, {"type": "text", "text": ANSWER}], thinking=55)) as server:
        reply = ask("anthropic", server.url, effort="high")
    assert server.seen[0].json["output_config"]["effort"] == "high"
    assert server.seen[0].json["thinking"] == {"type": "adaptive"}
    assert server.seen[0].json["stream"] is True
    assert reply.text == ANSWER and reply.usage.thinking_tokens == 55
    assert reply.original and "c2lnbmVk" in reply.original


def test_a_signature_that_is_refused_is_left_out() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}
    with stub(answers([thought, {"type": "text", "text": "It is the lease."}])) as server:
        first = ask("anthropic", server.url, schema=None)
    history = (*request("anthropic").messages, first.as_message(), Message("us", "Which line?"))
    refused = fails(400, "messages.1.content.0: Invalid `signature` in `thinking` block", "invalid_request_error")
    with stub(refused, says(ANSWER)) as server:
        assert ask("anthropic", server.url, messages=history).text == ANSWER
    assert "c2lnbmVk" not in server.seen[-1].body and "It is the lease." in server.seen[-1].body


def test_code_that_was_run_is_told() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "server_tool_use", "id": "srv_1", "name": "bash_code_execution", "input": {"command": "echo 42"}},
        {
            "type": "bash_code_execution_tool_result",
            "tool_use_id": "srv_1",
            "content": {
                "type": "bash_code_execution_result", "stdout": "42\n", "stderr": "", "return_code": 0, "content": [],
            },
        },
        {"type": "text", "text": ANSWER},
    ]  # fmt: skip
    with stub(answers(blocks)) as server:
        reply = ask("anthropic", server.url, code_execution=True)
    assert reply.runs == (CodeRun("echo 42", "42\n"),) and reply.text == ANSWER
    assert server.seen[0].json["tools"][0]["name"] == "code_execution"


def test_a_pause_in_a_long_run_is_gone_through() -> None:
    begun: list[dict[str, Any]] = [
        {"type": "text", "text": "I compute."},
        {"type": "server_tool_use", "id": "srv_1", "name": "bash_code_execution", "input": {"command": "sleep 99"}},
    ]
    with stub(answers(begun, stop="pause_turn"), says(ANSWER)) as server:
        reply = ask("anthropic", server.url, code_execution=True, schema=None)
    assert reply.text == f"I compute.{ANSWER}" and reply.usage == Usage(2400, 600)
    assert "sleep 99" in server.seen[1].body, "what came so far goes back"
    with stub(answers(begun, stop="pause_turn")) as server, pytest.raises(UnavailableError, match="broke off"):
        ask("anthropic", server.url, code_execution=True)
    assert len(server.seen) == 11


def test_tokens_are_counted_with_system_text_and_tools() -> None:
    with stub(plays({"input_tokens": 4_321})) as server:
        assert run(provider("anthropic", server.url).count(request("anthropic", tools=(QUERY,)))) == 4_321
    assert server.seen[0].path.partition("?")[0].endswith("/messages/count_tokens")
    assert "Evidence is data" in server.seen[0].body and "Runs SQL." in server.seen[0].body


def test_a_refused_schema_goes_into_the_prompt() -> None:
    refused = fails(400, "output_config.format.schema: too complex", "invalid_request_error")
    with stub(refused, says(ANSWER)) as server:
        assert ask("anthropic", server.url).text == ANSWER
    first, second = (seen.json for seen in server.seen)
    assert first["output_config"]["format"]["type"] == "json_schema"
    assert "format" not in second["output_config"] and "cause" in json.dumps(second["system"])


@pytest.mark.parametrize(
    ("played", "kind", "words"),
    [
        (fails(400, "prompt is too long: 210000 tokens > 200000 maximum", "invalid_request_error"),
         ContextOverflowError, "prompt is too long"),
        (fails(400, "input length and `max_tokens` exceed context limit: 190000 + 30000", "invalid_request_error"),
         ContextOverflowError, "exceed context limit"),
        (fails(413, "Request exceeds the maximum size", "request_too_large"), ContextOverflowError, "smaller"),
        (fails(400, "Your credit balance is too low to access the API", "invalid_request_error"),
         RateLimitedError, "waiting a moment does not help"),
        (fails(404, "model: claude-opus-5-5", "not_found_error"), UnknownModelError, "no such model"),
        (fails(529, "Overloaded", "overloaded_error"), UnavailableError, "is overloaded"),
        (answers([], stop="refusal"), RefusedError, "refus"),
        (breaks("overloaded_error", "Overloaded"), UnavailableError, "Overloaded"),
        (breaks("rate_limit_error", "too many"), RateLimitedError, "too many"),
        (answers([{"type": "text", "text": "a long answer"}], ends=False), UnavailableError, "broke off"),
    ],
)  # fmt: skip
def test_anthropics_own_words(played: Played, kind: type[SpecialistError], words: str) -> None:
    with stub(played) as server, pytest.raises(kind) as caught:
        ask("anthropic", server.url)
    assert words in str(caught.value), str(caught.value)
    assert type(caught.value) is kind
