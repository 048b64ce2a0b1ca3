"""A file is parsed, and nothing of it stays when its tree is gone."""

from __future__ import annotations

import sys
import tracemalloc

from deep_code_reasoning.code import parsing
from deep_code_reasoning.code.language import languages
from deep_code_reasoning.code.parsing import Parsed, parse

SOURCE = b"package shop\n\nfunc (c *Cart) Add(item string) int {\n\treturn c.count(item)\n}\n"


def _parsed(data: bytes) -> Parsed:
    parsed = parse(data, languages()["go"])
    assert isinstance(parsed, Parsed)
    return parsed


def test_no_reference_to_a_parsed_file_is_kept() -> None:
    data = SOURCE * 20
    before = sys.getrefcount(data)
    for _ in range(50):
        _parsed(data)
    assert sys.getrefcount(data) == before


def test_no_piece_of_a_larger_file_is_kept() -> None:
    data = SOURCE * 3_000
    assert len(data) > 2 * parsing._CHUNK
    _parsed(data)
    tracemalloc.start()
    try:
        for _ in range(5):
            _parsed(data)
        kept, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2 * parsing._CHUNK  # the one buffer; five files are eight times that


def test_a_file_given_up_is_not_kept_either(monkeypatch) -> None:
    monkeypatch.setattr(parsing, "SECONDS", 0.0)
    data = SOURCE * (parsing._CHUNK // len(SOURCE))
    before = sys.getrefcount(data)
    for _ in range(5):
        assert parse(data, languages()["go"]) == parsing.TOO_SLOW
    assert sys.getrefcount(data) == before


def test_the_text_of_a_node_is_that_of_its_own_file_after_another_was_parsed() -> None:
    first = _parsed(SOURCE)
    _parsed(SOURCE.replace(b"Cart", b"Till"))
    declared = first.tree.root_node.children[-1]
    assert declared.text is not None and declared.text.startswith(b"func (c *Cart)")
