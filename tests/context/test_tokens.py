from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.context.tokens import as_counted_by, count_tokens, hundredths

# Counted with Gemma 3's own tokenizer (262,144 pieces); see docs/decisions/0002.
COUNTED = json.loads((Path(__file__).parent / "counted_by_gemma.json").read_text("utf-8"))


@pytest.mark.parametrize("sample", COUNTED, ids=lambda sample: sample["kind"])
def test_close_to_the_models_own_count(sample: dict) -> None:
    assert count_tokens(sample["text"]) == pytest.approx(sample["tokens"], rel=0.12)


def test_telemetry_costs_more_a_byte_than_code() -> None:
    per_byte = {s["kind"]: count_tokens(s["text"]) / len(s["text"].encode()) for s in COUNTED}
    assert per_byte["otlp json"] > 1.3 * per_byte["python"]
    assert per_byte["logs"] > 1.3 * per_byte["python"]


@given(st.lists(st.text(max_size=60), max_size=6))
def test_parts_that_end_in_a_newline_never_count_less_than_the_whole(parts: list[str]) -> None:
    lines = [part + "\n" for part in parts]
    assert hundredths("".join(lines)) <= sum(hundredths(line) for line in lines)


def test_nothing_costs_nothing() -> None:
    assert count_tokens("") == 0


def test_providers_count_differently_and_one_that_nobody_measured_counts_as_gemma() -> None:
    text = COUNTED[0]["text"]
    assert count_tokens(text, "google") == count_tokens(text, "nobody") == count_tokens(text)
    assert count_tokens(text, "openai") < count_tokens(text)
    assert as_counted_by("openai", 1_000) == 850


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_providers_parts_never_count_less_than_the_whole(one: str, other: str) -> None:
    whole = count_tokens(one + "\n" + other, "openai")
    assert whole <= as_counted_by("openai", count_tokens(one + "\n")) + as_counted_by("openai", count_tokens(other))
