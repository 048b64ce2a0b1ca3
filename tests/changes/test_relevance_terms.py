"""Words as terms: what is the same word, and what a name is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.relevance.terms import spelled, stem, terms, weight


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maxRetryCount", {"max", "retry", "count", "maxretrycount"}),
        ("max_retry_count", {"max", "retry", "count", "maxretrycount"}),
        ("HTTPServer2", {"http", "serv", "httpserver2"}),
        ("see #4711, #4711", {"see", "#4711"}),
        ("naïve Größe", {"na", "ve", "gr"}),
        ("バグ", {"バグ"}),
        ("a ! _", set()),
    ],
)
def test_names_count_whole_and_by_their_parts(text: str, expected: set[str]) -> None:
    assert expected <= set(terms(text)), dict(terms(text))
    assert text != "a ! _" or not terms(text)


@pytest.mark.parametrize(
    "family",
    [
        ("leak", "leaks", "leaked", "leaking"),
        ("deadlock", "deadlocks", "deadlocked"),
        ("stop", "stops"),
        ("retry", "retries"),
        ("allocation", "allocations"),
        ("caching", "cached", "caches"),
    ],
)
def test_forms_of_a_word_share_a_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1, [stem(word) for word in family]


@pytest.mark.parametrize(("one", "other"), [("class", "clas"), ("status", "statu"), ("bus", "bu"), ("test", "text")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_plain_words_count_less() -> None:
    assert weight(stem("the")) < weight(stem("reverted")) < weight(stem("deadlock")) == 1


def test_a_term_is_told_as_the_report_spells_it() -> None:
    assert spelled("Leaking ByteBufAllocator")[stem("leaking")] == "leaking"
    assert spelled("Leaking ByteBufAllocator")["bytebufallocator"] == "ByteBufAllocator"


@given(st.text(max_size=200))
def test_any_text_has_terms_and_all_can_be_told(text: str) -> None:
    counted = terms(text)
    assert all(count > 0 for count in counted.values())
    assert set(spelled(text)) == set(counted)


@given(st.text(max_size=60), st.text(max_size=60))
def test_text_in_two_lines_counts_as_both(one: str, other: str) -> None:
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)
