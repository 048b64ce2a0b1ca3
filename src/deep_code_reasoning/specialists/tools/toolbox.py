"""The tools that a model is offered in a turn, and the one way in which their answers reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.port import ToolAnswer, ToolCall, ToolSpec


class Toolbox(Protocol):
    """`answer` raises nothing but CancelledError; what goes wrong is an answer of one line."""

    @property
    def specs(self) -> tuple[ToolSpec, ...]: ...

    def answer(self, call: ToolCall, work: Work) -> ToolAnswer: ...
