"""Tools that need input on the way (2026-07-28): what each asks in which round, and what state it hands out."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as t


def _form(message: str, name: str, kind: str = "string") -> t.ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=message, requested_schema=schema))


def _sampling(text: str) -> t.CreateMessageRequest:
    message = t.SamplingMessage(role="user", content=t.TextContent(text=text))
    return t.CreateMessageRequest(params=t.CreateMessageRequestParams(messages=[message], max_tokens=100))


PREFIX = "test_input_required_result_"
CAPABILITIES = f"{PREFIX}capabilities"
_NAME = {"user_name": _form("What is your name?", "name")}
_CONFIRM = {"confirm": _form("Please confirm", "ok", "boolean")}
# tool -> its rounds: what is asked in each; the last answer completes it
ROUNDS: dict[str, list[dict[str, Any]]] = {
    f"{PREFIX}elicitation": [_NAME],
    f"{PREFIX}sampling": [{"capital_question": _sampling("What is the capital of France?")}],
    f"{PREFIX}list_roots": [{"client_roots": t.ListRootsRequest()}],
    f"{PREFIX}request_state": [_CONFIRM],
    f"{PREFIX}tampered_state": [_CONFIRM],
    f"{PREFIX}multiple_inputs": [
        {**_NAME, "greeting": _sampling("Generate a greeting"), "client_roots": t.ListRootsRequest()}
    ],
    f"{PREFIX}multi_round": [
        {"step1": _form("Step 1: What is your name?", "name")},
        {"step2": _form("Step 2: What is your favorite color?", "color")},
    ],
}
STATELESS = {f"{PREFIX}elicitation", f"{PREFIX}sampling", f"{PREFIX}list_roots"}


def round_of(name: str, params: Any, capabilities: t.ClientCapabilities | None) -> Any:
    """The next question, or the end once the questions of the last round are answered."""
    given = params.input_responses or {}
    if name == CAPABILITIES:
        return _by_capability(given, capabilities)
    rounds = ROUNDS[name]
    number = json.loads(params.request_state)["round"] if params.request_state else 0
    if given.keys() >= rounds[number].keys() and (params.request_state or name in STATELESS):
        number += 1
    if number == len(rounds):
        answers = {key: answer.model_dump(mode="json", exclude_none=True) for key, answer in given.items()}
        return t.CallToolResult(content=[t.TextContent(text=f"integrity-ok: {json.dumps(answers)}")])
    state = None if name in STATELESS else json.dumps({"round": number})
    return t.InputRequiredResult(input_requests=rounds[number], request_state=state)


def _by_capability(given: dict[str, Any], capabilities: t.ClientCapabilities | None) -> Any:
    """Asks only for what the client declared that it can do."""
    asked: dict[str, Any] = {}
    if capabilities and capabilities.elicitation:
        asked["elicit_input"] = _form("Elicitation input", "value")
    if capabilities and capabilities.sampling:
        asked["sample_input"] = _sampling("Sample request")
    if given or not asked:
        return t.CallToolResult(content=[t.TextContent(text=f"capabilities-ok: {', '.join(given) or 'none declared'}")])
    return t.InputRequiredResult(input_requests=asked, request_state=json.dumps({"round": 0}))
