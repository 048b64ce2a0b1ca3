"""A path joined with what ran: spans' code attributes and frames, of every way in which they name a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.programs import path_of, write
from deep_code_reasoning.code.graph.observed import FrameRow, SpanRow, mark_observed

PROGRAM = {
    "shop/cart.py": "class Cart:\n    def check(self):\n        self.save()\n\n    def save(self):\n        return 1\n",
    "other/cart.py": "class Cart:\n    def save(self):\n        return 2\n",
}


@pytest.mark.parametrize(
    ("row", "step"),
    [
        (SpanRow("save", "/app/shop/cart.py", 6), "Cart.save"),
        (SpanRow(None, "shop/cart.py", 5), "Cart.save"),
        (SpanRow("Cart.check", "shop/cart.py"), "Cart.check"),
        (SpanRow("shop.cart.Cart.save"), "Cart.save"),
        (SpanRow("github.com/x/shop.(*Cart).save"), "Cart.save"),
        (SpanRow("Shop::Cart#save"), "Cart.save"),
        (SpanRow("save"), None),
        (SpanRow("Basket.save"), None),
        (SpanRow("save", "other/cart.py", 2), None),
        (SpanRow("save", "shop/cart.py", 99), None),
        (SpanRow("save", "p/cart.py", 6), None),
        (SpanRow(), None),
    ],
)
def test_what_a_span_speaks_of(row: SpanRow, step: str | None, tmp_path: Path) -> None:
    path = path_of(write(tmp_path, PROGRAM), "shop/cart.py:2")
    without = mark_observed(path, [row])
    assert [one.function for one in path.steps() if one.observed] == ([step] if step else [])
    assert len(without) == (step is None)


def test_counts_and_durations_add_up(tmp_path: Path) -> None:
    path = path_of(write(tmp_path, PROGRAM), "shop/cart.py:2")
    spans = [SpanRow("save", "shop/cart.py", 5, 3, 30.0, 20.0), SpanRow("Cart.save", None, None, 2, 5.5, 4.0)]
    assert mark_observed(path, spans, [FrameRow("save", "cart.py", 6, 7)]) == []
    (seen,) = [one.observed for one in path.steps() if one.observed]
    assert (seen.spans, seen.frames, seen.total_ms, seen.longest_ms) == (5, 7, 35.5, 20.0)
