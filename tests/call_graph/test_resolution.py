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
