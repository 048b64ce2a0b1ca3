"""From a model's text to an Analysis. What can be read is kept: one malformed field never costs the rest."""

from __future__ import annotations

import json

from deep_code_reasoning.specialists.analysis import Analysis

_MOST_PROBLEMS = 1_500


class UnreadableReply(Exception):
    """The text is not an Analysis; the message says why, for the model that is asked to repair it."""


def read_analysis(text: str) -> Analysis:
    """Raises UnreadableReply."""
    from pydantic import ValidationError

    try:
        return Analysis.model_validate(_json_object(text))
    except ValidationError as error:
        raise UnreadableReply(str(error)[:_MOST_PROBLEMS]) from None


def salvage(texts: list[str]) -> Analysis:
    """The fields that do validate of the last text that is JSON; where there is none, the longest text as narrative."""
    for text in reversed(texts):
        try:
            fields = _json_object(text)
        except UnreadableReply:
            continue
        kept = {name: part for name in Analysis.model_fields if (part := _valid_part(name, fields.get(name)))}
        if kept:
            if not kept.get("narrative"):
                kept["narrative"] = f"Parts of the answer could not be read as asked. The whole of it:\n\n{text}"
            return Analysis.model_validate(kept)
    return Analysis(narrative=max(texts, key=len).strip())


def _valid_part(name: str, value: object) -> object:
    """A field's value, of a list the elements that validate; None where nothing does."""
    if isinstance(value, list):
        return [element for element in value if _validates(name, [element])] or None
    return value if value and _validates(name, value) else None


def _validates(name: str, value: object) -> bool:
    from pydantic import ValidationError

    try:
        Analysis.model_validate({name: value})
    except ValidationError:
        return False
    return True


def _json_object(text: str) -> dict:
    """The JSON object that the text is, with or without a Markdown fence around it."""
    body = text.strip()
    if body.startswith("```"):
        body = body.partition("\n")[2].rstrip().removesuffix("```")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableReply(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UnreadableReply(f"a JSON {type(value).__name__} where an object was asked for")
    return value
