"""A question to the calling agent. It ends the turn (tool_rounds.py), so that only an empty one comes here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Arguments, Found

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk


class Parameters(Arguments, frozen=True, kw_only=True):
    question: str


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    raise UsageError("the question is empty")
