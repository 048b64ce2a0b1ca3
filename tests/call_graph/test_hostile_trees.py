"""Trees that were made to hurt: broken, deep, huge, circular, with links out. Something is always told, and it ends."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from call_graph.cases import FOLDER, read_case
from call_graph.programs import path_of, write
from deep_code_reasoning.code.graph.entry_point import Entry
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.rules import rules_of
from deep_code_reasoning.code.graph.trace import MOST_STEPS
from deep_code_reasoning.code.index.definitions import lines_of
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.code.language import Language, languages
from deep_code_reasoning.code_questions import trace_path
from deep_code_reasoning.errors import CancelledError, EvidenceError, OutsideRootsError, UsageError
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "secret/b.py": "def hidden():\n    return 1\n",
            "tree/a.py": "from b import hidden\n\ndef f():\n    hidden()\n",
        },
    )
    (tmp_path / "tree" / "b.py").symlink_to(tmp_path / "secret" / "b.py")
    (tmp_path / "tree" / "folder").symlink_to(tmp_path / "secret")
    path = path_of(tmp_path / "tree", "f")
    assert path.entry.steps == []
    assert path.files == 1


def test_roots_hold(tmp_path: Path) -> None:
    write(tmp_path, {"in/a.py": "def f():\n    pass\n", "out/a.py": "def f():\n    pass\n"})
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    for root in (tmp_path / "out", tmp_path / "in" / "..", tmp_path / "in" / "link"):
        with pytest.raises(OutsideRootsError):
            trace_path(Entry(function="f"), root=root, settings=Settings(), roots=(tmp_path / "in",), work=Work())
    found = trace_path(
        Entry(function="f"), root=tmp_path / "in", settings=Settings(), roots=(tmp_path / "in",), work=Work()
    )
    assert found.entry.function == "f"


def test_syntax_errors_leave_the_rest(tmp_path: Path) -> None:
    broken = "x = = 3\n\n\ndef f():\n    y = [1, 2 3]\n    g()\n\n\ndef g():\n    return 1\n"
    write(tmp_path, {"a.py": broken, "b.go": "package {{{ func"})
    assert [step.function for step in path_of(tmp_path, "f").steps()] == ["f", "g"]


def test_deep_nesting_and_long_lines_and_binaries(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "def f():\n    g()\n    " + "(" * 5_000 + "1" + ")" * 5_000 + "\n",
            "b.py": "def g(): " + "x" * 900_000 + "\n",
            "c.py": b"def g():\n\0\n",
            "huge.py": "def g():\n    pass\n" + "#" * (3 << 20),
            "nested.js": "function g() {" * 2_000 + "}" * 2_000,
        },
    )
    path = path_of(tmp_path, "f")
    assert path.entry.function == "f"
    assert path.entry.steps == []
    assert any("files were not read" in note for note in path.notes)


@pytest.mark.parametrize("entry", ["nothing", "a.py:99", "b.py:1", "", ":", "a.py:0", "../a.py:1", "\x00", "a" * 5_000])
def test_an_entry_that_is_none_is_said(entry: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def f():\n    pass\n"})
    with pytest.raises(UsageError):
        path_of(tmp_path, entry)


def test_no_files_at_all_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        path_of(tmp_path, "f")
    with pytest.raises(EvidenceError):
        path_of(tmp_path / "none", "f")


def test_cancelling_stops_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def f():\n    f()\n"})

    def listen(progress: Progress) -> None:
        work.cancel()

    work = Work(listen)
    with pytest.raises(CancelledError):
        path_of(tmp_path, "f", work=work)


def test_a_path_that_would_never_end_is_ended_and_said(tmp_path: Path) -> None:
    many = "".join(
        f"def f{n}():\n" + "".join(f"    f{m}()\n" for m in range(n + 1, 60)) + "    pass\n" for n in range(60)
    )
    path = path_of(write(tmp_path, {"a.py": many}), "f0", 100)
    assert sum(1 for _ in path.steps()) <= MOST_STEPS
    assert any(str(MOST_STEPS) in note for note in path.notes)


def test_a_revision_is_read_through_git(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    write(tmp_path, {"a.py": "from b import old\n\ndef f():\n    old()\n", "b.py": "def old():\n    pass\n"})
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    write(tmp_path, {"a.py": "def f():\n    pass\n"})
    assert [step.function for step in path_of(tmp_path, "f", revision="HEAD").steps()] == ["f", "old"]
    assert [step.function for step in path_of(tmp_path, "f").steps()] == ["f"]


FRAGMENTS = [
    "impl ",
    "func (",
    "fun fun<",
    "* ",
    "a",
    "a::",
    "a = ",
    "a=(",
    "a<",
    "\n",
    "class ",
    "a(",
    "import {",
    "a.a.",
]


@pytest.mark.parametrize("language", languages().values(), ids=lambda one: one.name)
def test_the_scan_for_names_takes_its_time_from_the_length_alone(language: Language) -> None:
    for fragment in FRAGMENTS:
        line = fragment * (19_000 // len(fragment)) + "\n"
        data = (line * (80_000 // len(line) + 1))[:80_000].encode()
        lines = lines_of(language)
        for pattern in (*lines.surely, *lines.perhaps, rules_of(language).package):
            begin = time.process_time()
            if pattern is not None:
                pattern.findall(data if isinstance(pattern.pattern, bytes) else data.decode())
            assert time.process_time() - begin < 2, (fragment, pattern)


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_the_scan_says_every_name_that_the_syntax_does(page: Path, tmp_path: Path) -> None:
    case = read_case(page)
    program = Program(tree_at(write(tmp_path, case.files)), Work())
    for path in program.names.paths:
        facts = program.facts(path)
        assert facts
        for name in (*facts.by_name, *facts.classes):
            assert path in program.names.defining(name, facts.rules.family)


NAMES = [f"f{n}" for n in range(8)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.lists(st.sampled_from(NAMES), max_size=4), min_size=8, max_size=8),
    files=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    depth=st.integers(0, 6),
)
def test_any_graph_ends_within_its_depth_and_says_only_what_is_there(
    calls: list[list[str]], files: list[int], depth: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("graph")
    texts = [""] * 3
    for name, callees, number in zip(NAMES, calls, files, strict=True):
        texts[number] += f"def {name}():\n" + "".join(f"    {callee}()\n" for callee in callees) + "    return 1\n\n\n"
    heads = [
        "".join(f"from m{files[n]} import {NAMES[n]}\n" for n in range(8) if files[n] != number) for number in range(3)
    ]
    write(folder, {f"m{number}.py": heads[number] + texts[number] for number in range(3)})
    path = path_of(folder, "f0", depth)
    known = dict(zip(NAMES, calls, strict=True))
    told = {}
    for step in path.steps():
        assert step.depth <= depth
        lines = (folder / step.file).read_text().splitlines()
        assert lines[step.line - 1] == f"def {step.function}():"
        if step.call_file is not None and step.call_line is not None:
            assert (folder / step.call_file).read_text().splitlines()[
                step.call_line - 1
            ].strip() == f"{step.function}()"
        if not step.cut:
            told[step.function] = [below.function for below in step.steps]
    for name, below in told.items():  # whole: every call of a function that is told is below it, in its order
        assert below == known[name]
    if depth >= 6:
        reached, waiting = set(), ["f0"]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += known[name]
        assert {step.function for step in path.steps()} <= reached
