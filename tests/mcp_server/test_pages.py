"""A result fits a client, and nothing of it is lost on the way to the last page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server.pages import Result, encoded, first_page, page_at
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.unread import Unread

LIMIT = 20_000


def all_pages(state: Path, result: Result) -> list[dict[str, Any]]:
    where = Settings(state_dir=state)
    pages = [encoded(first_page(where, result))]
    while cursor := pages[-1][1].get("next_cursor"):
        pages.append(encoded(page_at(where, cursor, Work())))
        assert len(pages) < 10_000
    assert all(len(text) < LIMIT for text, _ in pages)
    assert all(json.loads(text) == page for text, page in pages)
    return [page for _, page in pages]


def test_a_small_result_is_one_page_without_a_cursor(tmp_path: Path) -> None:
    (page,) = all_pages(tmp_path, Result({"narrative": "all well"}, {"rows": [[1, 2]], "unread": []}))
    assert page == {"narrative": "all well", "rows_count": 1, "unread_count": 0, "rows": [[1, 2]]}
    assert not (tmp_path / "ledger.sqlite").exists()


def test_rows_go_on_where_the_last_page_ended(tmp_path: Path) -> None:
    rows = [[number, "x" * 100] for number in range(1_000)]
    pages = all_pages(tmp_path, Result({"columns": ["n", "text"]}, {"rows": rows, "unread": ["the last"]}))
    assert [row for page in pages for row in page.get("rows", [])] == rows
    assert pages[-1]["unread"] == ["the last"]
    assert pages[0]["rows_count"] == 1_000
    assert len(pages) > 5


def test_a_long_narrative_goes_on_as_a_list(tmp_path: Path) -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(50_000))
    pages = all_pages(tmp_path, Result({"narrative": text}))
    rest = "".join(piece for page in pages for piece in page.get("narrative_continued", []))
    assert pages[0]["narrative"] + rest == text


def test_an_item_larger_than_a_page_is_cut_and_says_by_how_much(tmp_path: Path) -> None:
    pages = all_pages(tmp_path, Result({}, {"rows": [["x" * 100_000], ["y"]]}))
    rows = [row for page in pages for row in page.get("rows", [])]
    assert rows[0][0].endswith("… [+96,000 characters]")
    assert rows[1] == ["y"]


def test_an_item_of_countless_fields_still_fits(tmp_path: Path) -> None:
    item = {f"field-{number}": "value" * 20 for number in range(5_000)}
    pages = all_pages(tmp_path, Result({}, {"findings": [item, "next"]}))
    assert [row for page in pages for row in page.get("findings", [])][-1] == "next"


def test_values_that_json_does_not_know(tmp_path: Path) -> None:
    facts = {"nan": float("nan"), "unread": Unread("a", "b"), "bytes": b"\x01", "name": "caf\udce9", "set": {2, 1}}
    (page,) = all_pages(tmp_path, Result(facts))
    assert page == {
        "nan": "nan",
        "unread": {"place": "a", "reason": "b", "count": 1},
        "bytes": "01",
        "name": "caf?",
        "set": [1, 2],
    }


@pytest.mark.parametrize("cursor", ["", "x", "ans-1", "ans-1:x", "ans-1:-1", "ans-0000000000:3", 5, ["a"], "a" * 9_999])
def test_a_cursor_that_is_none(tmp_path: Path, cursor: object) -> None:
    with pytest.raises(UsageError, match="cursor") as caught:
        page_at(Settings(state_dir=tmp_path), cursor, Work())
    assert len(str(caught.value)) < 250


texts = st.text(max_size=30) | st.integers(0, 30_000).map(lambda size: "é" * size)
items = st.lists(texts, max_size=4) | texts | st.dictionaries(st.text(max_size=5), texts, max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(items, max_size=12), min_size=1, max_size=4))
def test_every_item_comes_once_and_in_order(tmp_path_factory: pytest.TempPathFactory, lists: list[list[Any]]) -> None:
    named = {f"list_{number}": values for number, values in enumerate(lists)}
    pages = all_pages(tmp_path_factory.mktemp("state"), Result({"narrative": "n" * 3_000}, named))
    for name, values in named.items():
        assert sum(len(page.get(name, [])) for page in pages) == len(values) == pages[0][f"{name}_count"]
