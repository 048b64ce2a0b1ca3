"""What commits do by the syntax of their files: whole files from a repository at hand, fragments where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from changes.histories import BEGIN, HOUR, ONSET, History
from deep_code_reasoning.changes.candidates.candidates import candidates_of
from deep_code_reasoning.changes.candidates.commit_syntax import with_syntax
from deep_code_reasoning.changes.diffs.seen import Seen
from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Work
from sources.reading import read_path
from store.rows import tables_of

BEFORE = """import java.util.List;

class Cart {
    int total(List<Line> lines) {
        int sum = 0;
        for (Line line : lines) {
            sum += line.amount();
        }
        return sum;
    }
}"""
AFTER = BEFORE.replace("sum += line.amount();", 'sum += stockClient.get("/stock/" + line.sku()).amount();')
PLACE = "src/main/java/com/example/Cart.java"


@pytest.fixture
def shop(tmp_path: Path) -> History:
    history = History(tmp_path / "shop")
    history.commit("a cart", 1, {PLACE: BEFORE})
    history.commit("amounts from the stock", 990, {PLACE: AFTER})
    return history


def seen_of(tmp_path: Path, shop: History, roots: list[Path], work: Work | None = None) -> Seen:
    rows = read_path(shop.folder).rows
    with tables_of(tmp_path, commits=rows["commits"], commit_files=rows["commit_files"]) as tables:
        live, _ = candidates_of(tables, ONSET)
        newest = next(one for one in live if one.message.startswith("amounts"))
        found = with_syntax(tables, [newest], roots, work or Work())[0].seen
    assert found is not None
    return found


def test_a_call_put_into_a_loop_is_found_with_its_line_and_function(tmp_path: Path, shop: History) -> None:
    seen = seen_of(tmp_path, shop, [tmp_path])
    assert seen.is_whole
    loop = next(match for match in seen.matches if match.pattern == "call-in-loop")
    assert (loop.path, loop.line, loop.function) == (PLACE, 7, "Cart.total")
    assert [part.name for part in seen.functions[PLACE]] == ["Cart.total"]
    assert "/stock/" in {one.text for one in seen.literals[PLACE]}


def test_a_repository_outside_of_the_roots_is_not_opened(tmp_path: Path, shop: History) -> None:
    """What was loaded of it stays: its patches."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    seen = seen_of(tmp_path, shop, [elsewhere])
    assert not seen.is_whole
    assert not seen.functions


def test_a_link_that_leads_out_of_the_roots_is_not_followed(tmp_path: Path, shop: History) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    shop.folder.rename(tmp_path / "moved")
    shop.folder.symlink_to(tmp_path / "moved")
    shop.folder = tmp_path / "shop"
    assert not seen_of(tmp_path, shop, [inside]).is_whole


def test_a_repository_that_has_gone_leaves_its_patches(tmp_path: Path, shop: History) -> None:
    rows = read_path(shop.folder).rows
    shop.folder.rename(tmp_path / "moved")
    with tables_of(tmp_path, commits=rows["commits"], commit_files=rows["commit_files"]) as tables:
        live, _ = candidates_of(tables, ONSET)
        read = with_syntax(tables, live, [tmp_path], Work())
    assert [one.sha for one in read] == [one.sha for one in live]
    assert all(one.seen is not None and not one.seen.is_whole for one in read)


def test_it_can_be_taken_back(tmp_path: Path, shop: History) -> None:
    work = Work()
    work.cancel()
    with pytest.raises(CancelledError):
        seen_of(tmp_path, shop, [tmp_path], work)
    assert BEGIN + 990 * HOUR < ONSET
