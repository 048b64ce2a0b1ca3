from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.code.ranking.chunks import MOST_LINES, chunks

PYTHON = '''"""Prices."""
import math

RATE = 1.2


class Cart:
    """What is bought."""

    lines = ()

    @property
    def total(self):
        def price(line):
            return line.price

        return sum(map(price, self.lines))

    # Without tax.
    def net(self):
        total = self.total
        rate = RATE
        return total / rate


def rounded(value):
    down = math.floor(value)
    return down
'''


def test_functions_with_what_stands_above_them_and_heads_of_classes() -> None:
    found = [(one.line, one.end_line, one.name) for one in chunks("shop/cart.py", PYTHON.encode())]
    assert found == [
        (1, 6, ""),
        (7, 11, "Cart"),
        (12, 18, "Cart.total"),
        (19, 25, "Cart.net"),
        (26, 28, "rounded"),
    ]


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.go", "package a\n\nfunc (c *Cart) Total() int {\n\tx := 1\n\treturn x\n}\n", {"Cart.Total"}),
        ("A.java", "class A {\n  int b() {\n    int c = 1;\n    return c;\n  }\n}\n", {"A", "A.b"}),
        ("a.ts", "export class A {\n  b(): number {\n    const c = 1\n    return c\n  }\n}\n", {"A", "A.b"}),
        ("a.rb", "class A\n  def b\n    c = 1\n    c\n  end\nend\n", {"A", "A.b"}),
        ("a.rs", "impl A {\n  fn b() -> u8 {\n    let c = 1;\n    c\n  }\n}\n", {"A.b"}),
    ],
)
def test_other_languages(path: str, text: str, names: set[str]) -> None:
    assert names <= {one.name for one in chunks(path, text.encode())}


@given(
    st.lists(
        st.sampled_from(
            ["def f():", "    x = 1", "class A:", "    def g(self):", "        pass", "", "# c", "@d", "\x00", "é)"]
        ),
        max_size=400,
    ),
    st.sampled_from(["a.py", "a.txt", "a.go", "Makefile"]),
    st.booleans(),
)
def test_every_line_is_in_exactly_one_piece_of_bounded_length(lines: list[str], path: str, ends: bool) -> None:
    text = "\n".join(lines) + ("\n" if ends and lines else "")
    count = len(text.encode().decode().split("\n")) - (1 if text.endswith("\n") or not text else 0)
    found = chunks(path, text.encode())
    assert [n for one in found for n in range(one.line, one.end_line + 1)] == list(range(1, count + 1))
    assert all(one.end_line - one.line < MOST_LINES for one in found)
