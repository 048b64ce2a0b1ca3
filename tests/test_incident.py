"""Times in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import TimeWindow, iso, parse_instant


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01", 1_000_000_000),
        ("1970-01-01T02:00:01.5+02:00", 1_500_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
    ],
)
def test_an_instant(text: str, nanoseconds: int) -> None:
    assert parse_instant(text) == nanoseconds


@given(st.integers(0, 4_000_000_000_000))
def test_what_is_printed_reads_back_to_the_millisecond(milliseconds: int) -> None:
    assert parse_instant(iso(milliseconds * 1_000_000)) == milliseconds * 1_000_000


@pytest.mark.parametrize(
    "text", ["", "yesterday/today", "2026-10-13", "2026-10-13T10:00:00Z/2026-10-13T09:00:00Z", "a/b/c"]
)
def test_a_window_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        TimeWindow.parse(text)


def test_a_time_out_of_range_is_shown_as_it_is() -> None:
    assert iso(10**30) == f"{10**30} ns"
