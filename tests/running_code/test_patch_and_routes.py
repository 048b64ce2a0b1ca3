"""Two states as a patch, against what it is made of; and which texts mean a route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.diffs.file_delta import hunks_of
from deep_code_reasoning.running_code.impact.patch import patch_of
from deep_code_reasoning.running_code.routes import agree

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "", "  d", "\x0c", "e\x85f", "+x", "-y", "@@ -1 +1 @@", "g\r"]), max_size=12
)


def applied(before: list[str], patch: str) -> list[str]:
    """`before` with the hunks carried out, by their places alone."""
    found, at = [], 0
    for hunk in hunks_of(patch):
        assert hunk.is_exact
        start = hunk.old_start - (1 if hunk.removed else 0)
        found += before[at:start] + [text for text, _ in hunk.added]
        at = start + len(hunk.removed)
    return found + before[at:]


def plain(line: str) -> str:
    return line.removesuffix("\r").replace("\x0c", " ").replace("\x85", " ")


@given(LINES, LINES)
def test_a_patch_leads_from_the_one_to_the_other(before: list[str], after: list[str]) -> None:
    patch = patch_of(*("".join(f"{line}\n" for line in side).encode() for side in (before, after)))
    assert applied([plain(line) for line in before], patch) == [plain(line) for line in after]


def test_large_files_that_share_little_are_replaced_as_a_whole() -> None:
    before, after = (b"".join(b"%d\n" % (number * step) for number in range(1, 50_000)) for step in (2, 3))
    assert len(hunks_of(patch_of(before, after))) == 1


@pytest.mark.parametrize(
    ("route", "named", "means"),
    [
        ("/api/stock/<item>", "http://catalog/api/stock/{one}", True),
        ("/api/stock/:item", "${base}/api/stock/${id}?full=1", True),
        ("/api/stock/{item}", "http://catalog/api/stock/", True),
        ("/api/stock/{item}", "/api/stock", False),
        ("/api/stock/{item}", "/api/stock/7/parts", False),
        ("/api/stock/{item}", "/v1/api/stock/7", True),
        ("/{item}", "/anything", False),
        ("/orders", "/orders", True),
        ("/orders", "/order", False),
        ("GET /orders/{id}", "%s/orders/%d", True),
        ("^orders/(?P<pk>[0-9]+)/$", "/orders/{pk}/", True),
    ],
)
def test_which_texts_mean_a_route(route: str, named: str, means: bool) -> None:
    assert agree(route, named) is means
