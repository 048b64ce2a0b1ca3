"""A specialist's answer, typed. Its JSON schema is what models are asked to fill; every field may be absent in a reply.

The fields that are hidden from the schema are ours: the citation check (citations.py) fills them in.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

_SHARE = re.compile(r"[~≈<>]?\s*(\d+(?:[.,]\d+)?)\s*(%|percent)?", re.IGNORECASE)
_OF_EVERY_STRICT_MODE = frozenset({
    "type", "properties", "required", "additionalProperties", "items", "description", "$ref", "$defs", "anyOf", "enum",
})  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: object) -> object:
        """A field that is null is a field that is absent."""
        if isinstance(values, dict):
            return {name: value for name, value in values.items() if value is not None}
        return values


def _as_share(value: object) -> object:
    """Models write 85, "85%" or "0,85" where 0.85 is asked for."""
    if isinstance(value, str) and (match := _SHARE.fullmatch(value.strip())):
        number = float(match[1].replace(",", "."))
        return number / 100 if match[2] else _as_share(number)
    return value / 100 if isinstance(value, int | float) and 1 < value <= 100 else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Confidence = Annotated[float, BeforeValidator(_as_share), Field(ge=0, le=1)]
Texts = Annotated[list[str], BeforeValidator(_as_list)]


class Citation(_Part):
    """Where a claim can be checked."""

    ref: str = Field(description="Id of an item, a reference that one shows (span:..., log:...), or path:line")
    quote: str = Field("", description="Words copied exactly from there which carry the claim")
    problem: SkipJsonSchema[str | None] = None


class Claim(_Part):
    text: str
    citations: list[Citation] = []
    uncited: SkipJsonSchema[bool] = False


class RootCause(_Part):
    type: str = Field(description="code, resource, dependency, change, traffic, external or unknown")
    description: str
    confidence: Confidence = Field(0.0, description="0 to 1; low where the evidence does not decide")
    claims: list[Claim] = []
    fix: str = ""
    stated_confidence: SkipJsonSchema[float | None] = None


class Hypothesis(_Part):
    statement: str
    predictions: Texts = Field([], description="What would be observed if it were true, and not otherwise")
    cheapest_experiment: str = Field(
        "",
        description="The cheapest step whose outcome differs between this and the other hypotheses, and how to read it",
    )


class RuledOutApproach(_Part):
    what: str
    why: str = ""
    citations: list[Citation] = []


class CodeChange(_Part):
    path: str
    change: str
    line: int | None = None


class Recommendations(_Part):
    immediate_actions: Texts = []
    next_steps: Texts = []
    code_changes: list[CodeChange] = Field([], description="One a file")


class MissingFile(_Part):
    path: str
    why: str = ""


class Analysis(_Part):
    root_causes: list[RootCause] = Field([], description="Most likely first")
    hypotheses: list[Hypothesis] = Field([], description="What is still open and how to decide it")
    ruled_out: list[RuledOutApproach] = []
    missing_evidence: Texts = Field([], description="What was not given and would decide the question")
    missing_files: list[MissingFile] = Field([], description="Source files that were not given and would decide it")
    questions: Texts = Field([], description="What only the calling agent or its user can answer")
    recommendations: Recommendations = Recommendations()
    narrative: str = Field("", description="The answer to the question, in prose, for an engineer")


def answer_schema() -> dict[str, Any]:
    """The JSON schema that models fill in, in the part of JSON schema that every provider's strict mode takes: each
    object is closed and all its fields are required (an empty list says as much as an absent one)."""
    return _strict(Analysis.model_json_schema())


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items() if key in _OF_EVERY_STRICT_MODE}
    for group in ("properties", "$defs"):
        if group in schema:  # names of ours, not keywords
            made[group] = {name: _strict(value) for name, value in schema[group].items()}
    if "properties" in made:
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    return made
