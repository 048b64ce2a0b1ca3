"""Every language says what its nodes are for: one small program each, and what has to be seen in it."""

from __future__ import annotations

import pytest

from deep_code_reasoning.code.language import language_of, languages, part_of_kind
from deep_code_reasoning.code.literals import tables_of
from deep_code_reasoning.code.loops import loop_around
from deep_code_reasoning.code.outline import Outline, outline
from deep_code_reasoning.code.parsing import Parsed, parse

# path: text, qualified function around `client.get`, its call
PROGRAMS = {
    "a.py": (
        "class Cart:\n    def check(self):\n        for x in self.lines:\n            client.get(x)\n",
        "Cart.check",
    ),
    "A.java": (
        "class Cart {\n void check() {\n  for (Line x : lines) {\n   client.get(x);\n  }\n }\n}\n",
        "Cart.check",
    ),
    "a.go": (
        "package a\nfunc (c *Cart) check() {\n for _, x := range c.lines {\n  client.get(x)\n }\n}\n",
        "Cart.check",
    ),
    "a.js": (
        "class Cart {\n check() {\n  for (const x of this.lines) {\n   client.get(x);\n  }\n }\n}\n",
        "Cart.check",
    ),
    "a.ts": (
        "class Cart {\n check(): void {\n  this.lines.forEach((x) => {\n   client.get(x);\n  });\n }\n}\n",
        "Cart.check",
    ),
    "a.tsx": ("const check = () => {\n lines.map((x) => {\n  client.get(x);\n  return <p/>;\n });\n};\n", "check"),
    "a.rb": ("class Cart\n def check\n  lines.each do |x|\n   client.get(x)\n  end\n end\nend\n", "Cart.check"),
    "a.rs": (
        "impl Cart {\n fn check(&self) {\n  for x in &self.lines {\n   client.get(x);\n  }\n }\n}\n",
        "Cart.check",
    ),
    "A.cs": (
        "class Cart {\n void check() {\n  foreach (var x in lines) {\n   client.get(x);\n  }\n }\n}\n",
        "Cart.check",
    ),
    "a.php": (
        "<?php\nclass Cart {\n function check() {\n  foreach ($l as $x) { $client->get($x); }\n }\n}\n",
        "Cart.check",
    ),
    "a.kt": ("class Cart {\n fun check() {\n  for (x in lines) {\n   client.get(x)\n  }\n }\n}\n", "Cart.check"),
    "a.c": ("void check(void) {\n for (int i = 0; i < n; i++) {\n  client.get(i);\n }\n}\n", "check"),
    "A.scala": (
        "object Cart {\n def check(): Unit = {\n  for (x <- lines) {\n   client.get(x)\n  }\n }\n}\n",
        "Cart.check",
    ),
    "a.cpp": ("void Cart::check() {\n for (auto& x : lines) {\n  client.get(x);\n }\n}\n", "Cart.check"),
}


def read(path: str, text: str | bytes) -> Outline:
    language = language_of(path)
    assert language
    parsed = parse(text if isinstance(text, bytes) else text.encode(), language)
    assert isinstance(parsed, Parsed)
    return outline(parsed)


@pytest.mark.parametrize("language", languages().values(), ids=lambda one: one.name)
@pytest.mark.parametrize("fragment", [False, True])
def test_every_node_type_named_is_one_of_the_grammar(language, fragment: bool) -> None:
    assert part_of_kind(language, fragment=fragment)


def test_there_is_a_program_of_every_language() -> None:
    assert {language_of(path) for path in [*PROGRAMS, "a.sql"]} == set(languages().values())


@pytest.mark.parametrize("path", PROGRAMS)
def test_a_call_in_a_loop_of_a_function(path: str) -> None:
    text, function = PROGRAMS[path]
    found = read(path, text)
    (call,) = [part for part in found.of("call") if part.method == "get"]
    assert call.receiver.lstrip("$") == "client"
    assert loop_around(call) is not None
    around = found.function_at(call.line)
    assert around
    assert (around.name, around.line <= call.line <= around.end_line) == (function, True)


@pytest.mark.parametrize("path", PROGRAMS)
def test_only_functions_asked_for_are_entered_and_all_are_named(path: str) -> None:
    text, function = PROGRAMS[path]
    language = language_of(path)
    assert language
    parsed = parse(text.encode(), language)
    assert isinstance(parsed, Parsed)
    away = outline(parsed, (len(text.splitlines()) + 10,))
    assert function in away.functions
    assert not [part for part in away.of("call") if part.method == "get"]
    near = outline(parsed, (next(n for n, line in enumerate(text.splitlines(), 1) if "get(" in line),))
    assert [part for part in near.of("call") if part.method == "get"]


ROUTINES = """
CREATE TABLE shop.orders (id INT PRIMARY KEY, name TEXT);
CREATE FUNCTION total(o INT) RETURNS INT LANGUAGE SQL AS $$
  SELECT pricing.tax(o) FROM orders;
$$;
CREATE VIEW late AS SELECT coalesce(a, 'x') FROM orders JOIN lines l ON l.o = orders.id;
UPDATE carts SET state = 'open' WHERE id = 1;
"""


def test_routines_tables_and_statements_of_sql() -> None:
    found = read("a.sql", ROUTINES)
    assert list(found.functions) == ["total"]
    assert [part.name for part in found.of("class")] == ["shop.orders", "late"]
    assert [(call.receiver, call.method, call.line) for call in found.of("call")] == [
        ("pricing", "tax", 4),
        ("", "coalesce", 6),
    ]
    around = found.function_at(4)
    assert around
    assert around.name == "total"
    assert [tables_of(part.text) for part in found.of("statement") if "UPDATE" in part.text] == [["carts"]]


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/a.PY", "python"),
        ("Rakefile", "ruby"),
        ("x/Gemfile", "ruby"),
        ("a.h", "c"),
        ("a.hpp", "cpp"),
        ("a.mts", "typescript"),
        ("a.scala", "scala"),
        ("db/V1__init.SQL", "sql"),
    ],
)
def test_a_language_by_its_path(path: str, language: str) -> None:
    found = language_of(path)
    assert found
    assert found.name == language


@pytest.mark.parametrize("path", ["Makefile", "a.yaml", "py", "a.", "", "a.py.txt", ".py/x"])
def test_no_language_by_its_path(path: str) -> None:
    assert language_of(path) is None


NOT_LOOPS = {
    "A.java": "class A { void f() { optional.map(x -> client.get(x)); } }",
    "a.rs": "fn f() { option.map(|x| client.get(x)); }",
    "a.py": "for x in client.get(1):\n    pass\n",
    "a.scala": "object A { def f() = Option(1).toRight(0).left.map { x => client.get(x) } }",
    "a.go": "package a\nfunc f() { for x := range client.get() { use(x) } }",
    "a.js": "for (const f of list) { handlers[f] = function () {\n client.get(f);\n }; }",
}


@pytest.mark.parametrize("path", NOT_LOOPS)
def test_what_runs_once_is_in_no_loop(path: str) -> None:
    (call,) = [part for part in read(path, NOT_LOOPS[path]).of("call") if part.method == "get"]
    assert loop_around(call) is None


def test_parts_that_are_unchanged_are_taken_over_and_mean_the_same() -> None:
    for path, (text, _) in PROGRAMS.items():
        language = language_of(path)
        assert language
        before = parse(text.encode(), language)
        assert isinstance(before, Parsed)
        changed = text.replace("get(", "put(1, ").encode()
        after, anew = parse(changed, language, before=before), parse(changed, language)
        assert isinstance(after, Parsed)
        assert isinstance(anew, Parsed)
        assert str(after.tree.root_node) == str(anew.tree.root_node)


@pytest.mark.parametrize(
    ("path", "text", "callee"),
    [
        (
            "a.py",
            'db.execute("SELECT cents FROM prices").fetchone()',
            'db.execute("SELECT cents FROM prices").fetchone',
        ),
        ("a.py", 'db.run("""SELECT 1\n   FROM t""") .all()', 'db.run("""SELECT 1 FROM t""").all'),
        ("a.js", "db\n  .query('SELECT a FROM b')\n  .first()", "db.query('SELECT a FROM b').first"),
        ("a.rs", "fn a() { Held::<'a, 'b> :: new() }", "Held::<'a,'b>::new"),
    ],
)
def test_a_callee_has_no_blanks_but_in_its_texts(path: str, text: str, callee: str) -> None:
    assert callee in {call.callee for call in read(path, text).of("call")}


@pytest.mark.parametrize(
    ("text", "callee"),
    [
        ("total = sum(x for x in y)", "sum"),
        ("total = cart.lines.count(one.price for one in lines if one)", "cart.lines.count"),
        ("total = sum([x for x in y])", "sum"),
    ],
)
def test_a_call_on_a_generator_keeps_its_name(text: str, callee: str) -> None:
    """Python's grammar has no argument list there: the generator stands in its place."""
    (call,) = read("a.py", text).of("call")
    assert (call.callee, call.method) == (callee, callee.rpartition(".")[2])
    assert "in " in call.arguments
