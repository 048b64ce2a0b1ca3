from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.cases import FOLDER, read_case
from deep_code_reasoning.code.graph.facts import facts_of
from deep_code_reasoning.code.index.definitions import MOST, defined_names, lines_of, may_define
from deep_code_reasoning.code.language import language_of, languages
from deep_code_reasoning.code.parsing import Parsed, parse

CASES = {
    "cart.py": (
        "class Cart(Base):\n    async def total(self):\n        x = 1\nRETRIES = 3\n",
        ["Cart", "total", "RETRIES"],
    ),
    "cart.go": ("type Cart struct {\n}\nfunc (c *Cart) Total() int {\nfunc New() *Cart {\n", ["Total", "New", "Cart"]),
    "Cart.java": (
        "public final class Cart<T> {\n  private static Map<String, T> of(int a) {\n    return call(a);\n  }\n}\n",
        ["Cart", "of"],
    ),
    "cart.ts": ("export default class Cart {}\nexport const total = async (a) => 1\n", ["Cart", "total"]),
    "cart.rs": ("pub(crate) fn total() {}\npub trait Priced {}\n", ["total", "Priced"]),
    "cart.rb": ("module Shop\n  def self.total\n", ["total", "Shop"]),
    "Cart.cs": ("  public async Task<int> TotalAsync(int a)\n", ["TotalAsync"]),
    "cart.c": ("static int total(struct cart *c) {\n  if (a) {\n", ["total"]),
    "cart.sql": ("CREATE OR REPLACE VIEW x\ncreate table orders (\n", ["x", "orders"]),
    "cart.swift": ("public final class Cart {\n  func total() {\n", ["Cart", "total"]),
    "cart.proto": ("message Cart {\n}\nservice Shop {\n  rpc Total(Cart) returns (Sum);\n", ["Cart", "Shop", "Total"]),
    "prose.py": ('"""A class that sums.\n\nThe class is final; def inition\n"""\n', []),
    "Prose.java": ("/* a class that\n * calls the method total(x) of\n   the class\n */\n", []),
    "calls.js": ("  total(a) ? b() : c();\n  if (x) {\n  return go(1);\n", []),
    "cart.txt": ("class Cart:\n", []),
}


@pytest.mark.parametrize("path", CASES)
def test_names_are_found_by_how_lines_begin(path: str) -> None:
    text, expected = CASES[path]
    assert defined_names(path, text) == expected


NOT_TOLD = {"constructor"}
"""By lines: every class of TypeScript has one."""
NO_CLASS = {"shop", "prices", "checkout", "stock"}
"""Namespaces and modules, which lines tell; in C a `struct stock *` that is only mentioned, which the syntax tells."""

WITHIN = {"double"}
"""A lambda of one line in a function, which lines tell; to the syntax it is a part of that function."""


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_lines_and_syntax_agree_on_the_test_programs(page: Path) -> None:
    files = {path: text for path, text in read_case(page).files.items() if language_of(path)}
    assert files
    for path, text in files.items():
        language = language_of(path)
        assert language
        parsed = parse(text.encode(), language)
        assert isinstance(parsed, Parsed)
        facts = facts_of(path, parsed)
        syntax = {*facts.by_name, *facts.classes}
        lines = set(defined_names(path, text))
        assert lines ^ syntax <= NOT_TOLD | NO_CLASS | WITHIN
        assert lines - NO_CLASS <= {name.decode() for name in may_define(path, text.encode())}


def test_every_language_says_how_names_are_defined() -> None:
    for language in languages().values():
        ending = min(language.extensions)
        assert lines_of(language).surely, ending
        assert lines_of(language).perhaps, ending


def test_a_generated_flood_of_names_is_cut() -> None:
    assert len(defined_names("a.py", "".join(f"def f{n}():\n" for n in range(MOST + 500)))) == MOST


@pytest.mark.parametrize(
    "text", ["public " * 50_000, "static " * 20_000 + "(", " " * 200_000, "a<" * 60_000, "\t\n" * 90_000]
)
@pytest.mark.parametrize(
    "path", ["a.java", "a.c", "a.ts", "a.py", "a.cs", "a.kt", "a.scala", "a.rs", "a.php", "a.rb", "a.sql"]
)
def test_hostile_lines_take_no_time(path: str, text: str) -> None:
    import time

    start = time.process_time()
    defined_names(path, text)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "const Card: FC<{\n  title: string;\n  more?: () => void;\n}> = ({ title }) => {\n  return title;\n};\n",
            "Card",
        ),
        ("export const go: (n: number) => void = (n) => {\n  run(n);\n};\n", "go"),
        ("class A {\n  private done: (n: number) => void = (n) => run(n);\n}\n", "done"),
    ],
)
def test_a_type_between_a_name_and_its_function(text: str, name: str) -> None:
    language = language_of("a.tsx")
    assert language
    parsed = parse(text.encode(), language)
    assert isinstance(parsed, Parsed)
    assert list(facts_of("a.tsx", parsed).by_name) == [name]
    assert name.encode() in may_define("a.tsx", text.encode())
