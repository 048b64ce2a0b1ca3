"""From a model's text to an Analysis. What can be read is kept: one malformed field never costs the rest."""

from __future__ import annotations

import json
from typing import Any

from deep_code_reasoning.specialists.analysis import Analysis

_MOST_PROBLEMS = 1_500
_MOST_DROPPED = 200


class UnreadableReply(Exception):
    """The text is not an Analysis; the message says why, for the model that is asked to repair it."""


def read_analysis(text: str) -> Analysis:
    """Raises UnreadableReply."""
    from pydantic import ValidationError

    try:
        return Analysis.model_validate(json_object(text))
    except ValidationError as error:
        raise UnreadableReply(str(error)[:_MOST_PROBLEMS]) from None


def salvage(texts: list[str]) -> Analysis:
    """What does validate of the last text that holds JSON, whole or cut; where none does, the longest text as prose."""
    for text in reversed(texts):
        kept = _what_validates(_any_json_object(text))
        if any(kept.get(name) for name in Analysis.model_fields):
            if not kept.get("narrative"):
                kept["narrative"] = f"Parts of the answer could not be read as asked. The whole of it:\n\n{text}"
            return Analysis.model_validate(kept)
    return Analysis(narrative=max(texts, key=len).strip())


def _what_validates(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without each value that does not validate, or, where one is missing, without what it is missing of."""
    from pydantic import ValidationError

    for _ in range(_MOST_DROPPED):
        try:
            Analysis.model_validate(fields)
        except ValidationError as error:
            last = error.errors(include_url=False, include_context=False, include_input=False)[-1]
            place = last["loc"][:-1] if last["type"] == "missing" else last["loc"]
            if not _dropped(fields, place):
                break
            continue
        return fields
    return {}


def _dropped(fields: Any, place: tuple[int | str, ...]) -> bool:
    """Removes the value at `place`, or the nearest one around it that is there."""
    holder, last = None, None
    for step in place:
        is_there = (isinstance(fields, dict) and step in fields) or (
            isinstance(fields, list) and isinstance(step, int) and step < len(fields)
        )
        if not is_there:
            break
        holder, last = fields, step
        fields = fields[step]
    if holder is None:
        return False
    del holder[last]
    return True


def json_object(text: str) -> dict[str, Any]:
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


def _any_json_object(text: str) -> dict[str, Any]:
    """The object that begins at the first brace, as far as it goes: the reply may have been cut. Empty without one."""
    from pydantic_core import from_json

    begin = text.find("{")
    if begin < 0:
        return {}
    try:
        value = json.JSONDecoder().raw_decode(text, begin)[0]
    except (ValueError, RecursionError):
        try:
            value = from_json(text[begin:].encode("utf-8", "replace"), allow_partial="trailing-strings")
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
