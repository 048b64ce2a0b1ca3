"""Finds the tools: every <name>.py of this folder with a <name>.toml beside it is one.

The module has `Parameters` (a subclass of `Arguments`) and `answer(desk, asked, work) -> list of Found`, which may
raise UsageError or Unreadable. The .toml has `description` and, by name, what each argument means. Both are all that a
model learns of a tool: fixed words of ours, none of the evidence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deep_code_reasoning.specialists.port import ToolSpec

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk
    from deep_code_reasoning.specialists.tools.found import Arguments, Found

_FOLDER = Path(__file__).parent
_START = "Line of the whole answer to begin with, where an answer was cut"


@dataclass(frozen=True)
class Tool:
    spec: ToolSpec
    parameters: type[Arguments]
    answer: Callable[[Desk, Any, Work], list[Found]]


@cache
def all_tools() -> dict[str, Tool]:
    """By name, in the order of the names."""
    return {words.stem: _tool(words) for words in sorted(_FOLDER.glob("*.toml"))}


def _tool(words: Path) -> Tool:
    module = import_module(f"{__package__}.{words.stem}")
    said = tomllib.loads(words.read_text("utf-8"))
    description = " ".join(said["description"].split())
    if fill := getattr(module, "describe", None):
        description = fill(description)
    schema = _schema(module.Parameters, said.get("arguments", {}))
    return Tool(ToolSpec(words.stem, description, schema), module.Parameters, module.answer)


def _schema(parameters: type[Arguments], meanings: dict[str, str]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components([parameters])
    made = components[parameters.__name__]
    properties = {
        name: {
            **{key: value for key, value in one.items() if key != "default"},
            "description": _meaning(meanings, name),
        }
        for name, one in made["properties"].items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": made.get("required", []),
        "additionalProperties": False,
    }


def _meaning(meanings: dict[str, str], name: str) -> str:
    return _START if name == "start" else " ".join(meanings[name].split())
