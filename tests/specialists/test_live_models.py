"""Asking every provider which ids live: at once, each within its time, and one that fails does not fail the others."""

from __future__ import annotations

import threading
import time

import pytest

from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import OwnModels, Server, Settings
from deep_code_reasoning.specialists.catalogue import models
from deep_code_reasoning.specialists.live_models import Heard, check_models
from specialists.stubs import anthropic, gemini, openai
from specialists.stubs.server import plays, slowly, stub

KEY = "sk-test-0123456789"
GOOGLE = plays({"models": [{"name": f"models/{m.id}"} for m in models() if m.provider == "google"]})


def settings(**more: object) -> Settings:
    return Settings(keys=dict.fromkeys(("google", "openai", "anthropic"), KEY), **more)  # ty: ignore[invalid-argument-type]


def by_provider(heard: list[Heard]) -> dict[str, Heard]:
    return {row.provider: row for row in heard}


def test_gone_and_new_ids_are_told_and_a_snapshot_stands_for_its_id() -> None:
    listed = openai.lists("gpt-6.1-sol-2026-10-01", "gpt-6-astra", "gpt-7-nova", "gpt-6.1-terra-latest")
    claude = anthropic.lists(*(m.id for m in models() if m.provider == "anthropic"))
    with stub(GOOGLE) as google, stub(listed) as gpt, stub(claude) as messages:
        heard = by_provider(
            check_models(
                settings(google_base_url=google.url, openai_base_url=f"{gpt.url}/v1", anthropic_base_url=messages.url),
                Work(),
            )
        )
    assert (heard["google"].gone, heard["google"].new) == ((), ())
    assert (heard["anthropic"].gone, heard["anthropic"].new) == ((), ())
    assert (heard["openai"].gone, heard["openai"].new) == (("gpt-6-luna",), ("gpt-7-nova",))
    assert heard["openai"].state == "answered" and len(heard["openai"].live) == 4
    assert heard["openrouter"] == Heard("openrouter", "not asked", "no key: set OPENROUTER_API_KEY")


def test_they_are_asked_at_once_and_progress_is_told() -> None:
    told: list[Progress] = []
    with stub(slowly(GOOGLE, 2)) as google, stub(slowly(openai.lists("x"), 2)) as gpt:
        both = Settings(keys={"google": KEY, "openai": KEY}, google_base_url=google.url, openai_base_url=gpt.url)
        check_models(both, Work(told.append))
    assert abs(google.arrived_at - gpt.arrived_at) < 2, "each takes two seconds to answer"
    assert [(p.done, p.total) for p in told] == [(0, 2), (1, 2), (2, 2)]


def test_one_that_fails_or_is_slow_does_not_fail_the_others() -> None:
    refused = gemini.fails(403, f"Key {KEY} is blocked", "PERMISSION_DENIED")
    with stub(refused) as google, stub(slowly(openai.lists("x"))) as gpt, stub(anthropic.lists("claude-9")) as claude:
        asked = settings(google_base_url=google.url, openai_base_url=gpt.url, anthropic_base_url=claude.url)
        heard = by_provider(check_models(asked, Work(), seconds=1))
        assert time.monotonic() - gpt.arrived_at < 15, "the answer, 20 s away, is not waited for"
    assert heard["google"].state == "failed" and "is blocked" in heard["google"].why
    assert KEY not in heard["google"].why
    assert heard["openai"].why == "no answer within 1 s"
    assert heard["anthropic"].new == ("claude-9",)
    assert heard["google"].gone == (), "of a provider that did not answer nothing is known"


def test_servers_of_ones_own_and_ollama_where_it_is_named() -> None:
    with stub(openai.lists("qwen3:8b")) as server:
        own = OwnModels(
            provider=[Server("lab", f"{server.url}/v1")],
            model=[{"id": "qwen3:8b", "provider": "lab"}, {"id": "gone-7b", "provider": "lab"}],
        )
        heard = by_provider(check_models(Settings(own_models=own, ollama_host=server.url), Work()))
    assert (heard["lab"].gone, heard["lab"].new) == (("gone-7b",), ())
    assert heard["ollama"].new == ("qwen3:8b",)
    quiet = by_provider(check_models(Settings(), Work()))
    assert quiet["ollama"].why.startswith("OLLAMA_HOST is not set")


def test_it_can_be_taken_back() -> None:
    work = Work()
    with stub(slowly(GOOGLE)) as google:
        threading.Thread(target=lambda: (google.arrived.wait(60), work.cancel()), daemon=True).start()
        with pytest.raises(CancelledError):
            check_models(Settings(keys={"google": KEY}, google_base_url=google.url), work)
        assert google.left.wait(5)
        assert time.monotonic() - google.arrived_at < 18
