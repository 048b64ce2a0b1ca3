"""The mission's calls are taken in every spelling; what is refused is named in one line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.conversation.request import CodeScope, EntryPoint, EscalationRequest
from deep_code_reasoning.errors import UsageError

MISSION_CALL = {
    "claude_context": {
        "attempted_approaches": ["Checked mutex usage", "Analyzed goroutines"],
        "partial_findings": [{"type": "race", "location": "user_service.go:142"}],
        "stuck_description": "Can't trace execution across service boundaries",
        "code_scope": {
            "files": ["user_service.go", "order_service.go"],
            "service_names": ["user-api", "order-processor"],
        },
    },
    "analysis_type": "cross_system",
    "depth_level": 5,
}
CAMEL_CALL = {
    "claudeContext": {
        "attemptedApproaches": ["Checked mutex usage", "Analyzed goroutines"],
        "partialFindings": [{"type": "race", "location": "user_service.go:142"}],
        "stuckDescription": "Can't trace execution across service boundaries",
        "codeScope": {
            "files": ["user_service.go", "order_service.go"],
            "serviceNames": ["user-api", "order-processor"],
        },
    },
    "analysisType": "cross_system",
    "depthLevel": 5,
}


def context(**changes: object) -> dict:
    return {**MISSION_CALL, "claude_context": {**MISSION_CALL["claude_context"], **changes}}


def test_the_missions_call() -> None:
    assert EscalationRequest.from_call(MISSION_CALL) == EscalationRequest(
        attempted_approaches=("Checked mutex usage", "Analyzed goroutines"),
        partial_findings=({"type": "race", "location": "user_service.go:142"},),
        stuck_description="Can't trace execution across service boundaries",
        code_scope=CodeScope(
            files=("user_service.go", "order_service.go"), service_names=("user-api", "order-processor")
        ),
        analysis_type="cross_system",
        depth_level=5,
    )


def test_camel_case_means_the_same() -> None:
    assert EscalationRequest.from_call(CAMEL_CALL) == EscalationRequest.from_call(MISSION_CALL)


def test_depth_and_time_budget_have_the_missions_defaults() -> None:
    call = {name: value for name, value in MISSION_CALL.items() if name != "depth_level"}
    request = EscalationRequest.from_call(call)
    assert (request.depth_level, request.time_budget_seconds) == (3, 60)


@pytest.mark.parametrize(
    "findings", [["text"], [1, None, True], [[["deep"]]], [{"a": {"b": []}}], "one", {"one": 1}, []]
)
def test_findings_of_any_shape(findings: object) -> None:
    taken = EscalationRequest.from_call(context(partial_findings=findings)).partial_findings
    assert list(taken) == (findings if isinstance(findings, list) else [findings])


@pytest.mark.parametrize(
    "name", ["pages/[id].tsx", "@scope/pkg/index.js", "My Documents/a b.py", "größe/名前.py", "C:\\x\\y.cs"]
)
def test_any_file_name(name: str) -> None:
    scope = {"files": [name]}
    assert EscalationRequest.from_call(context(code_scope=scope)).code_scope.files == (name,)


def test_code_characters_in_text() -> None:
    code = "std::map<K, V> m{}; `x` && \"y\" || '${z}'; </context> -- DROP\n\t\\"
    assert EscalationRequest.from_call(context(stuck_description=code)).stuck_description == code


@pytest.mark.parametrize(
    ("given_as", "expected"),
    [
        ({"file": "a.go", "line": 142, "functionName": "Get"}, EntryPoint("a.go", 142, "Get")),
        ({"file": "a.go", "line": "142", "function_name": "Get"}, EntryPoint("a.go", 142, "Get")),
        ("a.go:142", EntryPoint("a.go", 142)),
        ("a.go:142:7", EntryPoint("a.go", 142)),
        ("C:\\a.go", EntryPoint("C:\\a.go")),
        ("a.go", EntryPoint("a.go")),
        (7, EntryPoint("7")),
        ({"handler": "x"}, EntryPoint("{'handler': 'x'}")),
    ],
)
def test_entry_points_of_any_shape(given_as: object, expected: EntryPoint) -> None:
    scope = {"files": [], "entryPoints": [given_as]}
    assert EscalationRequest.from_call(context(code_scope=scope)).code_scope.entry_points == (expected,)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ({}, "claude_context: missing; expected {attempted_approaches"),
        ({"claude_context": "stuck"}, "claude_context: expected an object, got 'stuck'"),
        (context(code_scope={"files": ["a", 5]}), "claude_context.code_scope.files[1]: expected text, got 5"),
        (context(code_scope={"files": ["a\0b"]}), "claude_context.code_scope.files[0]: expected a path"),
        ({**MISSION_CALL, "evidence": ["\ud800"]}, "evidence[0]: expected a path"),
        (context(attempted_approaches={"a": 1}), "claude_context.attempted_approaches: expected a list of texts"),
        (context(stuck_description=None), "claude_context.stuck_description: missing"),
        ({**MISSION_CALL, "analysis_type": "magic"}, "analysis_type: 'magic'; expected one of execution_trace, cross"),
        ({**MISSION_CALL, "depth_level": 6}, "depth_level: 6; expected a number from 1 to 5"),
        ({**MISSION_CALL, "depth_level": 2.5}, "depth_level: 2.5; expected a whole number"),
        ({**MISSION_CALL, "depth_level": True}, "depth_level: True; expected a number"),
        ({**MISSION_CALL, "depthLevel": 1}, "arguments: depth_level is given twice"),
        ({**MISSION_CALL, "incident": "yesterday"}, "incident: window 'yesterday': expected START/END"),
        (context(stuck_description="x" * 1_000_001), "at most 1,000,000 are taken in a call"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(call: dict, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        EscalationRequest.from_call(call)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_everything_is_optional_for_a_mere_look() -> None:
    assert EscalationRequest.from_call({}, required=False) == EscalationRequest()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
argument_names = st.sampled_from([*MISSION_CALL, "claudeContext", "evidence", "question", "model", "incident"])


def test_a_deeply_nested_finding() -> None:
    nested: object = "the end"
    for _ in range(190):  # about what a JSON parser on the way lets through
        nested = [nested]
    request = EscalationRequest.from_call(context(partial_findings=[nested]))
    assert json.dumps(request.as_json())


@given(st.dictionaries(argument_names | st.text(max_size=8), json_values))
def test_any_json_is_read_or_refused_in_one_line(call: dict) -> None:
    try:
        EscalationRequest.from_call(call, required=False)
    except UsageError as error:
        assert "\n" not in str(error)


@given(json_values)
def test_any_json_as_context(value: object) -> None:
    try:
        EscalationRequest.from_call(
            {"claude_context": {"code_scope": value, "partial_findings": value}}, required=False
        )
    except UsageError as error:
        assert "\n" not in str(error)
