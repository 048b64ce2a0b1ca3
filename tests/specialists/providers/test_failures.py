"""Whatever a provider says, an error is one line of ours, short, and without the key."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAIError
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError, UnexpectedModelBehavior, UserError

from deep_code_reasoning.errors import SpecialistError
from deep_code_reasoning.specialists.providers.failures import MOST_OF_A_MESSAGE, Asked, our_errors

KEY = "sk-live-0123456789abcdef"
ASKED = Asked("openai", "gpt-6.1-sol", KEY, "https://api.example.com", "set OPENAI_API_KEY", ("gpt-6.1-sol",))
WORDS = st.text(max_size=60) | st.just(KEY) | st.just(KEY[:12]) | st.just("<b>" + KEY + "</b>") | st.just("x" * 600)
SAID = st.lists(WORDS, min_size=1, max_size=5).map("".join)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | SAID,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "metadata", "raw", "details", "code", "reason"]), inner)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(BODIES, st.integers(400, 599), st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), SAID))
def test_any_body_with_any_status(body: object, status: int, headers: dict[str, str]) -> None:
    error = raised(ModelHTTPError(status, "m", body, headers=headers))
    said = str(error)
    assert said.startswith(f"gpt-6.1-sol: HTTP {status}: ") or "refused to answer" in said
    wait = getattr(error, "retry_after", None)
    assert wait is None or 0 <= wait < float("inf")


@settings(deadline=None)
@given(SAID)
def test_any_words_of_an_sdk(words: str) -> None:
    for error in (
        ModelAPIError("m", words),
        UnexpectedModelBehavior(words, words),
        UserError(words),
        OpenAIError(words),
    ):
        raised(error)


def raised(error: Exception) -> SpecialistError:
    try:
        with our_errors(ASKED):
            raise error
    except SpecialistError as ours:
        said = f"{ours!r} {ours.__cause__!r}"
        assert KEY not in said and KEY[:12] not in said, said
        assert len(str(ours)) < MOST_OF_A_MESSAGE + 400
        assert len(str(ours).splitlines()) == 1, json.dumps(str(ours))
        return ours


def test_a_mistake_of_ours_is_not_taken_for_one_of_the_provider() -> None:
    for mistake in (KeyError("x"), TypeError("y"), AssertionError()):
        try:
            with our_errors(ASKED):
                raise mistake
        except type(mistake) as error:
            assert error is mistake
