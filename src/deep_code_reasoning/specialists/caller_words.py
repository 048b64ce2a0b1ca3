"""What the calling agent believes, as an item of its own: redacted as the brief is, and never taken for evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.fence import fence_for, fenced

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor


def theory(text: str, redactor: Redactor) -> str:
    """What the caller believes, has tried and has found: `Turn.theory`."""
    cleaned = redactor.sweep(redactor.clean(text))
    return fenced(Candidate("theory", "theory", "the caller's words", "", 0.0, cleaned), fence_for([cleaned]))
