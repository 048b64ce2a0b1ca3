from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.code.index.words import LONGEST, Words, forms, is_compound

CASES = {
    "HTTPServer": ["httpserver", "http", "server"],
    "max_bodySize": ["max_bodysize", "max", "body", "size"],
    "order": ["order"],
    "__init__": ["__init__"],
    "x2y": ["x2y"],
    "utf8Reader": ["utf8reader", "utf", "reader"],
    "FILE_UPLOAD_PERMISSIONS": ["file_upload_permissions", "file", "upload", "permissions"],
    "Größe": ["größe"],
    "404": ["404"],
    "___": [],
    "a" * (LONGEST + 1): [],
}


@pytest.mark.parametrize("word", CASES)
def test_a_word_is_itself_and_its_parts(word: str) -> None:
    assert forms(word) == CASES[word]


def test_all_words_of_a_text_are_kept_in_order() -> None:
    assert Words().of("def get_user(id): return self.userId") == ("def get_user get user id return self userid user id")


@given(st.text())
def test_words_hold_nothing_that_the_index_could_not_part_at_blanks(text: str) -> None:
    words = Words()
    expected = [form for word in __import__("re").findall(r"\w+", text) for form in forms(word)]
    assert words.of(text).split() == [part for form in expected for part in form.split()]
    assert words.of(text) == words.of(text)


@pytest.mark.parametrize(
    ("word", "compound"),
    [("getUser", True), ("a_b", True), ("HTTPServer", True), ("_x", False), ("User", False), ("URL", False)],
)
def test_names_are_told_from_prose(word: str, compound: bool) -> None:
    assert is_compound(word) is compound
