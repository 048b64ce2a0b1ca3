"""Servers that speak chat completions differ: in what they take of a schema, and how they word an overflow."""

from __future__ import annotations

import json

import pytest

from deep_code_reasoning.errors import ContextOverflowError, RefusedError, SpecialistError, UnavailableError
from deep_code_reasoning.specialists.port import ToolCall
from specialists.providers.asking import BRIEF, QUERY, ask, cached, provider, request, run
from specialists.stubs.openai import completes, fails
from specialists.stubs.server import Played, plays, stub

ANSWER = json.dumps({"cause": "the lease", "lines": []})


def test_where_each_server_is_asked() -> None:
    with stub(completes(ANSWER)) as server:
        for name in ("lab", "ollama", "openrouter"):
            ask(name, server.url)
    assert [seen.path for seen in server.seen] == ["/v1/chat/completions"] * 2 + ["/api/v1/chat/completions"]
    assert [seen.json["max_tokens"] for seen in server.seen] == [30_000] * 3


@pytest.mark.parametrize(
    "words",
    [
        "'response_format.type' must be 'json_schema' or 'text'",
        "response_format is not supported by this model",
        "Failed to initialize grammar: failed to parse grammar",
        "Unsupported: structured outputs",
    ],
)
def test_a_server_without_schemas_is_asked_for_json_then_in_words(words: str) -> None:
    status = 500 if "grammar" in words else 400
    with stub(fails(status, words), fails(status, words), completes(ANSWER), completes(ANSWER)) as server:
        asked = provider("lab", server.url)
        assert run(asked.ask(request("lab"))).text == ANSWER
        assert run(asked.ask(request("lab"))).text == ANSWER
    forms = [(seen.json.get("response_format") or {}).get("type") for seen in server.seen]
    assert forms == ["json_schema", "json_object", None, None], "what was refused once is not asked again"
    assert '\\"cause\\"' in server.seen[-1].body and '\\"cause\\"' not in server.seen[0].body


def test_a_text_goes_as_text_also_with_caching() -> None:
    """Small servers do not read lists of parts."""
    with stub(completes(ANSWER)) as server:
        ask("lab", server.url, caching=cached())
    assert server.seen[0].json["messages"][-1] == {"role": "user", "content": BRIEF}


def test_openrouter_passes_breakpoints_on_to_anthropic() -> None:
    with stub(completes(ANSWER, cached=900)) as server:
        reply = ask("openrouter", server.url, model="anthropic/claude-opus-5.5", caching=cached())
    assert server.seen[0].body.count("cache_control") >= 2
    assert reply.usage.cached_tokens == 900


def test_arguments_that_are_no_json_are_told_as_they_came() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "query", "arguments": '{"sql": "SELECT'}}
    with stub(completes(None, finish="tool_calls", tool_calls=[call])) as server:
        reply = ask("lab", server.url, tools=(QUERY,))
    assert reply.calls == (ToolCall("c1", "query", {"INVALID_JSON": '{"sql": "SELECT'}),)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens", None),
        ("the request exceeds the available context size. try increasing it", "exceed_context_size_error"),
        ("This endpoint's maximum context length is 131072 tokens.", None),
        ("Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context "
         "length of only 4096 tokens", None),
        ("Please reduce the length of the messages or completion.", None),
    ],
    ids=["vllm", "llama.cpp", "openrouter", "lm studio", "groq"],
)  # fmt: skip
def test_an_overflow_in_the_words_of_each_server(words: str, code: str | None) -> None:
    with stub(fails(400, words, code)) as server, pytest.raises(ContextOverflowError, match="smaller token budget"):
        ask("lab", server.url)


@pytest.mark.parametrize(
    ("played", "kind", "words"),
    [
        (completes(None, refusal="I will not."), RefusedError, "I will not."),
        (completes("", finish="content_filter"), RefusedError, "content_filter"),
        (plays({"error": {"message": "flagged", "code": 403, "metadata": {"reasons": ["violence"]}}}, 403),
         RefusedError, "flagged"),
        (plays({"choices": []}), UnavailableError, "no usable answer"),
        (plays({"object": "chat.completion"}), UnavailableError, "no usable answer"),
        (fails(400, "library/gemma3 does not support tools"), SpecialistError, "does not support tools"),
        (Played(404, b"404 page not found", {"content-type": "text/plain"}), SpecialistError, "404 page not found"),
        (plays({"detail": "Not Found"}, 404), SpecialistError, "Not Found"),
    ],
)  # fmt: skip
def test_what_else_a_server_may_say(played: Played, kind: type[SpecialistError], words: str) -> None:
    with stub(played) as server, pytest.raises(kind) as caught:
        ask("lab", server.url)
    assert words in str(caught.value)


def test_a_server_that_tells_no_usage() -> None:
    body = json.loads(completes(ANSWER).body)
    del body["usage"]
    with stub(plays(body)) as server:
        reply = ask("lab", server.url)
    assert reply.text == ANSWER and reply.usage.input_tokens == 0
