"""What a specialist is asked to fill in, and its reply as predictions. What cannot be read is left out and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import msgspec

from deep_code_reasoning.experiments.prediction import Comparison, Expectation, Prediction, SqlCheck
from deep_code_reasoning.specialists.reply_text import UnreadableReply, json_object

MOST_PREDICTIONS = 12
MOST_STATEMENT = 1_000
_TEXT = {"type": "string"}


class _Prediction(msgspec.Struct):
    statement: Annotated[str, msgspec.Meta(min_length=1)]
    sql: Annotated[str, msgspec.Meta(min_length=1)]
    column: Annotated[str, msgspec.Meta(min_length=1)]
    comparison: Comparison
    value: str | float | int | bool
    essential: bool = False


@dataclass(frozen=True)
class Proposed:
    """`number` is that of the hypothesis asked about; `unreadable` predictions were left out."""

    number: int
    statement: str
    predictions: tuple[Prediction, ...]
    unreadable: int = 0


def schema() -> dict[str, Any]:
    """In the part of JSON schema that every provider's strict mode takes."""
    prediction = {
        "statement": _TEXT,
        "sql": _TEXT,
        "column": _TEXT,
        "comparison": {"type": "string", "enum": list(get_args(Comparison))},
        "value": _TEXT,
        "essential": {"type": "boolean"},
    }
    hypothesis = {
        "number": {"type": "integer"},
        "statement": _TEXT,
        "predictions": {"type": "array", "items": _closed(prediction)},
    }
    return _closed({"hypotheses": {"type": "array", "items": _closed(hypothesis)}})


def proposed(text: str, author: str, most: int) -> list[Proposed]:
    """At most `most` hypotheses of MOST_PREDICTIONS predictions. Raises UnreadableReply where it holds none."""
    given = json_object(text).get("hypotheses")
    if not isinstance(given, list):
        raise UnreadableReply("no `hypotheses` in the reply")
    return [_one(item, at, author) for at, item in enumerate(given[:most], 1) if isinstance(item, Mapping)]


def _one(item: Mapping[str, Any], at: int, author: str) -> Proposed:
    given = item.get("predictions")
    listed = given if isinstance(given, list) else []
    made, unreadable = [], max(0, len(listed) - MOST_PREDICTIONS)
    for one in listed[:MOST_PREDICTIONS]:
        try:
            read = msgspec.convert(one, _Prediction)
        except msgspec.ValidationError:
            unreadable += 1
            continue
        expected = Expectation(read.column, read.comparison, read.value)
        made.append(Prediction(read.statement[:MOST_STATEMENT], SqlCheck(read.sql), expected, read.essential, author))
    number = item.get("number")
    statement = item.get("statement")
    return Proposed(
        number if isinstance(number, int) and not isinstance(number, bool) else at,
        statement.strip()[:MOST_STATEMENT] if isinstance(statement, str) else "",
        tuple(made),
        unreadable,
    )


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
