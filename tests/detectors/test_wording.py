"""Figures of titles: rounded to what matters, and never to something that was not measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors import wording

MS = 1_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (55.034, "55"), (55.34, "55.3"), (0.803, "0.803"), (0.2, "0.2"), (2552.92, "2,553"), (1450.0, "1,450")],
)
def test_figures_keep_three_digits(value: float, text: str) -> None:
    assert wording.figure(value) == text


@given(st.floats(0.001, 1e7))
def test_a_figure_is_within_half_a_percent(value: float) -> None:
    assert float(wording.figure(value).replace(",", "")) == pytest.approx(value, rel=0.005)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (977.121, 2552.92, "977 → 2,553 ms"),
        (0.2, 4102.3, "0.2 → 4,102 ms"),
        (100.2, 100.4, "100.2 → 100.4 ms"),
        (5, 5, "5 → 5 ms"),
    ],
)
def test_a_change_shows_what_changed(before: float, after: float, text: str) -> None:
    assert wording.change(before * MS, after * MS) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (198.91, 0.233, "198.9 ± 0.2 ms"),
        (199.001, 0.224, "199.0 ± 0.2 ms"),
        (23.98, 0.143, "23.98 ± 0.14 ms"),
        (2598.8, 31, "2,599 ± 31 ms"),
        (12.5, 0, "12.5 ± 0 ms"),
    ],
)
def test_an_error_says_where_digits_end(value: float, error: float, text: str) -> None:
    assert wording.measured(value * MS, error * MS) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(23, 78, "29 %"), (1, 1_000, "<1 %"), (999, 1_000, ">99 %"), (4, 4, "100 %"), (0, 4, "0 %")],
)
def test_few_are_not_none_and_most_are_not_all(part: int, whole: int, text: str) -> None:
    assert wording.percent(part, whole) == text
