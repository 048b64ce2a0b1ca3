"""What a call leads to where names alone do not say: scope, imports, types, interfaces, and honest doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.programs import path_of, write


def below(folder: Path, entry: str) -> list[tuple[str, str, float]]:
    return [(step.function, step.how, round(step.confidence, 2)) for step in path_of(folder, entry, 1).entry.steps]


def test_a_name_alone_leaves_room_for_a_function_outside_of_the_tree(tmp_path: Path) -> None:
    card = "class Card:\n    def charge(self, n):\n        return n\n"
    write(tmp_path, {"a.py": "def f(x):\n    x.charge(1)\n", "b.py": card})
    assert below(tmp_path, "f") == [("Card.charge", "name", 0.5)]
    write(tmp_path, {"c.py": "class Bill:\n    def charge(self, n):\n        return n\n"})
    assert below(tmp_path, "f") == [("Card.charge", "name", 0.33), ("Bill.charge", "name", 0.33)]


def test_too_many_candidates_are_told_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {f"m{n}.py": f"class C{n}:\n    def go(self):\n        return {n}\n" for n in range(6)})
    write(tmp_path, {"a.py": "def f(x):\n    x.go()\n"})
    path = path_of(tmp_path, "f")
    assert path.entry.steps == []
    assert [one.why.split(":")[0] for one in path.unresolved] == ["6 candidates by name"]


def test_a_number_of_arguments_rules_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "def f(x):\n    x.charge(1, 2, 3)\n",
            "b.py": "class Card:\n    def charge(self, n):\n        return n\n",
        },
    )
    path = path_of(tmp_path, "f")
    assert path.entry.steps == []
    assert [one.why for one in path.unresolved] == ["nothing named charge in this tree can be called so"]


def test_a_library_is_no_part_of_the_tree_even_where_a_name_fits(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.py": "import requests\n\ndef f():\n    requests.get('x')\n", "b.py": "def get(x):\n    return x\n"},
    )
    path = path_of(tmp_path, "f")
    assert path.entry.steps == []
    assert [one.why for one in path.unresolved] == ["requests is not in this tree"]
    assert [(one.kind, one.text) for one in path.entry.effects] == [("remote", "requests.get()")]


def test_names_handed_on_by_packages_are_followed_and_circles_of_imports_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "shop/__init__.py": "from .inner import *\nfrom shop.other import nothing\n",
            "shop/inner/__init__.py": "from .deep import place\nfrom shop import late\n",
            "shop/inner/deep.py": "def place():\n    return 1\n",
            "shop/other.py": "from shop import nothing, late\n",
            "main.py": "from shop import place as put, late\n\n\ndef main():\n    put()\n    late()\n",
        },
    )
    assert below(tmp_path, "main") == [("place", "import", 1.0)]


def test_a_base_class_in_another_file_and_super(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.py": (
                "class Base:\n    def __init__(self, a):\n        self.a = a\n\n    def run(self):\n        return 1\n"
            ),
            "a.py": (
                "import base\n\n\nclass A(base.Base):\n    def __init__(self):\n"
                "        super().__init__(1)\n        self.run()\n"
            ),
        },
    )
    assert below(tmp_path, "A.__init__") == [("Base.__init__", "same class", 1.0), ("Base.run", "same class", 1.0)]


def test_a_method_that_only_says_it_must_be_overridden_leads_to_those_that_do(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": (
                "class Base:\n    def run(self):\n        self.work(1)\n"
                "\n    def work(self, n):\n        raise NotImplementedError\n"
            ),
            "b.py": "from a import Base\n\n\nclass Real(Base):\n    def work(self, n):\n        return n\n",
            "c.py": "class Stranger:\n    def work(self, n):\n        return n\n",
        },
    )
    assert below(tmp_path, "Base.run") == [("Real.work", "interface", 1.0)]


def test_go_types_implement_an_interface_only_with_all_its_methods(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.mod": "module x\n",
            "a.go": (
                "package a\n\ntype Door interface {\n\tOpen(n int)\n\tClose()\n}\n\nfunc f(d Door) {\n\td.Open(1)\n}\n"
            ),
            "b.go": "package a\n\ntype Front struct{}\n\nfunc (f *Front) Open(n int) {}\nfunc (f *Front) Close() {}\n",
            "c.go": "package a\n\ntype Window struct{}\n\nfunc (w *Window) Open(n int) {}\n",
        },
    )
    assert below(tmp_path, "f") == [("Front.Open", "interface", 1.0)]


def test_a_parameter_that_is_called_is_not_the_function_of_that_name(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.go": "package a\n\nfunc get() {}\n\nfunc f(get func()) {\n\tget()\n}\n", "go.mod": "module x\n"}
    )
    path = path_of(tmp_path, "f")
    assert path.entry.steps == []
    assert [one.why for one in path.unresolved] == ["get is a parameter: the caller says what it is"]


def test_static_functions_of_c_stay_in_their_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.c": "void f(void)\n{\n\thidden();\n}\n", "sub/b.c": "static void hidden(void)\n{\n}\n"})
    assert below(tmp_path, "f") == []


@pytest.mark.parametrize(
    ("entry", "function"),
    [
        ("a.py:3", "Cart.check"),
        ("shop/a.py:6", "outside"),
        ("Cart.check", "Cart.check"),
        ("shop.a.Cart.check", "Cart.check"),
        ("Cart#check", "Cart.check"),
        ("check()", "Cart.check"),
    ],
)
def test_entry_points(entry: str, function: str, tmp_path: Path) -> None:
    text = "class Cart:\n    def check(self):\n        return 1\n\ndef outside():\n    return 2\n"
    assert path_of(write(tmp_path, {"shop/a.py": text}), entry).entry.function == function


def test_callers_level_by_level(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "def inner():\n    return 1\n\n\ndef middle():\n    inner()\n",
            "b.py": "from a import middle\n\n\ndef outer():\n    middle()\n\n\nouter()\n",
        },
    )
    found = path_of(tmp_path, "inner").callers
    assert [(one.level, one.function, one.file, one.call_line) for one in found] == [
        (1, "middle", "a.py", 6),
        (2, "outer", "b.py", 5),
        (3, "(top of the file)", "b.py", 8),
    ]


def test_where_an_argument_goes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "def f(user):\n    g(user.id, key='k')\n\n\ndef g(who, key=None):\n    h(1, who)\n\n\n"
            "def h(n, name):\n    pass\n"
        },
    )
    (step,) = path_of(tmp_path, "f", 1).entry.steps
    flows = [
        (one.argument, one.parameter, [(p.call, p.text, p.parameter) for p in one.passed_on]) for one in step.flows
    ]
    assert flows == [("user.id", "who", [("h", "who", "name")]), ("'k'", "key", [])]


def test_the_result_of_a_call_that_is_called_is_not_its_argument(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.py": "class A:\n    def f(self):\n        wrap(self.g)()\n\n    def g(self):\n        return 1\n"}
    )
    path = path_of(tmp_path, "A.f")
    assert [(one.function, one.is_reference) for one in path.entry.steps] == [("A.g", True)]
    assert "what is called is the value of an expression" in [one.why for one in path.unresolved]


def test_a_class_without_a_name_implements_as_others_do(tmp_path: Path) -> None:
    text = (
        "interface Walk {\n    int next();\n    static Walk wrap() {\n        return new Walk() {\n"
        "            public int next() { return 1; }\n        };\n    }\n}\n"
        "class Real implements Walk {\n    public int next() { return 2; }\n}\n"
        "class A {\n    void f(Walk walk) { walk.next(); }\n}\n"
    )
    path = path_of(write(tmp_path, {"A.java": text}), "A.f")
    assert [(one.function, one.how) for one in path.entry.steps] == [
        ("Walk.next", "interface"),
        ("Real.next", "interface"),
    ]


CART = "class Cart:\n    def price(self, n):\n        return n\n\n    def replace(self, a, b):\n        return a\n"


def test_a_method_of_the_languages_own_types_is_not_guessed_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def f(x):\n    x.price(1)\n    x.replace('a', 'b')\n", "b.py": CART})
    path = path_of(tmp_path, "f")
    assert [(step.function, step.how) for step in path.entry.steps] == [("Cart.price", "name")]
    assert [one.why for one in path.unresolved] == [
        "the receiver's type is not known, and replace is a method of the language's own types"
    ]
    write(tmp_path, {"a.py": "from b import Cart\n\ndef f():\n    x = Cart()\n    x.replace('a', 'b')\n"})
    assert ("Cart.replace", "type", 1.0) in below(tmp_path, "f")


def test_what_is_made_over_several_lines(tmp_path: Path) -> None:
    text = (
        "from b import Cart\n\ndef made(a):\n    return a\n\n\n"
        "def f():\n    x = Cart(\n        1,\n        (2),\n    )\n"
        "    y = (\n        1)\n    x.price(1)\n    z = made(\n        1\n    ).other()\n    z.price(2)\n"
    )
    write(tmp_path, {"a.py": text, "b.py": CART})
    assert [one for one in below(tmp_path, "f") if one[0] == "Cart.price"] == [
        ("Cart.price", "type", 1.0),
        ("Cart.price", "name", 0.5),  # not what `made` returns
    ]


@pytest.mark.parametrize(
    ("function", "how"),
    [
        ("def f():\n    cart.price(1)\n", "type"),
        ("def f(cart):\n    cart.price(1)\n", "name"),  # the caller's
        ("def f():\n    cart = other()\n    cart.price(1)\n", "name"),
        ("def f():\n    for cart in carts():\n        cart.price(1)\n", "name"),
    ],
)
def test_a_variable_of_the_file_unless_the_function_has_one_of_its_own(function: str, how: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.py": f"from b import Cart\n\ncart = Cart(\n    1\n)\n\n\n{function}", "b.py": CART})
    assert [one[1] for one in below(tmp_path, "f") if one[0] == "Cart.price"] == [how]


def test_a_variable_of_a_package_of_go_stands_in_any_of_its_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.mod": "module x\n",
            "a.go": "package a\n\nfunc f() {\n\tmu.Lock()\n\tseen.Observe(1)\n\tstore.Put(1)\n}\n",
            "vars.go": (
                'package a\n\nimport (\n\t"sync"\n\t"example.org/metrics"\n)\n\nvar mu sync.Mutex\n\nvar (\n'
                "\tseen = metrics.NewHistogram(metrics.Options{\n\t\tName: 1,\n\t})\n\tstore = &Store{}\n)\n"
            ),
            "b.go": (
                "package a\n\ntype Store struct{}\n\nfunc (s *Store) Put(n int) {}\n\ntype Own struct{}\n\n"
                "func (o *Own) Lock() {}\nfunc (o *Own) Observe(n int) {}\nfunc (o *Own) Put(n int) {}\n"
            ),
        },
    )
    path = path_of(tmp_path, "f")
    assert [(step.function, step.how) for step in path.entry.steps] == [("Store.Put", "type")]
    assert {one.why for one in path.unresolved} == {
        "sync is not in this tree",
        "example.org/metrics is not in this tree",
    }


def test_what_only_says_how_a_function_may_be_called_is_not_called(tmp_path: Path) -> None:
    stubs = "@overload\ndef get(n: int) -> int: ...\n\n\n@overload\ndef get(n: str) -> str: ...\n\n\n"
    write(tmp_path, {"a.py": f"{stubs}def get(n):\n    return n\n\n\ndef f():\n    get(1)\n"})
    path = path_of(tmp_path, "f")
    assert [(step.function, step.line, step.confidence) for step in path.entry.steps] == [("get", 9, 1.0)]


def test_the_base_class_of_another_library_is_not_of_this_tree(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": (
                "import library\n\n\nclass A(library.Base):\n    def go(self):\n        super().leave()\n\n"
                "    def leave(self):\n        return 1\n"
            )
        },
    )
    assert below(tmp_path, "A.go") == []


def test_an_interface_of_go_is_implemented_with_its_number_of_parameters(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.mod": "module x\n",
            "a.go": (
                "package a\n\ntype Reader interface {\n\tRead(b []byte) error\n}\n\n"
                "func f(r Reader) {\n\tr.Read(nil)\n}\n"
            ),
            "b.go": "package a\n\ntype codec struct{}\n\nfunc (c codec) Read(b []byte, v any) error { return nil }\n",
        },
    )
    assert below(tmp_path, "f") == []


def test_a_function_literal_that_is_called_at_once_is_told_where_it_stands(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.mod": "module x\n",
            "a.go": "package a\n\nfunc f() {\n\tfunc() {\n\t\tg()\n\t}()\n}\n\nfunc g() {}\n",
            "b.js": "function h() {\n  (() => {\n    i();\n  })();\n}\n\nfunction i() {}\n",
        },
    )
    for entry, function in (("f", "g"), ("h", "i")):
        path = path_of(tmp_path, entry)
        assert [step.function for step in path.entry.steps] == [function]
        assert path.unresolved == []


def test_a_class_within_a_class_is_made_and_its_methods_are_called_in_a_chain(tmp_path: Path) -> None:
    own = (
        "    static class Builder {\n        Builder(int n) {}\n"
        "        Builder named(String s) { return this; }\n    }\n"
    )
    caller = (
        "class C {\n    void f() {\n        new A.Builder(1)\n            .named(x)\n            .named(y);\n    }\n}\n"
    )
    write(
        tmp_path,
        {
            "A.java": f"class A {{\n{own}}}\n",
            "B.java": f"class B {{\n{own}}}\n",
            "C.java": caller,
        },
    )
    found = [(step.file, step.function, step.confidence) for step in path_of(tmp_path, "C.f", 1).entry.steps]
    assert found == [
        ("A.java", "A.Builder.Builder", 1.0),
        ("A.java", "A.Builder.named", 1.0),
        ("A.java", "A.Builder.named", 1.0),
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "A.java": (
                    "import java.util.Optional;\n\nclass A {\n    void f(Optional<Cart> cart) {\n        cart.get();\n"
                    "        cart.get().check();\n        cart.map(x);\n    }\n}\n"
                ),
                "Cart.java": (
                    "class Cart {\n    Cart get() { return this; }\n    void check() {}\n    void map(X x) {}\n}\n"
                ),
            },
            ["Cart.check"],
        ),
        (
            {
                "a.rs": (
                    "use crate::cart::Cart;\n\nfn f(cart: Arc<Mutex<Cart>>) {\n    cart.lock().unwrap().check();\n}\n"
                ),
                "cart.rs": (
                    "pub struct Cart {}\n\nimpl Cart {\n    pub fn check(&self) {}\n    pub fn lock(&self) {}\n}\n"
                ),
            },
            ["Cart.check"],
        ),
        (
            {
                "a.py": (
                    "from typing import Optional\nfrom cart import Cart\n\n\n"
                    "def f(cart: Optional[Cart]):\n    cart.get()\n"
                ),
                "cart.py": "class Cart:\n    def get(self):\n        return 1\n",
            },
            ["Cart.get"],
        ),
    ],
    ids=["java", "rust", "python"],
)
def test_what_holds_an_object_has_methods_of_its_own(
    files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    write(tmp_path, files)
    assert [step.function for step in path_of(tmp_path, "f", 1).entry.steps] == expected


def test_of_several_classes_of_one_name_the_one_in_the_class_around(tmp_path: Path) -> None:
    def holder(name: str) -> str:
        return (
            f"    static class {name} {{\n        Builder make() {{ return new Builder().with(1); }}\n"
            "        static class Builder {\n            Builder() {}\n"
            "            Builder with(int n) { return this; }\n        }\n    }\n"
        )

    write(tmp_path, {"All.java": f"class All {{\n{holder('One')}{holder('Two')}}}\n"})
    found = [(step.function, step.confidence) for step in path_of(tmp_path, "Two.make", 1).entry.steps]
    assert found == [("All.Two.Builder.Builder", 1.0), ("All.Two.Builder.with", 1.0)]
