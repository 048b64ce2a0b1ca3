from __future__ import annotations

import pytest

from deep_code_reasoning.code.index.definitions import MOST, defined_names

CASES = {
    "cart.py": (
        "class Cart(Base):\n    async def total(self):\n        x = 1\nRETRIES = 3\n",
        ["Cart", "total", "RETRIES"],
    ),
    "cart.go": ("type Cart struct {\n}\nfunc (c *Cart) Total() int {\nfunc New() *Cart {\n", ["Cart", "Total", "New"]),
    "Cart.java": (
        "public final class Cart<T> {\n  private static Map<String, T> of(int a) {\n    return call(a);\n  }\n}\n",
        ["Cart", "of"],
    ),
    "cart.ts": ("export default class Cart {}\nexport const total = async (a) => 1\n", ["Cart", "total"]),
    "cart.rs": ("pub(crate) fn total() {}\npub trait Priced {}\n", ["total", "Priced"]),
    "cart.rb": ("module Shop\n  def self.total\n", ["Shop", "total"]),
    "Cart.cs": ("  public async Task<int> TotalAsync(int a)\n", ["TotalAsync"]),
    "cart.c": ("static int total(struct cart *c) {\n  if (a) {\n", ["total"]),
    "cart.sql": ("CREATE OR REPLACE VIEW x\ncreate table orders (\n", ["orders"]),
    "cart.txt": ("class Cart:\n", []),
}


@pytest.mark.parametrize("path", CASES)
def test_names_are_found_by_how_lines_begin(path: str) -> None:
    text, expected = CASES[path]
    assert defined_names(path, text) == expected


def test_a_generated_flood_of_names_is_cut() -> None:
    assert len(defined_names("a.py", "".join(f"def f{n}():\n" for n in range(MOST + 500)))) == MOST


@pytest.mark.parametrize(
    "text", ["public " * 50_000, "static " * 20_000 + "(", " " * 200_000, "a<" * 60_000, "\t\n" * 90_000]
)
@pytest.mark.parametrize("path", ["a.java", "a.c", "a.ts", "a.py"])
def test_hostile_lines_take_no_time(path: str, text: str) -> None:
    import time

    start = time.process_time()
    defined_names(path, text)
    assert time.process_time() - start < 2
