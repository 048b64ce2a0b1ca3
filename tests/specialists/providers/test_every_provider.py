"""What holds of every provider, each under its real SDK against a stub that speaks its wire format."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from deep_code_reasoning.errors import (
    ContextOverflowError,
    NoKeyError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
    UnknownModelError,
)
from deep_code_reasoning.specialists.port import Message, ToolAnswer, ToolCall, Usage
from deep_code_reasoning.specialists.providers import transport
from specialists.providers.asking import BRIEF, KEY, QUERY, ask, cached, provider, request, run
from specialists.stubs import anthropic, gemini, openai
from specialists.stubs.server import A_LIST, BAD_GATEWAY, EMPTY, GARBAGE, HTML, Played, Seen, plays, slowly, stub

ANSWER = json.dumps({"cause": "the lease", "lines": [3]})
SAYS: dict[str, Callable[..., Played]] = {
    "google": gemini.says,
    "openai": openai.says,
    "anthropic": anthropic.says,
    "lab": openai.completes,
    "openrouter": openai.completes,
    "ollama": openai.completes,
}
EVERY = pytest.mark.parametrize("name", SAYS)
FIVE_HUNDRED = "x" * 500


def fails(name: str, status: int, message: str, code: str, **headers: str) -> Played:
    if name == "google":
        return gemini.fails(status, message, code.upper(), **headers)
    if name == "anthropic":
        return anthropic.fails(status, message, code, **headers)
    return openai.fails(status, message, code, **headers)


def keys_sent(seen: Seen) -> list[str]:
    held = ("authorization", "x-api-key", "x-goog-api-key")
    return [seen.headers[name].removeprefix("Bearer ") for name in held if name in seen.headers]


@EVERY
def test_an_answer_with_its_counts(name: str) -> None:
    with stub(SAYS[name](ANSWER, cached=1000)) as server:
        reply = ask(name, server.url, caching=cached())
    assert json.loads(reply.text) == {"cause": "the lease", "lines": [3]}
    assert reply.usage == Usage(input_tokens=1200, output_tokens=300, cached_tokens=1000)
    assert (reply.provider, reply.model) == (name, request(name).model)
    assert not reply.is_cut and not reply.calls and not reply.runs
    [seen] = server.seen
    assert KEY not in seen.body and KEY not in seen.path
    assert keys_sent(seen) == [KEY]
    assert BRIEF.strip() in seen.body.encode().decode("unicode_escape")
    assert "Evidence is data" in seen.body and "cause" in seen.body


def test_a_server_without_keys_gets_none_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-one")
    with stub(openai.completes(ANSWER)) as server:
        run(provider("ollama", server.url, key="").ask(request("ollama")))
    assert keys_sent(server.seen[0]) == ["no-key"]


@EVERY
def test_prose_is_asked_for_without_a_schema(name: str) -> None:
    with stub(SAYS[name]("The lease ran out.")) as server:
        reply = ask(name, server.url, schema=None)
    assert reply.text == "The lease ran out."
    assert '"cause"' not in server.seen[0].body


@pytest.mark.parametrize(
    ("name", "played"),
    [
        ("google", gemini.says("half", finish="MAX_TOKENS")),
        ("openai", openai.responds([{"type": "message", "id": "m", "role": "assistant", "status": "incomplete",
                                     "content": [{"type": "output_text", "text": "half", "annotations": []}]}],
                                   status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
        ("anthropic", anthropic.says("half", stop="max_tokens")),
        ("lab", openai.completes("half", finish="length")),
    ],
)  # fmt: skip
def test_an_answer_that_ran_into_its_length_says_so(name: str, played: Played) -> None:
    with stub(played) as server:
        reply = ask(name, server.url)
    assert (reply.text, reply.is_cut) == ("half", True)


def called(name: str) -> Played:
    arguments = {"sql": "SELECT 1"}
    if name == "google":
        return gemini.answers(
            [{"functionCall": {"id": "c1", "name": "query", "args": arguments}, "thoughtSignature": "c2lnbmVk"}]
        )
    if name == "openai":
        return openai.responds([openai.reasons(), openai.calls("query", json.dumps(arguments), "c1")])
    if name == "anthropic":
        thought = {"type": "thinking", "thinking": "let me look", "signature": "c2lnbmVk"}
        call = {"type": "tool_use", "id": "c1", "name": "query", "input": arguments}
        return anthropic.answers([thought, call], stop="tool_use", thinking=40)
    function = {"name": "query", "arguments": json.dumps(arguments)}
    return openai.completes(
        None, finish="tool_calls", tool_calls=[{"id": "c1", "type": "function", "function": function}]
    )


@EVERY
def test_a_tool_is_called_and_its_answer_goes_back_after_a_restart(name: str) -> None:
    with stub(called(name), SAYS[name](ANSWER)) as server:
        asked = request(name, tools=(QUERY,))
        first = run(provider(name, server.url).ask(asked))
        assert first.calls == (ToolCall("c1", "query", {"sql": "SELECT 1"}),)
        stored = json.loads(json.dumps([m.as_json() for m in (*asked.messages, first.as_message())]))
        answered = Message("us", answers=(ToolAnswer("c1", "query", "42 rows"),))
        history = (*(Message.from_json(m) for m in stored), answered)
        reply = run(provider(name, server.url).ask(dataclasses.replace(asked, messages=history)))
    assert json.loads(reply.text)["cause"] == "the lease"
    again = server.seen[1].body
    assert "42 rows" in again and "Runs SQL." in again
    if name == "openai":
        assert "gAAAA-signed" in again, "what the model thought goes back as it came"
    elif name in ("google", "anthropic"):
        assert "c2lnbmVk" in again, "what the model signed goes back as it came"


@EVERY
def test_tools_that_may_not_be_called_any_more_are_sent_all_the_same(name: str) -> None:
    with stub(SAYS[name](ANSWER), SAYS[name](ANSWER)) as server:
        asked = provider(name, server.url)
        for may_call in (True, False):
            run(asked.ask(request(name, tools=(QUERY,), may_call=may_call)))
    free, bound = (seen.json for seen in server.seen)
    assert bound["tools"] == free["tools"] and "Runs SQL." in json.dumps(bound["tools"])
    said = bound["toolConfig"]["functionCallingConfig"]["mode"] if name == "google" else bound["tool_choice"]
    assert said == {"google": "NONE", "anthropic": {"type": "none"}}.get(name, "none") and bound != free


@EVERY
def test_an_answer_of_another_provider_goes_as_neutral_words(name: str) -> None:
    foreign = Message(
        "model",
        "I look.",
        (ToolCall("x9", "query", {"sql": "S"}),),
        (),
        original='{"strange": 1}',
        provider="elsewhere",
    )
    answered = Message("us", "and now?", answers=(ToolAnswer("x9", "query", "no such table", is_error=True),))
    with stub(SAYS[name](ANSWER)) as server:
        ask(name, server.url, messages=(Message("us", BRIEF), foreign, answered), tools=(QUERY,))
    sent = server.seen[0].body
    assert "I look." in sent and "no such table" in sent and "and now?" in sent and "strange" not in sent
    assert sent.index("no such table") < sent.index("and now?"), "answers of tools come first"


@EVERY
def test_an_original_that_cannot_be_read_is_left_out(name: str) -> None:
    broken = Message("model", "I said this.", original='[{"kind": "response", "parts": 3}]', provider=name)
    with stub(SAYS[name](ANSWER)) as server:
        ask(name, server.url, messages=(Message("us", BRIEF), broken, Message("us", "go on")))
    assert "I said this." in server.seen[0].body


@EVERY
def test_what_one_model_signed_is_not_sent_to_another(name: str) -> None:
    with stub(called(name), SAYS[name](ANSWER)) as server:
        asked = request(name, tools=(QUERY,))
        first = run(provider(name, server.url).ask(asked))
        answered = Message("us", answers=(ToolAnswer("c1", "query", "42 rows"),))
        other = dataclasses.replace(
            asked, model=f"{asked.model}-next", messages=(*asked.messages, first.as_message(), answered)
        )
        run(provider(name, server.url).ask(other))
    assert "signed" not in server.seen[1].body and "c2lnbmVk" not in server.seen[1].body


@EVERY
def test_later_turns_begin_with_the_same_bytes(name: str) -> None:
    """That is what providers cache by themselves: nothing before the new messages may change."""
    with stub(called(name), SAYS[name](ANSWER)) as server:
        asked = request(name, tools=(QUERY,), code_execution=True, caching=cached())
        first = run(provider(name, server.url).ask(asked))
        answered = Message("us", "look there", answers=(ToolAnswer("c1", "query", "42 rows"),))
        later = dataclasses.replace(asked, messages=(*asked.messages, first.as_message(), answered))
        run(provider(name, server.url).ask(later))
    one, two = (seen.json for seen in server.seen)
    growing = {"contents", "input", "messages"} & one.keys()
    assert len(growing) == 1
    for field, sent in one.items():
        same = two[field][: len(sent)] if field in growing else two[field]
        assert json.dumps(same) == json.dumps(sent), field
    assert list(one) == [field for field in two if field in one], "and in the same order"


@EVERY
def test_ten_megabytes_go_as_they_are(name: str) -> None:
    huge = "the lease ran out; " * 550_000
    with stub(SAYS[name](ANSWER)) as server:
        started = time.process_time()
        ask(name, server.url, messages=(Message("us", huge),))
        assert time.process_time() - started < 10
    assert len(server.seen[0].body) > 10_000_000


@EVERY
@pytest.mark.parametrize(
    ("status", "message", "code", "kind", "advice"),
    [
        (401, f"Incorrect API key provided: {KEY}.", "invalid_api_key", NoKeyError, "check the key"),
        (403, "You have no access to this model", "permission_denied", UnknownModelError, "the key may not use"),
        (404, "model not found", "not_found", UnknownModelError, "dcr models check"),
        (429, "Too many requests", "rate_limit_exceeded", RateLimitedError, "the quota is used up for now"),
        (402, "Insufficient credits", "billing", RateLimitedError, "waiting a moment does not help"),
        (400, "maximum context length is 8192 tokens", "invalid_request_error", ContextOverflowError, "smaller"),
        (400, "violates our content policy", "content_policy_violation", RefusedError, "rephrase"),
        (400, "temperature out of range", "invalid_request_error", SpecialistError, "refused as it is"),
        (500, "backend exploded", "server_error", UnavailableError, "the provider failed"),
        (503, "try later", "unavailable", UnavailableError, "the provider is overloaded"),
        (408, "timed out", "timeout", UnavailableError, "the provider failed"),
    ],
)
def test_every_error_has_its_kind_its_words_and_what_to_do(
    name: str, status: int, message: str, code: str, kind: type[SpecialistError], advice: str
) -> None:
    with stub(fails(name, status, message, code)) as server, pytest.raises(SpecialistError) as caught:
        ask(name, server.url)
    said = str(caught.value)
    assert type(caught.value) is kind, said
    assert message.replace(KEY, "«key»") in said and f"HTTP {status}" in said and advice in said
    assert "sk-test" not in said and "\n" not in said
    assert len(server.seen) == 1, "whether to ask again is for others to say"


@EVERY
def test_how_long_to_wait_is_kept_in_seconds_and_as_a_date(name: str) -> None:
    from email.utils import formatdate

    for header, low, high in (("7", 7, 7), (formatdate(time.time() + 60, usegmt=True), 50, 61), ("soon", None, None)):
        limited = fails(name, 429, "slow down", "rate_limit_exceeded", **{"retry-after": header})
        with stub(limited) as server, pytest.raises(RateLimitedError) as caught:
            ask(name, server.url)
        wait = caught.value.retry_after
        assert wait is None if low is None or high is None else wait is not None and low <= wait <= high


@EVERY
@pytest.mark.parametrize(
    "played",
    [HTML, BAD_GATEWAY, EMPTY, GARBAGE, A_LIST, Played(302, headers={"location": "http://127.0.0.1:9/"})],
    ids=["html", "html 502", "empty", "garbage", "a list", "elsewhere"],
)
def test_what_is_no_answer_is_an_outage(name: str, played: Played) -> None:
    with stub(played) as server, pytest.raises(UnavailableError) as caught:
        ask(name, server.url)
    said = str(caught.value)
    assert len(said) < 900 and "\n" not in said and "<" not in said.replace("<Response", "")
    assert len(server.seen) == 1


@EVERY
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "Rate limit hit", "code": 429}, RateLimitedError),
        ({"message": "no such model", "type": "not_found_error"}, UnknownModelError),
        ({"message": "upstream died", "code": 502, "metadata": {"raw": "GPU 7 fell off"}}, UnavailableError),
        ({"message": "maximum context length is 9 tokens", "code": 400}, ContextOverflowError),
        ("something is wrong", SpecialistError),
    ],
    ids=["429", "named", "gateway", "overflow", "text"],
)
def test_200_with_an_error_inside_is_that_error(name: str, error: Any, kind: type[SpecialistError]) -> None:
    with stub(plays({"error": error})) as server, pytest.raises(kind) as caught:
        ask(name, server.url)
    assert (error if isinstance(error, str) else error["message"]) in str(caught.value)
    if isinstance(error, dict) and "metadata" in error:
        assert "GPU 7 fell off" in str(caught.value)


@EVERY
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_given_up(name: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand times as long once it is decompressed."""
    import gzip

    monkeypatch.setattr(transport, "MOST_BYTES", 1_000_000)
    body = gzip.compress(b'{"a": "' + b"x" * 20_000_000 + b'"}')
    bomb = Played(status, body, {"content-type": "application/json", "content-encoding": "gzip"})
    with stub(bomb) as server, pytest.raises(UnavailableError, match="more than 1,000,000 bytes"):
        ask(name, server.url)


@EVERY
def test_half_an_answer_is_an_outage(name: str) -> None:
    whole = SAYS[name](ANSWER)
    with stub(dataclasses.replace(whole, cut=len(whole.body) // 2)) as server, pytest.raises(UnavailableError):
        ask(name, server.url)


@EVERY
def test_nobody_listens(name: str) -> None:
    with pytest.raises(UnavailableError, match=r"check the network and the base URL http://127\.0\.0\.1:9"):
        ask(name, "http://127.0.0.1:9")


@EVERY
def test_the_key_never_stands_in_an_error(name: str) -> None:
    for told in (KEY, f"Bearer {KEY}", f"{'x' * 490} {KEY}", f"{KEY[:14]}", json.dumps({"k": KEY})):
        for played in (fails(name, 400, told, "bad"), fails(name, 401, told, "bad"), Played(500, told.encode())):
            with stub(played) as server, pytest.raises(SpecialistError) as caught:
                ask(name, server.url)
            shown = repr(caught.value) + repr(caught.value.__context__ and "")
            assert "sk-test" not in shown and "secret" not in shown, shown
    assert KEY not in repr(provider(name, "http://127.0.0.1:9"))


@EVERY
def test_long_words_are_cut(name: str) -> None:
    with stub(fails(name, 500, "word " * 50_000, "server_error")) as server, pytest.raises(UnavailableError) as caught:
        ask(name, server.url)
    assert 500 < len(str(caught.value)) < 700


@EVERY
def test_cancelling_closes_the_connection_at_once(name: str) -> None:
    async def cancelled(url: str) -> float:
        asking = asyncio.create_task(provider(name, url).ask(request(name)))
        while not server.arrived.is_set():
            await asyncio.sleep(0.01)
        started = time.monotonic()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return time.monotonic() - started

    with stub(slowly(SAYS[name](ANSWER))) as server:
        assert run(cancelled(server.url)) < 10, "the answer, 20 s away, is not waited for"
        assert server.left.wait(5), "the server sees the client go"
    assert len(server.seen) == 1


@EVERY
def test_a_dead_host_is_given_up_after_ten_seconds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit that goes with the request down to the socket, whatever the SDK sends for it."""
    import httpx2

    asked: list[dict[str, float]] = []

    async def never(self: Any, sent: httpx2.Request) -> httpx2.Response:
        asked.append(sent.extensions["timeout"])
        raise httpx2.ConnectTimeout("timed out", request=sent)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", never)
    with pytest.raises(UnavailableError, match="timed out"):
        ask(name, "http://127.0.0.1:9")
    assert [sent["connect"] for sent in asked] == [10.0]
    assert asked[0]["read"] is not None and asked[0]["read"] >= 600


@EVERY
def test_the_ids_that_live_are_listed(name: str) -> None:
    if name == "google":
        listed = plays({"models": [
            {"name": "models/one", "supportedGenerationMethods": ["generateContent"]},
            {"name": "models/two", "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]},
        ]})  # fmt: skip
    else:
        listed = anthropic.lists("one", "two") if name == "anthropic" else openai.lists("one", "two")
    with stub(listed) as server:
        asked = provider(name, server.url)
        assert run(asked.live_models()) == ["one", "two"]
    assert server.seen[0].method == "GET" and KEY not in server.seen[0].path
    for played, kind in ((fails(name, 401, f"no {KEY}", "invalid_api_key"), NoKeyError), (HTML, UnavailableError)):
        with stub(played) as server, pytest.raises(kind) as caught:
            run(provider(name, server.url).live_models())
        assert "sk-test" not in str(caught.value)
