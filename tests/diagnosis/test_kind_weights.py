"""A rare kind of change says much, a common one little, and the kinds are held against changes that were read alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.diffs.kind_rates import rate_of
from deep_code_reasoning.changes.diffs.kinds import kind_names, kinds
from deep_code_reasoning.changes.diffs.pattern import Match
from deep_code_reasoning.changes.diffs.seen import Seen
from deep_code_reasoning.diagnosis.kind_weights import KindWeights

SYMPTOMS = frozenset({"latency", "calls", "timeout"})
IN_CULPRIT = 0.7


def commit(number: int, patch: str = "+x := step") -> Candidate:
    return Candidate(f"{number:040x}", "shop", None, number, None, "work", ("till/till.go",), f"@@ -1 +1 @@\n{patch}")


RARE = commit(1, "-	time.Sleep(jitter)")
COMMON = commit(2, '+	rows := db.Query("select sku from lines")')
NOTHING = commit(3)


def test_a_rare_kind_says_more_than_a_common_one_and_none_says_nothing() -> None:
    weights = KindWeights([RARE, COMMON, *(commit(n) for n in range(10, 60))], SYMPTOMS, IN_CULPRIT)
    rare, common = weights.of(RARE), weights.of(COMMON)
    assert rare
    assert common
    assert (rare.kind.name, common.kind.name) == ("backoff-removed", "query-added")
    assert rare.gain > common.gain > 0
    assert weights.of(NOTHING) is None


def test_a_kind_that_all_changes_of_the_evidence_have_says_little() -> None:
    alike = [replace(RARE, sha=f"{n:040x}") for n in range(100, 200)]
    few = KindWeights([RARE, *(commit(n) for n in range(100, 200))], SYMPTOMS, IN_CULPRIT).of(RARE)
    many = KindWeights([RARE, *alike], SYMPTOMS, IN_CULPRIT).of(RARE)
    assert few
    assert many
    assert many.gain < 2 < few.gain
    assert (few.having, many.having, many.count) == (1, 101, 101)


def test_what_was_read_is_held_against_what_was_read() -> None:
    loop = Match("DIFF001", "call-in-loop", "till/till.go", 3, "Sum", "call()", "calls x() once per line")
    read = replace(NOTHING, seen=Seen((loop,), is_whole=True))
    weighed = KindWeights([read, *(commit(n) for n in range(10, 60))], SYMPTOMS, IN_CULPRIT).of(read)
    assert weighed
    assert (weighed.kind.name, weighed.having, weighed.count) == ("call-in-loop", 1, 1)


@pytest.mark.parametrize("on_tree", [True, False])
def test_every_kind_has_a_rate(on_tree: bool) -> None:
    names = {kind.name for kind in kinds()} | set(kind_names(SYMPTOMS))
    assert all(0 < rate_of(name, on_tree=on_tree) < 0.5 for name in names)
