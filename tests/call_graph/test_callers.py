"""Who calls functions: of several at once what is told of each alone, with one search of the text a level."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from call_graph.cases import FOLDER, read_case
from call_graph.programs import write
from deep_code_reasoning.code.graph.callers import MOST_CALLERS, MOST_FILES, callers_of
from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.mentioned import FEW, mentioned
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.progress import Work

LEVELS = 3


class Counted(Program):
    """How many files were read as text, without parsing."""

    read = 0

    def texts(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for one in super().texts(paths):
            self.read += 1
            yield one


def definitions(program: Program) -> list[Definition]:
    return [one for path in program.names.paths if (facts := program.facts(path)) for one in facts.definitions]


def alone(folder: Path, one: Definition) -> tuple[list, list[str]]:
    program = Program(tree_at(folder), Work())
    (climb,) = callers_of(program, Resolver(program), [one], LEVELS)
    return climb.found, climb.notes


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_several_at_once_are_told_as_each_alone(page: Path, tmp_path: Path) -> None:
    program = Program(tree_at(write(tmp_path, read_case(page).files)), Work())
    entries = definitions(program)
    together = [(one.found, one.notes) for one in callers_of(program, Resolver(program), entries, LEVELS)]
    assert together == [alone(tmp_path, one) for one in entries]
    assert any(found for found, _ in together) or page.stem == "sql"


def test_limits_hold_for_each_alone(tmp_path: Path) -> None:
    """Functions that so many files mention and call that each ends at its own limit."""
    calls = "def use_{0}():\n    busy()\n    other()\n"
    write(tmp_path, {"a.py": "def busy():\n    rare()\n\n\ndef other():\n    pass\n\n\ndef rare():\n    pass\n"})
    head = "from a import busy, other\n\n\n"
    write(tmp_path, {f"deep/m{n:03}.py": head + calls.format(n) for n in range(MOST_FILES + 5)})
    write(tmp_path, {"deep/uses.py": head + "\n\n".join(calls.format(f"more_{n}") for n in range(MOST_CALLERS))})
    program = Program(tree_at(tmp_path), Work())
    entries = [one for one in definitions(program) if one.path == "a.py"]
    found = callers_of(program, Resolver(program), entries, LEVELS)
    assert [(one.found, one.notes) for one in found] == [alone(tmp_path, one) for one in entries]
    assert [len(one.found) for one in found] == [MOST_CALLERS] * 3
    assert found[0].notes == [
        f"callers, level 1: {MOST_FILES + 7} files mention a name, the nearest {MOST_FILES} were read",
        f"callers: ended at {MOST_CALLERS}",
    ]


def test_the_text_is_searched_once_a_level_however_many_are_asked_for(tmp_path: Path) -> None:
    files = {f"m{n}.py": f"def f{n}():\n    return {n}\n\n\ndef g{n}():\n    f{n}()\n" for n in range(20)}
    program = Counted(tree_at(write(tmp_path, files)), Work())
    entries = [one for one in definitions(program) if one.name.startswith("f")]
    found = callers_of(program, Resolver(program), entries, LEVELS)
    assert [[one.function for one in climb.found] for climb in found] == [
        [entry.name.replace("f", "g")] for entry in entries
    ]
    assert program.read == 2 * len(files)  # functions, their callers; no one calls those


names = st.text(st.sampled_from("ab_é$?9"), min_size=1, max_size=4)


@given(st.sets(names, max_size=3 * FEW), st.text(st.sampled_from("ab_é$?9 \n."), max_size=60))
def test_names_are_found_as_a_pattern_finds_each(wanted: set[str], text: str) -> None:
    data = text.encode()
    expected = {name for name in wanted if re.search(rb"\b" + re.escape(name.encode()) + rb"\b", data)}
    assert mentioned(wanted)(data) == expected
