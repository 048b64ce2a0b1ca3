"""What the calling agent says, as items of their own: redacted as the brief is, and never taken for evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.fence import fence_for, fenced
from deep_code_reasoning.specialists.prompting import prompt

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor


def follow_up(message: str, redactor: Redactor, *, news: str = "") -> str:
    """The text of a turn after the first. `news`: fenced items that are new since, to be cited like the brief's."""
    return prompt("turn", message=caller_item("message", "question", message, redactor), news=news)


def theory(text: str, redactor: Redactor) -> str:
    """What the caller believes, has tried and has found: `Turn.theory`."""
    return caller_item("theory", "theory", text, redactor)


def caller_item(id_: str, kind: str, text: str, redactor: Redactor) -> str:
    cleaned = redactor.sweep(redactor.clean(text))
    return fenced(Candidate(id_, kind, "the caller's words", "", 0.0, cleaned), fence_for((id_, cleaned)))
