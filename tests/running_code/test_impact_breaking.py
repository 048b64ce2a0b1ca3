"""What a change takes away or alters that others rely on, in several languages, against those who use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from running_code.repositories import change, commit, impact_of, told

PYTHON = {
    "shared/price.py": "def price(product, quantity, currency):\n    return product.cents * quantity\n",
    "orders/app.py": "from shared.price import price\n\n\ndef place(order):\n    return price(order, 1, 'EUR')\n",
    "catalog/app.py": (
        "from shared.price import price\n\n\ndef show(it):\n    return price(it, quantity=2, currency='EUR')\n"
    ),
    "other/app.py": "def price(one):\n    return one\n\n\ndef mine():\n    return price(1)\n",
}
TYPESCRIPT = {
    "lib/price.ts": "export function price(product: P, quantity: number, currency: string): number {\n  return 1;\n}\n",
    "web/cart.ts": (
        "import { price } from '../lib/price';\n\nexport function total(p: P) {\n  return price(p, 1, 'EUR');\n}\n"
    ),
}
ARROWS = {
    "lib/price.js": "export const price = (product, quantity, currency) => product.cents * quantity;\n",
    "web/cart.jsx": (
        "import { price } from '../lib/price';\n\nexport const Total = ({ p }) => <b>{price(p, 1, 'EUR')}</b>;\n"
    ),
}
JAVA = {
    "src/main/java/com/shop/Price.java": (
        "package com.shop;\n\npublic class Price {\n    public static int of(int cents, int count, String currency) {\n"
        "        return cents * count;\n    }\n}\n"
    ),
    "src/main/java/com/shop/web/Cart.java": (
        "package com.shop.web;\n\nimport com.shop.Price;\n\npublic class Cart {\n    int total() {\n"
        '        return Price.of(1, 2, "EUR");\n    }\n}\n'
    ),
}
GO = {
    "go.mod": "module example.org/shop\n",
    "price/price.go": (
        "package price\n\nfunc Of(cents int, count int, currency string) int {\n\treturn cents * count\n}\n"
    ),
    "web/cart.go": (
        'package web\n\nimport "example.org/shop/price"\n\nfunc Total() int {\n\treturn price.Of(1, 2, "EUR")\n}\n'
    ),
}


@pytest.mark.parametrize(
    ("program", "file", "old", "new", "expected"),
    [
        (
            PYTHON, "shared/price.py", ", currency)", ")",
            [("broken", "catalog/app.py", 5, 1.0), ("broken", "orders/app.py", 5, 1.0)],
        ),
        (
            PYTHON, "shared/price.py", "product, quantity, currency", "quantity, product, currency",
            [("means otherwise", "catalog/app.py", 5, 1.0), ("means otherwise", "orders/app.py", 5, 1.0)],
        ),
        (
            PYTHON, "shared/price.py", "currency)", "currency, when=None)",
            [("fits", "catalog/app.py", 5, 1.0), ("fits", "orders/app.py", 5, 1.0)],
        ),
        (TYPESCRIPT, "lib/price.ts", ", currency: string", "", [("means otherwise", "web/cart.ts", 4, 1.0)]),
        (ARROWS, "lib/price.js", ", currency", "", [("means otherwise", "web/cart.jsx", 3, 1.0)]),
        (
            JAVA, "src/main/java/com/shop/Price.java", ", String currency", "",
            [("broken", "src/main/java/com/shop/web/Cart.java", 7, 1.0)],
        ),
        (GO, "price/price.go", ", currency string", "", [("broken", "web/cart.go", 6, 1.0)]),
    ],
    ids=["python-removed", "python-order", "python-default", "typescript", "arrow", "java", "go"],
)  # fmt: skip
def test_a_parameter(
    program: dict[str, str], file: str, old: str, new: str, expected: list[tuple], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    commit(folder, program)
    change(folder, {file: program[file].replace(old, new)})
    report = impact_of(folder, file)
    assert told(report.impacts, "parameters-changed") == expected
    (impact,) = [one for one in report.impacts if one.kind == "parameters-changed"]
    assert impact.confidence == (0.0 if expected[0][0] == "fits" else 1.0)


@pytest.mark.parametrize(
    ("program", "file", "name", "user"),
    [
        (PYTHON, "shared/price.py", "price", "orders/app.py"),
        (TYPESCRIPT, "lib/price.ts", "price", "web/cart.ts"),
        (GO, "price/price.go", "Of", "web/cart.go"),
    ],
    ids=["python", "typescript", "go"],
)
def test_a_function_that_is_renamed(program: dict[str, str], file: str, name: str, user: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, program)
    change(folder, {file: program[file].replace(f" {name}(", f" {name}2(").replace(f"c {name}(", f"c {name}2(")})
    report = impact_of(folder, file)
    states = [(state, path) for state, path, *_ in told(report.impacts, "function-removed")]
    assert ("broken", user) in states
    assert all(path != "other/app.py" for _, path in states), "a function of the same name elsewhere is another one"


def test_a_caller_that_changed_along_with_it_fits(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, PYTHON)
    change(
        folder,
        {
            "shared/price.py": PYTHON["shared/price.py"].replace(", currency)", ")"),
            "orders/app.py": PYTHON["orders/app.py"].replace(", 'EUR')", ")"),
        },
    )
    report = impact_of(folder, "shared/price.py", "orders/app.py")
    assert told(report.impacts, "parameters-changed") == [
        ("broken", "catalog/app.py", 5, 1.0),
        ("fits", "orders/app.py", 5, 1.0),
    ]


def test_a_file_that_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, PYTHON)
    change(folder, {"shared/price.py": None})
    report = impact_of(folder, "shared/price.py")
    assert [one["state"] for one in report.scope] == ["deleted"]
    assert {path for _, path, *_ in told(report.impacts, "function-removed")} == {"orders/app.py", "catalog/app.py"}


def test_a_call_that_is_sure_of_nothing_but_the_name(tmp_path: Path) -> None:
    program = {
        "a.py": "class Cart:\n    def settle_now(self, user):\n        return user\n",
        "b.py": "def go(thing):\n    return thing.settle_now(1)\n",
    }
    folder = tmp_path / "work"
    commit(folder, program)
    change(folder, {"a.py": program["a.py"].replace("self, user", "self, user, when")})
    report = impact_of(folder, "a.py")
    # One function here bears the name, one more may lie elsewhere.
    assert told(report.impacts, "parameters-changed") == [("broken", "b.py", 2, 0.5)]


ROUTES = {
    "python": (
        "catalog/app.py",
        (
            "from flask import Flask\n\napp = Flask(__name__)\n"
            '\n\n@app.get("/api/stock/<item>")\ndef stock(item):\n    return 1\n'
        ),
    ),
    "java": (
        "catalog/src/Stock.java",
        'package shop;\n\n@RestController\npublic class Stock {\n    @GetMapping("/api/stock/{item}")\n'
        "    public int stock(String item) {\n        return 1;\n    }\n}\n",
    ),
    "javascript": (
        "catalog/server.js",
        (
            "const app = express();\n\nfunction stock(req, res) {\n"
            "  res.send(1);\n}\n\napp.get('/api/stock/:item', stock);\n"
        ),
    ),
}
USERS = {
    "orders/app.py": (
        'import requests\n\n\ndef order(one):\n    return requests.get(f"http://catalog/api/stock/{one}")\n'
    ),
    "web/cart.ts": "export async function load(id: string) {\n  return await fetch(`${BASE}/api/stock/${id}`);\n}\n",
    "web/other.ts": "export const other = '/api/stock';\n",
}


@pytest.mark.parametrize("language", ROUTES)
def test_a_route_that_moves(language: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    file, text = ROUTES[language]
    commit(folder, {file: text, **USERS})
    change(folder, {file: text.replace("/api/stock", "/api/v2/stock")})
    report = impact_of(folder, file)
    # The first names the service's folder as its host; the second may mean a program that is not here.
    assert told(report.impacts, "route-removed") == [
        ("broken", "orders/app.py", 5, 1.0),
        ("broken", "web/cart.ts", 2, 0.5),
    ]
    (impact,) = [one for one in report.impacts if one.kind == "route-removed"]
    assert impact.function
    assert impact.function.rpartition(".")[2] == "stock"


def test_two_repositories_are_searched_for_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    file, text = ROUTES["python"]
    commit(folder / "catalog", {"app.py": text})
    commit(folder / "orders", {"app.py": USERS["orders/app.py"]})
    change(folder / "catalog", {"app.py": text.replace("/api/stock", "/api/v2/stock")})
    report = impact_of(folder, str(folder / "catalog/app.py"), str(folder / "orders/app.py"), root=folder)
    assert told(report.impacts, "route-removed") == [("broken", "orders/app.py", 5, 1.0)]
    assert file == "catalog/app.py"


def test_fields_of_messages_classes_and_tables(tmp_path: Path) -> None:
    proto = "message Order {\n  string order_key = 1;\n  int64 total = 2;\n}\n"
    model = "class Order:\n    order_key: str\n    total: int\n"
    folder = tmp_path / "work"
    commit(
        folder,
        {
            "order.proto": proto,
            "shop/model.py": model,
            "shop/use.py": "def show(order):\n    return order.order_key\n",
            "db/001.sql": "CREATE TABLE orders (order_key TEXT);\n",
        },
    )
    change(folder, {"order.proto": proto.replace("  string order_key = 1;\n", "")})
    change(folder, {"shop/model.py": model.replace("    order_key: str\n", "")})
    change(folder, {"db/002.sql": "ALTER TABLE orders DROP COLUMN order_key;\n"})
    report = impact_of(folder, "order.proto", "shop/model.py", "db/002.sql")
    gone = [one for one in report.impacts if one.kind == "field-removed"]
    assert {one.file for one in gone} == {"order.proto", "shop/model.py", "db/002.sql"}
    assert all(("shop/use.py", 2) in {(party.file, party.line) for party in one.affected} for one in gone)


def test_revisions(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    first = commit(folder, PYTHON)
    second = commit(
        folder, {"shared/price.py": PYTHON["shared/price.py"].replace(", currency)", ")"), "x.py": "x = 1\n"}
    )
    commit(folder, {"shared/price.py": "def later():\n    pass\n"})
    for revision in (second, f"{first}..{second}"):
        report = impact_of(folder, "shared/price.py", revision=revision)
        assert [state for state, *_ in told(report.impacts, "parameters-changed")] == ["broken", "broken"], revision
        assert not told(report.impacts, "function-removed")
        assert any(one.startswith("1 other files that") for one in report.not_looked_at)


def test_a_call_rewritten_along_and_one_that_means_an_overload(tmp_path: Path) -> None:
    price = (
        "class Price {\n    static int of(int cents, String unit) {\n        return 1;\n    }\n"
        "    static int of(int cents) {\n        return 2;\n    }\n}\n"
    )
    calls = (
        'class Cart {\n    int one() {\n        return Price.of(1, "EUR");\n    }\n'
        '    int two() {\n        return Price.of(2, "EUR");\n    }\n}\n'
    )
    folder = tmp_path / "work"
    commit(folder, {"Price.java": price, "Cart.java": calls})
    change(
        folder,
        {
            "Price.java": price.replace("int cents, String unit", "String unit, int cents, int count"),
            "Cart.java": calls.replace('1, "EUR"', '"EUR", 1, 1').replace('2, "EUR"', "2"),
        },
    )
    report = impact_of(folder, "Price.java", "Cart.java")
    assert told(report.impacts, "parameters-changed") == [
        ("fits", "Cart.java", 3, 1.0),
        ("fits", "Cart.java", 6, 1.0),
    ]


def test_functions_of_tests_are_no_ones_to_call(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    commit(folder, {"tests/test_a.py": "def test_a():\n    pass\n", "a.py": "def f():\n    pass\n"})
    change(folder, {"tests/test_a.py": "x = 1\n", "a.py": "x = 1\n"})
    report = impact_of(folder, "tests/test_a.py", "a.py")
    assert [one.file for one in report.impacts if one.kind == "function-removed"] == ["a.py"]
    assert report.not_looked_at[0].startswith("tests/test_a.py: a test")
