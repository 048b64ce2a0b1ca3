"""Secrets of many kinds in the texts they leak in, drawn anew; nothing is taken for a secret that is none."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

from deep_code_reasoning.context.redact import Redactor
from leaks import HELD_OUT, SEEN, alike, leaks
from planted_secrets import HARMLESS, KEYED, PHRASES, SHAPES, harmless, planted, remains


def test_of_24_kinds_at_least_23_are_found_each_time() -> None:
    missed = Counter(one.kind for one in planted(seed=11, each=3) if remains(one, Redactor().clean(one.text)))
    kinds = len(SHAPES) + len(KEYED) + len(PHRASES)
    assert kinds >= 24
    assert len(missed) <= kinds / 24, missed
    assert missed.total() <= 0.005 * sum(1 for _ in planted(seed=11, each=3)), missed


@pytest.mark.parametrize("kind", HARMLESS)
def test_nothing_is_taken_for_a_secret_that_is_none(kind: str) -> None:
    for name, text in harmless(seed=12, each=40):
        if name == kind:
            assert Redactor().clean(text) == text


@pytest.mark.parametrize(("half", "least"), [(SEEN, 0.97), (HELD_OUT, 0.95)])
def test_of_what_leaks_in_the_field_nearly_all_is_found(half: int, least: float) -> None:
    """The held-out half was written before the patterns of it and is not looked at while they are changed."""
    texts = list(leaks(half, seed=14, each=2))
    missed = Counter(one.kind for one in texts if remains(one, Redactor().clean(one.text)))
    assert len(texts) > 200
    assert missed.total() <= (1 - least) * len(texts), missed


@pytest.mark.parametrize(("half", "most"), [(SEEN, 0.0), (HELD_OUT, 0.06)])
def test_of_what_looks_alike_nearly_all_stays(half: int, most: float) -> None:
    texts = list(alike(half, seed=15, each=2))
    alarms = Counter(kind for kind, text in texts if Redactor().clean(text) != text)
    assert alarms.total() <= most * len(texts), alarms


def test_a_set_can_be_told_from_nothing_done() -> None:
    """The oracle itself: every planted secret remains in a text that nobody cleaned."""
    assert all(remains(one, one.text) for one in planted(seed=13, each=1))
    assert all(remains(one, one.text) for half in (SEEN, HELD_OUT) for one in leaks(half, seed=13, each=1))
