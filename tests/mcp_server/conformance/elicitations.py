"""The forms that the suite has filled in, by the tool that asks for them."""

from __future__ import annotations

from typing import Any

_THREE = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second", "Third"), 1)]


def _form(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": []}


ELICITATIONS: dict[str, dict[str, Any]] = {
    "test_elicitation": {
        "type": "object",
        "properties": {"response": {"type": "string", "description": "User's response"}},
        "required": ["response"],
    },
    "test_elicitation_sep1034_defaults": _form(
        name={"type": "string", "description": "User name", "default": "John Doe"},
        age={"type": "integer", "description": "User age", "default": 30},
        score={"type": "number", "description": "User score", "default": 95.5},
        status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        verified={"type": "boolean", "description": "Verification status", "default": True},
    ),
    "test_elicitation_sep1330_enums": _form(
        untitledSingle={"type": "string", "enum": _THREE},
        titledSingle={"type": "string", "oneOf": _TITLED},
        legacyEnum={
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti={"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "enum": _THREE}},
        titledMulti={"type": "array", "minItems": 1, "maxItems": 3, "items": {"anyOf": _TITLED}},
    ),
}
