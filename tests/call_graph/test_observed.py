"""A path joined with what ran: spans, stack traces, CPU samples, of every way in which they name a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.programs import path_of, write
from deep_code_reasoning.code.graph.execution_path import ExecutionPath
from deep_code_reasoning.code.graph.observed import mark_observed
from deep_code_reasoning.code.graph.places import NAMELESS, NO_FUNCTION, NOT_ON_PATH, OUTSIDE, SEVERAL
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.run_time import CodePlace, FailingStack, RunTime, SampleStack, SpanPlace
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.progress import Work

SHOP = {
    "shop/cart.py": (
        "class Cart:\n    def check(self):\n        self.save()\n\n    def save(self):\n"
        "        def write(one):\n            return one\n        return write(1)\n"
    ),
    "other/cart.py": "class Cart:\n    def save(self):\n        return 2\n",
    "shop/later.py": "def unseen():\n    return 3\n",
    "cart.py": "def run():\n    return 4\n",
}
JAVA = {
    "a/src/com/shop/Cart.java": (
        "package com.shop;\n\nclass Cart {\n    int n;\n    Cart() { n = 1; }\n"
        "    void check() {\n        save();\n    }\n"
        "    void save() {\n        items.forEach(one -> one.go());\n    }\n}\n"
    ),
    "b/src/com/other/Cart.java": "package com.other;\n\nclass Cart {\n    void save() {\n        x();\n    }\n}\n",
}
GO = {
    "go.mod": "module github.com/x/shop\n",
    "cart/cart.go": (
        "package cart\n\ntype Cart struct{}\n\nfunc (c *Cart) Check() {\n\tc.Save()\n}\n\nfunc (c *Cart) Save() {\n"
        "\tgo func() {\n\t\twork()\n\t}()\n}\n"
    ),
}


def joined(folder: Path, files: dict[str, str], entry: str, seen: RunTime) -> ExecutionPath:
    write(folder, files)
    path = path_of(folder, entry)
    mark_observed(path, Program(tree_at(folder), Work()), seen)
    return path


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (CodePlace("save", "/app/shop/cart.py", 8), "Cart.save"),
        (CodePlace(None, "shop/cart.py", 5), "Cart.save"),
        (CodePlace("Cart.check", "shop/cart.py"), "Cart.check"),
        (CodePlace("write", "/app/shop/cart.py", 7), "Cart.write"),  # the innermost, not save, which holds it
        (CodePlace("save", "shop/cart.py", 99), "Cart.save"),  # the line has moved, the name is there once
        (CodePlace("save", "cart.py", 8), "Cart.save"),  # of three files of that name one has it there
        (CodePlace("<listcomp>", "shop\\cart.py", 3), "Cart.check"),
        (CodePlace("shop.cart.Cart.save"), "Cart.save"),
        (CodePlace("github.com/x/shop.(*Cart).save"), "Cart.save"),
        (CodePlace("Shop::Cart#save"), "Cart.save"),
        (CodePlace("save"), NAMELESS),
        (CodePlace(), NAMELESS),
        (CodePlace("Basket.save"), NOT_ON_PATH),
        (CodePlace("unseen", "shop/later.py", 1), NOT_ON_PATH),
        (CodePlace("save", "/app/other/cart.py", 2), NOT_ON_PATH),
        (CodePlace("gone", "shop/cart.py", 3), NO_FUNCTION),
        (CodePlace(None, "shop/cart.py", 99), NO_FUNCTION),
        (CodePlace("save", "p/cart.py", 8), NO_FUNCTION),  # ends as the cart.py at the top, which has no such function
        (CodePlace("save", "/usr/lib/python3/shop/cart2.py", 8), OUTSIDE),
        (CodePlace(None, "", 3), NAMELESS),
        (CodePlace(None, "///", 3), OUTSIDE),
    ],
)
def test_what_a_place_means(place: CodePlace, step: str, tmp_path: Path) -> None:
    path = joined(tmp_path, SHOP, "shop/cart.py:2", RunTime(spans=(SpanPlace(place),)))
    found = [one.function for one in path.steps() if one.observed] or list(path.joined[0].elsewhere)
    assert found == [step]


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (CodePlace("com.shop.Cart.save", "Cart.java", 10), "Cart.save"),
        (CodePlace("com.shop.Cart.lambda$save$0", "Cart.java", 10), "Cart.save"),
        (CodePlace("com.shop.Cart.<init>", "Cart.java", 5), NOT_ON_PATH),
        (CodePlace("com.other.Cart.save", "Cart.java", 5), NOT_ON_PATH),
        (CodePlace("org.third.Cart.save", "Cart.java", 10), OUTSIDE),
        (CodePlace("save", "Cart.java", None), SEVERAL),
    ],
)
def test_a_file_of_java_is_told_by_its_package(place: CodePlace, step: str, tmp_path: Path) -> None:
    path = joined(tmp_path, JAVA, "com/shop/Cart.java:6", RunTime(spans=(SpanPlace(place),)))
    found = [one.function for one in path.steps() if one.observed] or list(path.joined[0].elsewhere)
    assert found == [step]


def test_a_literal_of_go_is_told_of_the_function_around(tmp_path: Path) -> None:
    place = CodePlace("github.com/x/shop/cart.(*Cart).Save.func1", "/src/shop/cart/cart.go", 11)
    path = joined(tmp_path, GO, "Cart.Check", RunTime(spans=(SpanPlace(place),)))
    assert [one.function for one in path.steps() if one.observed] == ["Cart.Save"]


def test_counts_and_durations_add_up(tmp_path: Path) -> None:
    spans = (
        SpanPlace(CodePlace("save", "shop/cart.py", 5), 3, 30.0, 20.0),
        SpanPlace(CodePlace("Cart.save"), 2, 5.5, 4.0),
        SpanPlace(CodePlace("elsewhere", "lib/x.py", 1), 7),
    )
    path = joined(tmp_path, SHOP, "shop/cart.py:2", RunTime(spans=spans))
    (seen,) = [one.observed for one in path.steps() if one.observed]
    assert (seen.spans, seen.total_ms, seen.longest_ms) == (5, 35.5, 20.0)
    assert seen.failing_share is None
    assert seen.cpu_share is None
    (spans_joined,) = path.joined
    assert (spans_joined.rows, spans_joined.rows_on_path) == (12, 5)
    assert (spans_joined.places, spans_joined.places_on_path, spans_joined.elsewhere) == (3, 2, {OUTSIDE: 1})
    assert path.notes[-1] == (
        "spans: 5 of 12 touch this path; 2 of 3 places in them are its steps; "
        "of the others 1 are files that are not in this tree"
    )


def test_stacks_and_samples_count_a_function_once_each(tmp_path: Path) -> None:
    check, save = CodePlace("check", "/app/shop/cart.py", 3), CodePlace("save", "/app/shop/cart.py", 8)
    again, library = CodePlace("save", "/app/shop/cart.py", 5), CodePlace("get", "/lib/http.py", 9)
    path = joined(
        tmp_path,
        SHOP,
        "shop/cart.py:2",
        RunTime(
            stacks=(FailingStack((save, again, check), 3), FailingStack((library,), 1)),
            samples=(SampleStack((check, save, again), 60.0), SampleStack((check, library), 20.0)),
            cpu_total=100.0,  # twenty of stacks that were not looked at
        ),
    )
    seen = {one.function: one.observed for one in path.steps() if one.observed}
    assert {name: (one.failing_stacks, one.failing_share) for name, one in seen.items()} == {
        "Cart.check": (3, 0.75),
        "Cart.save": (3, 0.75),
    }
    assert {name: (one.cpu_share, one.cpu_share_itself) for name, one in seen.items()} == {
        "Cart.check": (0.8, 0.0),
        "Cart.save": (0.6, 0.6),
    }
    stacks, samples = path.joined
    assert (stacks.rows, stacks.rows_on_path, stacks.elsewhere) == (4, 3, {OUTSIDE: 1})
    assert (samples.rows, samples.rows_on_path, samples.places) == (100, 80, 4)
