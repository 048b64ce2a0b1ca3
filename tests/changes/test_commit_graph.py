"""Ancestry against a plain walk over parents, on any history, broken ones included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.changes.candidates.commit_graph import CommitGraph


def sha(number: int) -> str:
    return f"{number:040x}"


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[str]]:
    """Commits in any order; parents that come earlier, or that were not read."""
    count = draw(st.integers(1, 25))
    numbers = st.lists(st.integers(0, count + 3), max_size=3, unique=True)
    made = {n: [p for p in draw(numbers) if p < n or p >= count] for n in range(count)}
    return {sha(n): [sha(p) for p in made[n]] for n in draw(st.permutations(range(count)))}


def walked(parents: dict[str, list[str]], start: str) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one in parents and one not in seen:
            seen.add(one)
            waiting += parents[one]
    return seen


@given(histories(), st.data())
def test_what_one_commit_brought_over_another(parents: dict[str, list[str]], data: st.DataObject) -> None:
    graph = CommitGraph(parents)
    new, old = (data.draw(st.sampled_from(list(parents))) for _ in range(2))
    assert graph.brought(new, old) == walked(parents, new) - walked(parents, old)
    assert graph.brought(new, None) == walked(parents, new)
    assert graph.contains(new, old) == (old in walked(parents, new))


def test_a_forged_cycle_ends() -> None:
    graph = CommitGraph({sha(1): [sha(2)], sha(2): [sha(1)], sha(3): [sha(2)]})
    assert graph.brought(sha(3), None) == {sha(3)}


def test_a_shortened_id_means_one_commit_or_none() -> None:
    graph = CommitGraph({"abcdef1" + "0" * 33: [], "abcdef1" + "1" * 33: [], "abcdef2" + "0" * 33: []})
    assert graph.find("ABCDEF2") == "abcdef2" + "0" * 33
    assert graph.find("abcdef1") is None
    assert graph.find("abcdef") is None
    assert graph.find("no hexadecimal digits") is None
    assert graph.find(None) is None
    assert not graph.is_known
    assert CommitGraph({sha(1): []}).is_known
