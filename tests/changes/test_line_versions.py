"""Lines that are versions of each other, and patterns that are only looked for where their words stand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.diffs.changed_lines import ChangedLines
from deep_code_reasoning.changes.diffs.delta import delta_of
from deep_code_reasoning.changes.diffs.kinds import kinds, kinds_of, needed_words, symptoms_in
from deep_code_reasoning.changes.diffs.line_versions import SIMILAR, versions_of_lines
from deep_code_reasoning.changes.diffs.needed_words import needed

WORDS = (
    "timeout retry for select from update Client.get( cache ttl http://a.b.c:80 == nil ?. len( <= round 5s 300 v1.2.3 "
)
PIECES = [*WORDS.split(), "for key in keys:", "close(", '"id":', "= 7;", "x-trace", " ", "\t", "é", "mutex.lock()"]
LINES = st.lists(st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join), max_size=12)


@pytest.mark.parametrize(
    ("removed", "added", "pairs"),
    [
        (["wait(5)"], ["wait(7)", "sleep(7)"], [("wait(5)", "wait(7)")]),
        (["a = 1", "b = 1"], ["b = 2", "a = 2"], [("a = 1", "a = 2"), ("b = 1", "b = 2")]),
        (["[1, 2]"], ["[1, 3]"], [("[1, 2]", "[1, 3]")]),
        (["github.com/one/codec v1.2.0"], ["github.com/another/driver v1.3.0"], []),
        (["a = 1"], [], []),
    ],
)
def test_a_line_is_paired_with_the_one_of_the_same_words(
    removed: list[str], added: list[str], pairs: list[tuple[str, str]]
) -> None:
    assert versions_of_lines(removed, added) == pairs


def naive_pairs(removed: list[str], added: list[str]) -> list[tuple[str, str]]:
    def words(line: str) -> set[str]:
        return set(re.findall(r"[A-Za-z_]+", line)) or {re.sub(r"[\w\s]+", "", line)}

    def similarity(old: str, new: str) -> float:
        return 2 * len(words(old) & words(new)) / (len(words(old)) + len(words(new)))

    free, pairs = list(added), []
    for old in removed:
        best = max(free, key=lambda new: similarity(old, new), default=None)
        if best is not None and similarity(old, best) >= SIMILAR:
            pairs.append((old, best))
            free.remove(best)
    return pairs


@given(LINES, LINES)
def test_pairs_are_those_of_the_definition(removed: list[str], added: list[str]) -> None:
    assert versions_of_lines(removed, added) == naive_pairs(removed, added)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("mutex|unlock\\(", {"mutex", "unlock("}),
        ("len\\([^)]*\\) *[=<>!]=? *0", {"len("}),
        ("time(d)?[ _-]?out", {"time"}),
        ("\\w+", None),
        ("retry|x*", None),
    ],
)
def test_the_literals_that_a_pattern_cannot_do_without(pattern: str, literals: set[str] | None) -> None:
    assert needed(pattern) == literals


@given(LINES, LINES)
def test_every_pattern_is_found_that_a_search_of_all_lines_finds(removed: list[str], added: list[str]) -> None:
    lines = ChangedLines((removed, added), needed_words())
    for kind in kinds():
        for pattern, side, here in ((kind.removed, 0, removed), (kind.added, 1, added)):
            if pattern is not None and "\\n" not in pattern.pattern:
                there = "\n".join((removed, added)[1 - side]).lower()
                expected = any(m[0].lower() not in there for line in here for m in pattern.finditer(line))
                assert lines.has_only(pattern, side) == expected, (kind.name, pattern.pattern)


@given(LINES)
def test_kinds_of_some_symptoms_are_those_of_all_that_bring_them(lines: list[str]) -> None:
    delta = delta_of("\n".join("+-"[n % 2] + line for n, line in enumerate(lines)))
    symptoms = symptoms_in(["context deadline exceeded, cache misses"])
    every = [kind.name for kind in kinds_of(delta, ["a.go"]) if kind.symptom & symptoms]
    assert [kind.name for kind in kinds_of(delta, ["a.go"], None, symptoms)] == every
