"""What only Gemini does: code in Google's sandbox, explicit caches, its own words for what went wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from deep_code_reasoning.errors import (
    ContextOverflowError,
    NoKeyError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
)
from deep_code_reasoning.specialists.port import Caches, CodeRun, Message
from specialists.providers.asking import BRIEF, QUERY, ask, cached, provider, request, run
from specialists.stubs.gemini import answers, blocked, cache, fails, says
from specialists.stubs.server import Played, plays, stub

ANSWER = json.dumps({"cause": "the lease"})
EXPIRES = "2026-11-21T22:00:00Z"


def test_code_that_was_run_is_told_and_the_answer_is_what_came_after_it() -> None:
    parts: list[dict[str, Any]] = [
        {"text": "thinking aloud", "thought": True},
        {"text": "Let me compute."},
        {"executableCode": {"language": "PYTHON", "code": "print(6 * 7)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}},
        {"executableCode": {"language": "PYTHON", "code": "1 / 0"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError"}},
        {"text": ANSWER},
    ]
    with stub(answers(parts), says(ANSWER)) as server:
        asked = request("google", code_execution=True, tools=(QUERY,))
        reply = run(provider("google", server.url).ask(asked))
        more = (*asked.messages, reply.as_message(), Message("us", "go on"))
        run(provider("google", server.url).ask(request("google", code_execution=True, messages=more)))
    assert reply.text == ANSWER
    assert reply.runs == (
        CodeRun("print(6 * 7)", "42\n"),
        CodeRun("1 / 0", "ZeroDivisionError\nOUTCOME_FAILED"),
    )
    assert {"codeExecution": {}} in server.seen[0].json["tools"]
    assert "functionDeclarations" in json.dumps(server.seen[0].json["tools"])
    assert "print(6 * 7)" in server.seen[1].body and "ZeroDivisionError" in server.seen[1].body


def test_before_gemini_3_there_is_one_kind_of_tool_at_a_time() -> None:
    with stub(says(ANSWER)) as server:
        ask("google", server.url, model="gemini-2.5-pro", code_execution=True, tools=(QUERY,))
        ask("google", server.url, model="gemini-2.5-pro", code_execution=True, schema=None)
    both, alone = (seen.json for seen in server.seen)
    assert "codeExecution" not in json.dumps(both["tools"]) and "functionDeclarations" in json.dumps(both["tools"])
    assert "responseJsonSchema" not in both["generationConfig"] and "cause" in json.dumps(both["systemInstruction"])
    assert alone["tools"] == [{"codeExecution": {}}]


@pytest.mark.parametrize(("effort", "level"), [("low", "LOW"), ("medium", "MEDIUM"), ("high", "HIGH")])
def test_effort_is_a_thinking_level(effort: str, level: str) -> None:
    with stub(says(ANSWER, thinking=70)) as server:
        reply = ask("google", server.url, effort=effort)
    assert server.seen[0].json["generationConfig"]["thinkingConfig"]["thinking_level"] == level
    assert (reply.usage.thinking_tokens, reply.usage.output_tokens) == (70, 370)


def test_a_cache_holds_the_prefix_and_later_requests_leave_it_out() -> None:
    with stub(cache("cachedContents/abc", 900, EXPIRES), says(ANSWER, cached=900)) as server:
        asked = provider("google", server.url)
        assert isinstance(asked, Caches)
        first = request("google", tools=(QUERY,), code_execution=True, caching=cached())
        handle = run(asked.open_cache(first, 600))
        assert handle is not None
        assert (handle.name, handle.tokens, handle.expires_at_unix) == ("cachedContents/abc", 900, 1_795_298_400)
        more = (*first.messages, Message("model", "It is the lease."), Message("us", "Which line?"))
        reply = run(asked.ask(request("google", tools=(QUERY,), messages=more, caching=cached(handle=handle.name))))
    made, used = (seen.json for seen in server.seen)
    assert (server.seen[0].method, server.seen[0].path.rpartition("/")[2]) == ("POST", "cachedContents")
    assert made["ttl"] == "600s" and made["model"] == "models/gemini-4-argon"
    assert BRIEF in json.dumps(made["contents"]) and "Evidence is data" in json.dumps(made["systemInstruction"])
    assert "Runs SQL." in json.dumps(made["tools"]) and "codeExecution" in json.dumps(made["tools"])
    assert used["cachedContent"] == "cachedContents/abc"
    assert not used.keys() & {"systemInstruction", "tools", "toolConfig"}, "the API refuses them beside a cache"
    assert "BRIEF" not in json.dumps(used) and "Which line?" in json.dumps(used)
    assert "responseJsonSchema" in used["generationConfig"]
    assert reply.usage.cached_tokens == 900


def test_what_a_cache_holds_is_what_a_request_would_have_sent() -> None:
    asked = request("google", tools=(QUERY,), code_execution=True)
    with stub(cache("cachedContents/abc", 900, EXPIRES), says(ANSWER)) as server:
        run(provider("google", server.url).open_cache(asked, 60))
        run(provider("google", server.url).ask(asked))
    made, sent = (seen.json for seen in server.seen)
    for name in ("contents", "systemInstruction", "tools", "toolConfig"):
        assert _alike(made[name]) == _alike(sent[name])


def _alike(value: Any) -> list[str]:
    """One spelling of both requests: the SDK writes a cache's tools in another case and order."""
    parts = value if isinstance(value, list) else [value]
    return sorted(json.dumps(part, sort_keys=True).replace("_", "").lower() for part in parts)


def test_a_cache_that_has_expired_costs_nothing_but_the_prefix() -> None:
    gone = fails(403, "CachedContent not found (or permission denied)", "PERMISSION_DENIED")
    with stub(gone, says(ANSWER)) as server:
        reply = ask("google", server.url, caching=cached(handle="cachedContents/old"))
    assert reply.text == ANSWER
    assert BRIEF in json.dumps(server.seen[1].json["contents"]) and "cachedContent" not in server.seen[1].json


def test_a_prefix_too_short_to_be_cached_is_no_error() -> None:
    small = fails(
        400, "Cached content is too small. total_token_count=90, min_total_token_count=4096", "INVALID_ARGUMENT"
    )
    with stub(small) as server:
        assert run(provider("google", server.url).open_cache(request("google"), 60)) is None
    with stub(fails(400, "bad ttl", "INVALID_ARGUMENT")) as server, pytest.raises(SpecialistError, match="bad ttl"):
        run(provider("google", server.url).open_cache(request("google"), 60))


def test_a_cache_is_kept_alive_and_deleted() -> None:
    with stub(cache("cachedContents/abc", 900, EXPIRES), plays({})) as server:
        asked = provider("google", server.url)
        assert run(asked.extend_cache("cachedContents/abc", 1200.2)).expires_at_unix == 1_795_298_400
        run(asked.close_cache("cachedContents/abc"))
    extended, deleted = server.seen
    assert (extended.method, extended.json["ttl"]) == ("PATCH", "1201s")
    assert extended.path.endswith("cachedContents/abc")
    assert deleted.method == "DELETE" and deleted.path.endswith("cachedContents/abc")


@pytest.mark.parametrize("status", [403, 404])
def test_deleting_a_cache_that_is_gone_is_no_error(status: int) -> None:
    with stub(fails(status, "CachedContent not found", "NOT_FOUND")) as server:
        run(provider("google", server.url).close_cache("cachedContents/abc"))
    assert len(server.seen) == 1


def test_errors_of_caches_are_ours() -> None:
    with stub(fails(500, "oh no", "INTERNAL")) as server:
        for call in ("open_cache", "extend_cache"):
            first = request("google") if call == "open_cache" else "cachedContents/abc"
            with pytest.raises(UnavailableError, match="HTTP 500: oh no"):
                run(getattr(provider("google", server.url), call)(first, 60))
        with pytest.raises(UnavailableError, match="HTTP 500"):
            run(provider("google", server.url).close_cache("cachedContents/abc"))
    assert len(server.seen) == 3, "none of them is tried again"


INFO = "type.googleapis.com/google.rpc."
DAILY = {"@type": f"{INFO}QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}


@pytest.mark.parametrize(
    ("played", "kind", "words", "wait"),
    [
        (
            fails(400, "The input token count (1300000) exceeds the maximum allowed", "INVALID_ARGUMENT"),
            ContextOverflowError, "1300000", None,
        ),
        (
            fails(400, "Not valid.", "INVALID_ARGUMENT", {"@type": f"{INFO}ErrorInfo", "reason": "API_KEY_INVALID"}),
            NoKeyError, "check the key (GEMINI_API_KEY or GOOGLE_API_KEY)", None,
        ),
        (
            fails(429, "Quota exceeded", "RESOURCE_EXHAUSTED", {"@type": f"{INFO}RetryInfo", "retryDelay": "14s"}),
            RateLimitedError, "Quota exceeded", 14,
        ),
        (fails(429, "Quota exceeded", "RESOURCE_EXHAUSTED", DAILY), RateLimitedError, "name another model", None),
        (blocked("PROHIBITED_CONTENT"), RefusedError, "PROHIBITED_CONTENT", None),
        (says("", finish="SAFETY"), RefusedError, "SAFETY", None),
        (says("", finish="RECITATION"), RefusedError, "RECITATION", None),
        (says("", finish="MALFORMED_FUNCTION_CALL"), UnavailableError, "MALFORMED_FUNCTION_CALL", None),
    ],
)  # fmt: skip
def test_googles_own_words(played: Played, kind: type[SpecialistError], words: str, wait: float | None) -> None:
    with stub(played) as server, pytest.raises(kind) as caught:
        ask("google", server.url)
    assert words in str(caught.value)
    assert getattr(caught.value, "retry_after", None) == wait


def test_tokens_are_counted_with_the_system_text() -> None:
    with stub(plays({"totalTokens": 4_321})) as server:
        started = time.monotonic()
        assert run(provider("google", server.url).count(request("google"))) == 4_321
        assert time.monotonic() - started < 10
    assert server.seen[0].path.endswith(":countTokens")
    assert "Evidence is data" in server.seen[0].body and "THE BRIEF" in server.seen[0].body
