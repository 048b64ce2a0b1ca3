"""The table that the documentation shows is the one in force."""

from __future__ import annotations

import pytest

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists import effort
from deep_code_reasoning.specialists.effort import SMALL, Allowance, allowance_of


def test_the_documented_table_is_the_one_in_force() -> None:
    rows = [line.strip("| ").split(" | ") for line in (effort.__doc__ or "").splitlines() if line.startswith("| ")]
    for level, *row in (row for row in rows if row[0] in ("1", "2", "3", "4", "5", "small")):
        share, thinking, output, rounds, calls = row
        found = SMALL if level == "small" else allowance_of(int(level))
        documented = (float(share), thinking, int(output.replace(",", "")), int(rounds), int(calls))
        assert documented == (
            found.brief_share, found.thinking, found.output_tokens, found.rounds, found.tool_calls,
        )  # fmt: skip
    levels = [row[0] for row in rows]
    assert levels == ["level", "1", "2", "3", "4", "5", "small", "seconds", "below 30", "below 120", "from 120"]


def test_a_deeper_level_never_gets_less() -> None:
    def amounts(level: int) -> tuple[float, ...]:
        a: Allowance = allowance_of(level)
        return (a.brief_share, ("low", "medium", "high").index(a.thinking), a.output_tokens, a.rounds, a.tool_calls)

    for level in range(1, 5):
        assert all(less <= more for less, more in zip(amounts(level), amounts(level + 1), strict=True))


@pytest.mark.parametrize(
    ("level", "seconds", "thinking"),
    [(5, 29, "low"), (5, 30, "medium"), (5, 119.9, "medium"), (5, 120, "high"), (1, 600, "low"), (3, 60, "medium")],
)
def test_little_time_buys_less_thinking_and_much_buys_no_more(level: int, seconds: float, thinking: str) -> None:
    assert allowance_of(level, seconds).thinking == thinking
    assert allowance_of(level, seconds).output_tokens == allowance_of(level).output_tokens


@pytest.mark.parametrize("level", [0, 6, -1])
def test_there_are_five_levels(level: int) -> None:
    with pytest.raises(UsageError, match="expected 1 to 5"):
        allowance_of(level)
