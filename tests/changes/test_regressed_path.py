"""Upstream to two hops, downstream as far as it goes, and queues are no hop."""

from __future__ import annotations

import pytest

from deep_code_reasoning.changes.candidates.regressed_path import path_through

CALLS = [
    ("web", "gateway"),
    ("gateway", "order"),
    ("order", "stock"),
    ("order", "queue:orders"),
    ("queue:orders", "mail"),
    ("stock", "db:postgres/stock"),
    ("report", "db:postgres/stock"),
    ("loop", "loop"),
]


@pytest.mark.parametrize(
    ("suffering", "down", "up"),
    [
        ({"stock"}, {"stock": 0, "db:postgres/stock": 1}, {"stock": 0, "order": 1, "gateway": 2}),
        ({"mail"}, {"mail": 0}, {"mail": 0, "queue:orders": 1, "order": 1, "gateway": 2}),
        ({"db:postgres/stock"}, {"db:postgres/stock": 0},
         {"db:postgres/stock": 0, "stock": 1, "report": 1, "order": 2}),
        ({"order"}, {"order": 0, "stock": 1, "queue:orders": 1, "mail": 1, "db:postgres/stock": 2},
         {"order": 0, "gateway": 1, "web": 2}),
        ({"nobody"}, {"nobody": 0}, {"nobody": 0}),
        ({"loop"}, {"loop": 0}, {"loop": 0}),
    ],
)  # fmt: skip
def test_hops(suffering: set[str], down: dict[str, int], up: dict[str, int]) -> None:
    path = path_through(CALLS, suffering)
    assert (dict(path.down), dict(path.up)) == (down, up)


def test_said_in_words() -> None:
    path = path_through(CALLS, {"order"})
    assert path.words("order") == "order suffers"
    assert path.words("web") == "web calls what suffers, over 2 hops"
    assert path.words("stock") == "stock is called by what suffers, directly"
    assert path.words("report") == "report is not on the regressed path"
