"""Functions touched by a change, on both sides of it."""

from __future__ import annotations

import pytest

from deep_code_reasoning.code.functions import TouchedFunction, functions_touched
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.outline import Outline, outline
from deep_code_reasoning.code.parsing import Parsed, parse

BEFORE = """class Cart:
    def a(self):
        return 1

    def b(self):
        return 2


def gone():
    return 3
"""
AFTER = """class Cart:
    def a(self):
        return 1

    def b(self):
        return 22

    def c(self):
        return 4
"""


def sides(path: str, *texts: str) -> list[Outline]:
    language = language_of(path)
    assert language
    read = [parse(text.encode(), language) for text in texts]
    return [outline(one) for one in read if isinstance(one, Parsed)]


def test_added_changed_and_removed() -> None:
    before, after = sides("cart.py", BEFORE, AFTER)
    found = functions_touched(before, after, [6, 9, 10], [6, 8, 9])
    assert [(one.name, one.state, one.line, one.end_line) for one in found] == [
        ("Cart.b", "changed", 5, 6),
        ("Cart.c", "added", 8, 9),
        ("gone", "removed", 9, 10),
    ]


def test_lines_taken_out_alone_touch_the_function_that_is_still_there() -> None:
    before, after = sides("cart.py", "def a():\n    x()\n    y()\n", "def a():\n    x()\n")
    assert [(one.name, one.state) for one in functions_touched(before, after, [3], [])] == [("a", "changed")]


def test_a_new_file_and_a_deleted_one() -> None:
    before, after = sides("cart.py", BEFORE, AFTER)
    assert {one.state for one in functions_touched(None, after, [], range(1, 10))} == {"added"}
    assert {one.state for one in functions_touched(before, None, range(1, 11), [])} == {"removed"}
    assert functions_touched(None, None, [], []) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("const Cart = () => total();\n", ["Cart"]),
        ("export const useCart = async (id) => { await load(id); };\n", ["useCart"]),
        ("const total = function (n) { return n; };\n", ["total"]),
        ("let later;\nlater = () => 1;\n", ["later"]),
        ("module.exports.go = () => 1;\n", ["go"]),
        (
            "const api = { load: (id) => id, drop: function (id) { return id; }, save(id) {} };\n",
            ["load", "drop", "save"],
        ),
        ("class Store {\n  open = (id) => id;\n  static make = () => new Store();\n}\n", ["Store.open", "Store.make"]),
        ("items.map((one) => one);\nsort({ by: (one) => one });\n", []),  # known to the call only
        ("const wide = items.filter((one) => one.wide);\n", []),
        ("function f() {\n  const g = (n) => n;\n  return g(1);\n}\n", ["f"]),  # told as a part of f
        ("function f() {\n  const g = (n) => {\n    return n;\n  };\n}\n", ["f", "g"]),
    ],
)
@pytest.mark.parametrize("ending", ["js", "jsx", "ts", "tsx"])
def test_values_that_are_functions(text: str, names: list[str], ending: str) -> None:
    (read,) = sides(f"a.{ending}", text)
    assert list(read.functions) == names


def test_a_lambda_of_one_line_that_changed_is_touched() -> None:
    before, after = sides(
        "a.ts", "export const total = (n: number) => n;\n", "export const total = (n: number) => -n;\n"
    )
    assert functions_touched(before, after, [1], [1]) == [TouchedFunction("total", "changed", 1, 1)]
