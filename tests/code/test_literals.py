"""Constant text that is seen from outside a program, by what it is used for."""

from __future__ import annotations

import pytest

from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.literals import Literal, literals, tables_of
from deep_code_reasoning.code.outline import outline
from deep_code_reasoning.code.parsing import Parsed, parse

TEXTS = [
    ("a.py", 'log.warning("cart %s not found", x)', "log", "cart %s not found"),
    ("a.py", 'print(f"took {x} of {y} items")', "log", "took of items"),
    ("A.java", 'class A { void f() { logger.info("placed {} for {}", a, b); } }', "log", "placed for"),
    ("a.go", 'package a\nfunc f() { log.Printf("lock %s lost", k) }', "log", "lock %s lost"),
    ("a.rb", 'Rails.logger.info "hi #{x} there"', "log", "hi there"),
    ("a.py", '@app.route("/api/v1/<id>")\ndef f(): pass', "route", "/api/v1/<id>"),
    ("A.java", 'class A { @GetMapping("/carts/{id}") void f() {} }', "route", "/carts/{id}"),
    ("a.go", 'package a\nfunc f() { r.HandleFunc("/carts/x", h) }', "route", "/carts/x"),
    ("a.ts", 'router.get("/carts/:id", handler)', "route", "/carts/:id"),
    ("a.py", 'c = Counter("http_requests_total", "Help")', "metric", "http_requests_total"),
    ("a.js", 'meter.createHistogram("checkout.duration")', "metric", "checkout.duration"),
    ("a.py", 'cur.execute("""SELECT a FROM shop.orders o JOIN lines l ON 1""")', "table", "orders"),
    ("a.go", "package a\nvar q = `INSERT INTO audit (id) VALUES ($1)`", "table", "audit"),
    ("a.py", 'User.objects.filter(a="b")', "model", "User"),
    ("a.rb", "class Cart < ApplicationRecord\nend", "model", "Cart"),
    ("A.java", "interface R extends JpaRepository<Order, Long> {}", "model", "Order"),
    ("a.py", 'x = "nothing special"', "text", "nothing special"),
]


def read(path: str, text: str) -> list[Literal]:
    language = language_of(path)
    assert language
    parsed = parse(text.encode(), language)
    assert isinstance(parsed, Parsed)
    return literals(outline(parsed))


@pytest.mark.parametrize(("path", "text", "use", "wanted"), TEXTS)
def test_use(path: str, text: str, use: str, wanted: str) -> None:
    assert (wanted, use) in [(one.text, one.use) for one in read(path, text)]


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT a FROM orders o JOIN shop.lines l ON l.o = o.id", ["orders", "lines"]),
        ("insert into `audit`(id) values (1)", ["audit"]),
        ("UPDATE carts SET state = 1 WHERE id = ?", ["carts"]),
        ("DELETE FROM ONLY sessions", ["sessions"]),
        ('SELECT * FROM "public"."orders"', ["orders"]),
        ("WITH x AS (SELECT 1) SELECT * FROM x", ["x"]),
        ("please update the set of rules", []),
        ("select one of them from", []),
        ("", []),
    ],
)
def test_tables_of_a_statement(statement: str, tables: list[str]) -> None:
    assert tables_of(statement) == tables


def test_a_line_is_told() -> None:
    assert read("a.py", "\n\nx = 'some text'\n")[0].line == 3
