"""What a model may look up in one turn.

How many calls, in how many rounds, the depth says (effort.py). At every level: 30 s a call, 12,000 characters a result
(the rest can be paged to), and no call once six tenths of the turn's time are gone or the conversation fills nine
tenths of the model's window. Then the model is told to answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from deep_code_reasoning.specialists.effort import allowance_of


@dataclass(frozen=True)
class ToolBudget:
    """`repeats`: how often a model may ask what it asked before; `share_of_time` of the turn's seconds."""

    calls: int
    rounds: int
    seconds_a_call: float = 30.0
    share_of_time: float = 0.6
    share_of_window: float = 0.9
    repeats: int = 3

    @classmethod
    def of_depth(cls, depth_level: int) -> ToolBudget:
        allowance = allowance_of(depth_level)
        return cls(allowance.tool_calls, allowance.rounds)
