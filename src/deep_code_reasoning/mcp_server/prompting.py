"""Prompts: prompts/<name>.json is what a client lists, prompts/<name>.md.jinja the text; arguments go in as data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from mcp_types import INVALID_PARAMS, GetPromptRequestParams, GetPromptResult, Prompt, PromptMessage, TextContent

from deep_code_reasoning.mcp_server.sdk import MCPError

_FOLDER = Path(__file__).parent / "prompts"
LONGEST_ARGUMENT = 4_000  # characters


@cache
def prompts() -> dict[str, Prompt]:
    found = (Prompt.model_validate(json.loads(file.read_bytes())) for file in sorted(_FOLDER.glob("*.json")))
    return {prompt.name: prompt for prompt in found}


def filled(params: GetPromptRequestParams) -> GetPromptResult:
    """Raises MCPError for a prompt that is not there, an argument that is missing, unknown or too long."""
    prompt = prompts().get(params.name)
    if prompt is None:
        raise _refused(f"unknown prompt {params.name[:80]!r}; there are {', '.join(prompts())}")
    given = params.arguments or {}
    known = {argument.name: argument for argument in prompt.arguments or ()}
    if unknown := sorted(given.keys() - known.keys()):
        raise _refused(f"{prompt.name} has no argument {unknown[0][:80]!r}; it takes {', '.join(known) or 'none'}")
    if missing := [name for name, argument in known.items() if argument.required and not given.get(name)]:
        raise _refused(f"{prompt.name} needs {missing[0]!r}: {known[missing[0]].description}")
    if long := [name for name, value in given.items() if len(value) > LONGEST_ARGUMENT]:
        raise _refused(f"{long[0]}: {len(given[long[0]]):,} characters; at most {LONGEST_ARGUMENT:,} are taken")
    text = _template(prompt.name).render({name: given.get(name, "") for name in known})
    return GetPromptResult(
        description=prompt.description, messages=[PromptMessage(role="user", content=TextContent(text=text))]
    )


def _template(name: str) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, trim_blocks=True, autoescape=False
    )
    # `tojson` of the library makes HTML-safe text; here the reader is a model, and quotes are all that is needed.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.get_template(f"{name}.md.jinja")


def _refused(message: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=message)
