"""A specialist's answer, typed. Its JSON schema is what models are asked to fill; every field may be absent in a reply.

The fields that are hidden from the schema are ours: the citation check (citations.py) fills them in.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


def _as_share(value: object) -> object:
    """Models write 85 or "85%" where 0.85 is asked for."""
    if isinstance(value, str) and value.strip().endswith("%"):
        value = value.strip().removesuffix("%")
        return float(value) / 100 if value.replace(".", "", 1).isdigit() else value
    return value / 100 if isinstance(value, int | float) and 1 < value <= 100 else value


Confidence = Annotated[float, BeforeValidator(_as_share), Field(ge=0, le=1)]


class Citation(_Part):
    """Where a claim can be checked."""

    ref: str = Field(description="Id of an item of the brief, a reference inside one (span:..., log:...), or path:line")
    quote: str = Field("", description="Words copied exactly from that item which carry the claim")
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
    predictions: list[str] = Field([], description="What would be observed if it were true, and not otherwise")
    cheapest_experiment: str = ""


class RuledOutApproach(_Part):
    what: str
    why: str = ""
    citations: list[Citation] = []


class CodeChange(_Part):
    path: str
    change: str
    line: int | None = None


class Recommendations(_Part):
    immediate_actions: list[str] = []
    next_steps: list[str] = []
    code_changes: list[CodeChange] = []


class MissingFile(_Part):
    path: str
    why: str = ""


class Analysis(_Part):
    root_causes: list[RootCause] = Field([], description="Most likely first")
    hypotheses: list[Hypothesis] = Field([], description="What is still open and how to decide it")
    ruled_out: list[RuledOutApproach] = []
    missing_evidence: list[str] = Field([], description="What is not in the brief and would decide the question")
    missing_files: list[MissingFile] = Field([], description="Source files that the brief lacks and that would decide")
    questions: list[str] = Field([], description="What only the calling agent or its user can answer")
    recommendations: Recommendations = Recommendations()
    narrative: str = Field("", description="The answer to the question, in prose, for an engineer")


def answer_schema() -> dict[str, Any]:
    """The JSON schema that models fill in, in the part of JSON schema that every provider's strict mode takes."""
    return Analysis.model_json_schema()
