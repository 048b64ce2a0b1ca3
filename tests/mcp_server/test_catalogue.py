"""What is listed: small, typed, honest about when not to use it, and in step with what is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deep_code_reasoning.mcp_server import catalogue

TOOLS = sorted(catalogue.tools())


def test_the_tools_there_are() -> None:
    assert TOOLS == [
        "continue_conversation",
        "cross_system_impact",
        "escalate_analysis",
        "finalize_conversation",
        "get_conversation_status",
        "get_job",
        "hypothesis_test",
        "load_evidence",
        "performance_bottleneck",
        "preview_escalation",
        "query_evidence",
        "record_outcome",
        "run_hypothesis_tournament",
        "should_escalate",
        "start_conversation",
        "trace_execution_path",
    ]


def test_the_list_is_small() -> None:
    sizes = {}
    for name, tool in catalogue.tools().items():
        listed = tool.model_dump(by_alias=True, mode="json", exclude_none=True)
        sizes[name] = len(json.dumps(listed, separators=(",", ":")))
    # All sixteen must fit 5,000 tokens of about 4 characters; only those that take the whole context may be larger.
    assert max(sizes.values()) <= 1_750
    assert sum(sizes.values()) / len(sizes) <= 1_250


def arrays(schema: Any) -> list[dict[str, Any]]:
    inner = [found for value in schema.values() for found in arrays(value)] if isinstance(schema, dict) else []
    return [schema, *inner] if isinstance(schema, dict) and schema.get("type") == "array" else inner


@pytest.mark.parametrize("name", TOOLS)
def test_every_array_that_is_asked_for_says_of_what(name: str) -> None:
    # Some clients hand schemas on to a model API that refuses an array without `items`.
    assert all("items" in array for array in arrays(catalogue.tools()[name].input_schema))


@pytest.mark.parametrize("name", TOOLS)
def test_a_description_says_when_not_to_use_it(name: str) -> None:
    description = catalogue.tools()[name].description or ""
    assert "Not " in description


@pytest.mark.parametrize("name", TOOLS)
def test_schemas_are_valid_and_annotations_are_given(name: str) -> None:
    tool = catalogue.tools()[name]
    Draft202012Validator.check_schema(tool.input_schema)
    assert tool.output_schema
    Draft202012Validator.check_schema(tool.output_schema)
    assert tool.title
    assert tool.annotations
    assert tool.annotations.read_only_hint is not None


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_has_its_module(name: str) -> None:
    module = catalogue.implementation(name)
    assert name == "get_job" or callable(module.call), "jobs are the face's own"
    assert callable(module.paths)


def example(schema: dict[str, Any]) -> Any:
    """The simplest value that a schema of ours describes, with every property there."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case _:
            return "text"


@pytest.mark.parametrize("name", ["escalate_analysis", "should_escalate", "load_evidence", "preview_escalation"])
def test_everything_advertised_is_accepted(name: str) -> None:
    call = example(catalogue.tools()[name].input_schema)
    Draft202012Validator(catalogue.tools()[name].input_schema).validate(call)
    assert catalogue.implementation(name).paths(call)
