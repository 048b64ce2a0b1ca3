"""How texts name code: one case a form, as trackers, consoles and collectors write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.code.ranking.mentions import Mention, mentions, quotations, routes, tables

PLACES = {
    'File "/app/shop/cart.py", line 12, in total': Mention("app/shop/cart.py", 12, "total"),
    "\tat com.shop.Cart.total(Cart.java:12)": Mention("com/shop/Cart.java", 12, "total"),
    "at app//com.shop.Cart$Line.lambda$total$0(Cart.kt:9)": Mention("com/shop/Cart.kt", 9, "lambda$total$0"),
    r"   at Shop.Cart.Total(Int32 a) in C:\src\Shop\Cart.cs:line 12": Mention("C:/src/Shop/Cart.cs", 12, "Total"),
    "    at async Cart.total (/app/src/cart.js:12:5)": Mention("app/src/cart.js", 12, "Cart.total"),
    "at total (file:///app/cart.mjs:1:2)": Mention("app/cart.mjs", 1, "total"),
    "app/models/cart.rb:12:in `total'": Mention("app/models/cart.rb", 12, "total"),
    "/go/src/shop/cart.go:12 +0x1d": Mention("go/src/shop/cart.go", 12),
    "see shop/cart.py": Mention("shop/cart.py"),
    "(cart.py#L12)": Mention("cart.py", 12),
    r"src\shop\Cart.cs(12)": Mention("src/shop/Cart.cs", 12),
    "in ./cart.py, line 7": Mention("cart.py", 7),
    "shop.cart.Cart.total fails": Mention("shop/cart/Cart/total", is_module=True),
    "shop::cart::total": Mention("shop/cart/total", is_module=True),
}


@pytest.mark.parametrize("text", PLACES)
def test_a_place_is_read_as_it_is_written(text: str) -> None:
    assert PLACES[text] in mentions(text)


def test_a_frame_is_not_told_again_as_a_bare_path() -> None:
    found = mentions('  File "/app/shop/cart.py", line 12, in total\n    return sum(x)')
    assert [one for one in found if not one.is_module] == [Mention("app/shop/cart.py", 12, "total")]


QUOTED = {
    'It says "could not reserve stock" then stops': ["could not reserve stock"],
    "ValueError: cannot parse 'abc' as an amount of money": ["as an amount of money"],
    'ERROR "order {order_id} was refused by the bank"': ["was refused by the bank"],
    "`pip`": [],
    '"one"': [],
}


@pytest.mark.parametrize("text", QUOTED)
def test_messages_without_what_is_filled_in(text: str) -> None:
    assert quotations(text) == QUOTED[text]


def test_routes_and_tables() -> None:
    assert routes("POST /api/v1/orders/{id}/items 500") == ["/api/v1/orders"]
    assert routes("GET /api/cart/17") == ["/api/cart"]
    assert routes("and/or, 1/2 or a/b/c") == []
    assert tables('SELECT * FROM shop.orders o JOIN "items" i ON 1=1') == ["orders", "items"]


@given(st.text(alphabet=st.sampled_from("aA0./\\:\"'`(){}<>%$ \n_-")))
def test_any_text_can_be_read(text: str) -> None:
    for mention in mentions(text):
        assert not mention.path.startswith("/") and ".." not in mention.path.split("/")
    assert all(len(one.split()) >= 2 for one in quotations(text))
    routes(text)


@pytest.mark.parametrize(
    "piece",
    ["a.", "a/", "(", '"', "'", "at a.", "\\", "a:", "{", "/", "A", 'File "', "at a(", " ", "%", "/a/{", "Error: "],
)
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    start = time.process_time()
    mentions(text), quotations(text), routes(text)
    assert time.process_time() - start < 3
