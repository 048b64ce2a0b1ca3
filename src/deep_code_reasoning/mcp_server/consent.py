"""Asks a client's user whether dollars may be spent: a form with one box, answered before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_types import ElicitRequest, ElicitRequestFormParams

from deep_code_reasoning.mcp_server.job_running import NeedsInput

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.budget import Consent

KEY = "consent"
TOLERANCE = 0.1
_FORM = {
    "type": "object",
    "properties": {"agree": {"type": "boolean", "title": "Spend it", "default": False}},
    "required": ["agree"],
}


def asked_for(responses: Mapping[str, Any]) -> Consent:
    """Agrees to what was agreed to; what was not asked yet raises NeedsInput, and the call begins anew with the answer.

    The answer is kept under the sum that it was given to, and holds for a tenth more: the second estimate may be a few
    tokens off. A larger sum is asked for again.
    """

    def consent(question: str, dollars: float) -> bool:
        for key, answer in responses.items():
            name, _, asked = key.partition("-")
            if name == KEY and float(asked) * (1 + TOLERANCE) >= dollars:
                return answer.get("action") == "accept" and bool((answer.get("content") or {}).get("agree"))
        raise NeedsInput({f"{KEY}-{dollars:.4f}": _request(question)})

    return consent


def _request(question: str) -> ElicitRequest:
    return ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=_FORM))
