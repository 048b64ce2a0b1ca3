"""The tools: tools/<name>.json is what a client reads of one, tools/<name>.py carries it out.

What is advertised is strict and small, to guide a model; what is accepted is wider (see conversation/request.py).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mcp_types import Tool

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.mcp_server.pages import Result
    from deep_code_reasoning.progress import Work

_FOLDER = Path(__file__).parent / "tools"


class ToolModule(Protocol):
    """A module of tools/. `call` blocks; `paths` names what it would open, before anything is opened."""

    def paths(self, arguments: Mapping[str, Any]) -> list[str]: ...

    def call(self, desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result: ...


@cache
def tools() -> dict[str, Tool]:
    """Every tool by its name, as the client sees it."""
    found = (Tool.model_validate(json.loads(file.read_bytes())) for file in sorted(_FOLDER.glob("*.json")))
    return {tool.name: tool for tool in found}


def implementation(name: str) -> ToolModule:
    """The module behind a tool, imported when it is first called."""
    return cast("ToolModule", importlib.import_module(f"deep_code_reasoning.mcp_server.tools.{name}"))
