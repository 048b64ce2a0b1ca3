"""The ranking on small shops: what each sign does, and that hints cannot do harm."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.ranking.priors import kind_of
from deep_code_reasoning.code.ranking.query import MOST_WORDS, Location, Query, weighted_words
from deep_code_reasoning.code.ranking.rank import rank
from deep_code_reasoning.code.ranking.ranked import best_chunks
from deep_code_reasoning.code.ranking.weights import Weights

SHOP = {
    "shop/cart.py": """class Cart:
    def total_price(self, tax_rate):
        net = sum(self.lines)
        log.warning('cart %s has no lines', self.id)
        return net * tax_rate
""",
    "shop/stock.py": """def reserve(item):
    if not item.left:
        raise SoldOut('could not reserve stock for this item')
    return item
""",
    "shop/orders/api.py": """@route('/api/v1/orders')
def create_order(request):
    cart = load_cart(request)
    return place(cart)
""",
    "shop/orders/models.py": "class Order(Model):\n    table = 'orders'\n    price = Money()\n    cart = Link()\n",
    "shop/mail.py": "def send_receipt(order):\n    smtp.send(order.mail, render('receipt', order))\n",
    "tests/test_cart.py": """def test_total_price():
    cart = Cart()
    assert cart.total_price(tax_rate=2) == 0
    assert total_price
""",
    "docs/cart.md": "The cart has a total_price with a tax_rate. total_price total_price.\n",
    "vendor/cartlib/cart.py": "def total_price(tax_rate):\n    return total_price\n",
    "deploy/values.yaml": "cart:\n  tax_rate: 1.2\n  total_price: true\n",
}
SOLD_OUT = "could not reserve stock for this item"
FRAME = 'File "/srv/shop/mail.py", line 2, in send_receipt'
SEEN = Location("/app/shop/mail.py", 1, "send_receipt")


@pytest.fixture
def shop(repository, indexed: Callable[..., CodeIndex]) -> CodeIndex:
    repository.write(SHOP).commit()
    return indexed(repository.path)


def first(shop: CodeIndex, **query) -> str:
    return rank([shop], Query(**query))[0].path


def test_words_whole_and_in_parts(shop: CodeIndex) -> None:
    (best, *_) = rank([shop], Query("The tax rate is applied to the price twice", "see total_price"))
    assert best.path == "shop/cart.py"
    assert best.chunks[0].name in ("Cart", "Cart.total_price")
    assert any(reason.startswith("rare words: ") for reason in best.reasons)
    assert (best.repository, best.kind, best.blob) == ("shop", "code", shop.blob("shop/cart.py"))


@pytest.mark.parametrize(
    ("query", "path", "reason"),
    [
        (Query("slow", "see shop/mail.py:2"), "shop/mail.py", "mentions shop/mail.py:2"),
        (Query("fails", FRAME), "shop/mail.py", "mentions srv/shop/mail.py:2"),
        (Query("shop.orders.models.Order breaks"), "shop/orders/models.py", "mentions shop/orders/models/Order"),
        (Query("`send_receipt` is never called"), "shop/mail.py", "defines send_receipt"),
        (Query("Error", f"SoldOut: {SOLD_OUT}"), "shop/stock.py", f'holds the text "{SOLD_OUT}"'),
        (Query("cart 17 'has no lines' logged"), "shop/cart.py", 'holds the text "has no lines"'),
        (Query("500", "POST /api/v1/orders/{id} fails"), "shop/orders/api.py", 'holds the route "/api/v1/orders"'),
        (Query("slow", "SELECT * FROM orders WHERE id = 1"), "shop/orders/models.py", 'names the table "orders"'),
        (Query("slow", locations=(SEEN,)), "shop/mail.py", "seen at run time: app/shop/mail.py:1 in send_receipt"),
        (Query("slow", files=("mail.py",)), "shop/mail.py", "named as a hint: mail.py"),
        (Query("slow", symbols=("send_receipt",)), "shop/mail.py", "defines send_receipt"),
    ],
)  # fmt: skip
def test_each_sign_is_found_and_told(shop: CodeIndex, query: Query, path: str, reason: str) -> None:
    found = {file.path: file for file in rank([shop], query)}
    assert reason in found[path].reasons
    without = {file.path: file.score for file in rank([shop], query, weights=_words_alone())}
    assert found[path].score > without.get(path, 0.0)


def _words_alone() -> Weights:
    return Weights(chunk=0, mention=0, location=0, definition=0, quotation=0, hint=0)


def test_a_named_line_leads_to_its_piece(shop: CodeIndex) -> None:
    files = rank([shop], Query("fails", 'File "/srv/shop/cart.py", line 5, in total_price'))
    file, chunk = best_chunks(files)[0]
    assert file.path == "shop/cart.py" and chunk.line <= 5 <= chunk.end_line
    assert chunk.reasons[0] == "mentions srv/shop/cart.py:5"


def test_code_goes_before_tests_documents_and_other_projects(shop: CodeIndex) -> None:
    order = [file.path for file in rank([shop], Query("total_price tax_rate cart"))]
    assert order[0] == "shop/cart.py"
    assert order.index("deploy/values.yaml") < order.index("docs/cart.md")
    alike = [f.path for f in rank([shop], Query("total_price tax_rate cart"), weights=replace(Weights(), prior=0.0))]
    assert alike[0] != "shop/cart.py"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/test/java/a/CartTest.java", "tests"), ("pkg/cart_test.go", "tests"), ("web/cart.spec.ts", "tests"),
        ("tests/cart.py", "tests"), ("spec/cart_spec.rb", "tests"), ("Shop.Tests/CartTests.cs", "tests"),
        ("README.md", "docs"), ("docs/conf.py", "docs"), ("CHANGELOG", "docs"),
        ("vendor/github.com/a/b.go", "vendored"), ("shop/migrations/0001_initial.py", "migrations"),
        ("db/migrate/20200101_add.rb", "migrations"), ("django/db/migrations/writer.py", "code"),
        ("src/contest.py", "code"), ("src/latest/a.go", "code"), ("protest.rs", "code"), ("a/b.sql", "code"),
        ("deploy/values.yaml", "other"), ("Dockerfile", "other"), ("pom.xml", "other"),
    ],
)  # fmt: skip
def test_kinds_of_files(path: str, kind: str) -> None:
    assert kind_of(path).name == kind


def test_wrong_hints_do_not_push_the_truth_out_of_the_first_five(repository, indexed) -> None:
    noise = {f"shop/other{n}.py": f"def other{n}(cart):\n    return cart.lines[{n}]\n" for n in range(40)}
    repository.write(SHOP | noise).commit()
    shop = indexed(repository.path)
    query = Query("The tax_rate is applied to the total_price twice")
    for hints in (1, 3, 5, 10, 40):
        wrong = tuple(list(noise)[:hints])
        order = [file.path for file in rank([shop], replace(query, files=wrong))]
        assert order.index("shop/cart.py") < 5
    assert [f.path for f in rank([shop], replace(query, services=("mail",)))].index("shop/cart.py") < 5


def test_services_of_many_repositories_in_one_ranking(repository, tmp_path: Path, indexed) -> None:
    others = []
    for name in ("cart-service", "payment"):
        other = type(repository)(tmp_path / name).init()
        other.write({"main.go": f"package main\n\nfunc Refund() {{ audit() }}\n// {name}\n"}).commit()
        others.append(indexed(other.path))
    alike = rank(others, Query("Refund audit"))
    assert {(f.repository, f.path) for f in alike} == {("cart-service", "main.go"), ("payment", "main.go")}
    assert alike[0].score == pytest.approx(alike[1].score, rel=0.01)
    for service, expected in (("cart", "cart-service"), ("payment-service", "payment"), ("Payment", "payment")):
        assert rank(others, Query("Refund audit", services=(service,)))[0].repository == expected


def test_a_words_rarity_is_counted_over_all_repositories(repository, tmp_path: Path, indexed) -> None:
    one = type(repository)(tmp_path / "one").init()
    one.write({f"f{n}.py": "common other" for n in range(20)} | {"rare.py": "special other"}).commit()
    two = type(repository)(tmp_path / "two").init()
    two.write({"a.py": "common other"}).commit()
    order = rank([indexed(one.path), indexed(two.path)], Query("common special"))
    assert order[0].path == "rare.py"  # in its own repository "common" would be the rarer word of a.py
    by_path = {(f.repository, f.path): f.score for f in rank([indexed(two.path)], Query("common"))}
    assert ("two", "a.py") in by_path


def test_words_score_as_bm25(repository, indexed) -> None:
    """Against the formula, counted in Python: k1 1.2, b 0.75, lengths below 40 words are exact in the index."""
    files = {"a.py": "alpha alpha beta", "b.py": "alpha gamma delta epsilon zeta", "c.py": "beta gamma", "d.py": "eta"}
    repository.write(files)
    index = indexed(repository.path)
    counts = {path: Counter([*text.split(), "every"]) for path, text in files.items()}
    mean = sum(sum(one.values()) for one in counts.values()) / len(files)
    assert index.documents
    scores = {index.paths[file]: score for file, score in index.documents.score({"alpha": 2.0, "beta": 0.5}, {}, 9)}
    for path, held in counts.items():
        norm = 1.2 * (0.25 + 0.75 * sum(held.values()) / mean)
        expected = sum(w * held[t] * 2.2 / (held[t] + norm) for t, w in (("alpha", 2.0), ("beta", 0.5)) if held[t])
        assert scores.get(path, 0.0) == pytest.approx(expected, rel=1e-4)


def test_nothing_to_find(shop: CodeIndex, folder, indexed) -> None:
    assert rank([shop], Query("")) == rank([shop], Query("zzzz yyyy")) == rank([], Query("cart")) == []
    assert rank([indexed(folder.path)], Query("cart")) == []
    assert rank([indexed(folder.path), shop], Query("send_receipt"))[0].path == "shop/mail.py"


def test_the_same_twice(shop: CodeIndex) -> None:
    query = Query("cart total_price", "order reserve item stock price line", files=("cart.py",))
    assert rank([shop], query) == rank([shop], query)


def test_what_is_read_is_as_it_is_now_and_what_is_gone_has_no_pieces(shop: CodeIndex, repository) -> None:
    repository.write({"shop/mail.py": "\n\n\n\n\ndef send_receipt(order):\n    a = 1\n    b = 2\n    return a\n"})
    (repository.path / "shop/stock.py").unlink()
    files = {file.path: file for file in rank([shop], Query("send_receipt reserve stock"))}
    assert [chunk.line for chunk in files["shop/mail.py"].chunks if chunk.name == "send_receipt"] == [6]
    assert files["shop/stock.py"].chunks == ()


def test_weights_of_words() -> None:
    words = weighted_words(Query("Slow getUser", "the user is slow. slow!"), title=2.0, compound=1.5)
    assert words == {"slow": 3.0, "getuser": 3.0, "get": 2.0, "user": 3.0} or words == {
        "slow": 3.0, "getuser": 3.0, "user": 3.0
    }  # fmt: skip
    assert len(weighted_words(Query("", " ".join(f"w{n}x" for n in range(5_000))), 1.0, 1.0)) == MOST_WORDS
    assert all(math.isfinite(weight) for weight in words.values())
