"""What `depth_level` 1 to 5 and `time_budget_seconds` buy: one table, in this one place.

| level | brief | thinking | output tokens | rounds | tool calls |
|---|---|---|---|---|---|
| 1 | 0.25 | low | 8,192 | 2 | 4 |
| 2 | 0.5 | low | 16,384 | 4 | 8 |
| 3 | 1 | medium | 24,576 | 8 | 16 |
| 4 | 2 | high | 32,768 | 12 | 32 |
| 5 | 4 | high | 65,536 | 16 | 64 |
| small | 0 | low | 1,024 | 1 | 0 |

brief: the share of `settings.brief_tokens` that the first message may take. Output tokens: of one reply, thinking
included, and never more than the model can. Rounds: requests of one turn whose reply may look something up; then it is
told to answer. Tool calls: what the model may look up in one turn. `small` is for tasks that label or shorten
(routing/tasks.toml), whatever the level is.

`time_budget_seconds` covers one turn wholly: waits, requests, what the model looks up, a repair, another model where
the first fails. Little time buys less thinking, so that an answer comes at all:

| seconds | thinking at most |
|---|---|
| below 30 | low |
| below 120 | medium |
| from 120 | high |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.port import Effort


@dataclass(frozen=True)
class Allowance:
    """What one turn may take; a row of the table above."""

    brief_share: float
    thinking: Effort
    output_tokens: int
    rounds: int
    tool_calls: int


_LEVELS: dict[int, Allowance] = {
    1: Allowance(0.25, "low", 8_192, 2, 4),
    2: Allowance(0.5, "low", 16_384, 4, 8),
    3: Allowance(1.0, "medium", 24_576, 8, 16),
    4: Allowance(2.0, "high", 32_768, 12, 32),
    5: Allowance(4.0, "high", 65_536, 16, 64),
}
SMALL = Allowance(0.0, "low", 1_024, 1, 0)
DEPTH_SHARE = {level: allowance.brief_share for level, allowance in _LEVELS.items()}
_ORDER: tuple[Effort, ...] = ("low", "medium", "high")
_TIME_CAPS: tuple[tuple[float, Effort], ...] = ((30, "low"), (120, "medium"))


def allowance_of(depth_level: int, time_budget_seconds: float | None = None) -> Allowance:
    """Raises UsageError for a level that is none. Without a time budget the level alone decides."""
    if depth_level not in _LEVELS:
        raise UsageError(f"depth_level {depth_level!r}: expected 1 to 5")
    allowance = _LEVELS[depth_level]
    if time_budget_seconds is None:
        return allowance
    cap = next((effort for seconds, effort in _TIME_CAPS if time_budget_seconds < seconds), "high")
    return replace(allowance, thinking=min(allowance.thinking, cap, key=_ORDER.index))
