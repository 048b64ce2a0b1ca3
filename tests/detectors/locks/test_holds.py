"""The sweep over holds against every pair compared: certain, possible, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.locks.holds import Hold, overlaps

rows = st.lists(
    st.tuples(
        st.sampled_from("kl"), st.integers(1, 3), st.sampled_from("abc"), st.integers(0, 60), st.integers(1, 30),
        st.sampled_from((0, 2, 9)),
    ),
    max_size=14,
)  # fmt: skip


@given(rows)
def test_overlaps_are_those_of_every_pair(rows: list[tuple]) -> None:
    holds = [
        Hold(key, trace, host, number, "s", number, begin, begin + length, error, f"{trace}", f"{number}")
        for number, (key, trace, host, begin, length, error) in enumerate(rows)
    ]
    holds.sort(key=lambda hold: (hold.key, hold.begin_at, hold.span_number))
    expected = set()
    for place, second in enumerate(holds):
        for first in holds[:place]:
            if first.key != second.key or (first.trace_number, first.host) == (second.trace_number, second.host):
                continue
            error = 0 if first.host == second.host else first.error_nano + second.error_nano
            length = min(first.end_at, second.end_at) - second.begin_at
            if length > -error:
                expected.add((first.span_number, second.span_number, length, length > error))
    found = overlaps(holds)
    told = {(one.first.span_number, one.second.span_number, one.length_nano, one.certain) for one in found}
    assert told == expected
    assert len(found) == len(expected)


@given(st.integers(-40, 40), st.integers(0, 20))
def test_what_is_certain_holds_wherever_the_clocks_are_within_their_errors(gap: int, error: int) -> None:
    first = Hold("k", 1, "a", 0, "s", 1, 0, 100, error, "t", "1")
    second = Hold("k", 2, "b", 0, "s", 2, 100 + gap, 300, error, "u", "2")
    found = overlaps(sorted([first, second], key=lambda hold: hold.begin_at))
    truths = [100 + gap + moved < 100 for moved in range(-2 * error, 2 * error + 1)]
    certain, possible = bool(found) and found[0].certain, bool(found)
    assert not certain or all(truths)
    assert possible or not any(truths)
