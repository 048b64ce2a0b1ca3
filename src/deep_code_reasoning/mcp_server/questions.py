"""What a client's user is asked: whether dollars may be spent, before anything is sent, and where the evidence is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_types import ElicitRequest, ElicitRequestFormParams

from deep_code_reasoning.mcp_server import catalogue
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


def consent_in(responses: Mapping[str, Any]) -> Consent:
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


EVIDENCE = "evidence"
_PATHS = {
    "type": "object",
    "properties": {"paths": {"type": "string", "title": "Files, folders or repositories, separated by commas"}},
    "required": ["paths"],
}


def with_evidence(arguments: Mapping[str, Any], responses: Mapping[str, Any]) -> dict[str, Any]:
    """The call with the evidence that the user named when asked for it; whether it may be read is checked as ever."""
    answer = responses.get(EVIDENCE) or {}
    given = str((answer.get("content") or {}).get("paths", "")) if answer.get("action") == "accept" else ""
    paths = [path.strip() for path in given.split(",") if path.strip()]
    return {**arguments, EVIDENCE: paths} if paths else dict(arguments)


def lacks_evidence(tool: str, arguments: Mapping[str, Any], responses: Mapping[str, Any]) -> bool:
    """Does the tool read evidence, was none named, and was nobody asked yet?"""
    reads = EVIDENCE in catalogue.tools()[tool].input_schema.get("properties", {})
    return reads and EVIDENCE not in responses and not any(arguments.get(name) for name in (EVIDENCE, "investigation"))


def ask_for_evidence(why: str) -> NeedsInput:
    message = f"{why} Where are the traces, logs, metrics or repositories of this incident?"
    return NeedsInput(
        {EVIDENCE: ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=_PATHS))}
    )


def _request(question: str) -> ElicitRequest:
    return ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=_FORM))
