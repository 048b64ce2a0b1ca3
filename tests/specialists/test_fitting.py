"""Near the limit of a model's window its provider counts; elsewhere the estimate does."""

from __future__ import annotations

import json

import pytest

from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.errors import ContextOverflowError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.catalogue import Model
from deep_code_reasoning.specialists.fitting import check_fits
from deep_code_reasoning.specialists.port import Message, Request
from deep_code_reasoning.specialists.providers.gemini import Gemini
from specialists.stubs.gemini import fails
from specialists.stubs.server import Played, Stub
from specialists.stubs.server import stub as gemini_stub

TEXT = "the lease ran out\n" * 2_000
REQUEST = Request("gemini-4-argon", "be brief", (Message("us", TEXT),), {}, "analysis", 1_000, "low")
ESTIMATE = count_tokens("be brief") + count_tokens(TEXT) + 1_000


def counts(tokens: int) -> Played:
    return Played(body=json.dumps({"totalTokens": tokens}).encode(), headers={"content-type": "application/json"})


def check(stub: Stub, window: int) -> None:
    model = Model("gemini-4-argon", "google", context_window=window)
    check_fits(model, REQUEST, Gemini("test-key-0123456789", stub.url), Work())


def test_near_the_limit_the_provider_decides() -> None:
    with gemini_stub(counts(ESTIMATE - 1_100)) as stub:
        check(stub, ESTIMATE - 100)
    assert stub.seen[0].path.endswith("gemini-4-argon:countTokens")
    assert "be brief" in stub.seen[0].body and "the lease ran out" in stub.seen[0].body
    with (
        gemini_stub(counts(ESTIMATE)) as stub,
        pytest.raises(ContextOverflowError, match=f"take {ESTIMATE + 1_000:,} tokens"),
    ):
        check(stub, ESTIMATE + 100)


@pytest.mark.parametrize("played", [fails(503, "busy", "UNAVAILABLE"), Played(body=b"no json")])
def test_the_estimate_stands_where_the_provider_does_not_count(played: Played) -> None:
    with gemini_stub(played) as stub, pytest.raises(ContextOverflowError, match=f"take about {ESTIMATE:,} tokens"):
        check(stub, ESTIMATE - 10)
    with gemini_stub(played) as stub:
        check(stub, ESTIMATE + 10)


def test_far_from_the_limit_nothing_is_asked() -> None:
    with gemini_stub(counts(0)) as stub:
        check(stub, ESTIMATE * 2)
        check(stub, 0)
        with pytest.raises(ContextOverflowError, match="about"):
            check(stub, ESTIMATE // 2)
    assert stub.seen == []
