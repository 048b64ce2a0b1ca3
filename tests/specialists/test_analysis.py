"""What models write where an Analysis is asked for, and what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.specialists.analysis import Analysis, answer_schema
from deep_code_reasoning.specialists.reply_text import UnreadableReply, read_analysis, salvage

CAUSE = {"type": "code", "description": "the lease", "confidence": 0.5}
OF_STRICT_MODES = {
    "type", "properties", "required", "additionalProperties", "items", "description", "$ref", "$defs", "anyOf",
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "read"),
    [(0.85, 0.85), (1, 1), (85, 0.85), ("85%", 0.85), ("85 %", 0.85), ("0.85", 0.85), ("0,85", 0.85),
     ("~ 85 percent", 0.85),
     ("1%", 0.01), (0, 0), (None, 0)],
)  # fmt: skip
def test_a_confidence_is_read(written: object, read: float) -> None:
    analysis = read_analysis(json.dumps({"root_causes": [{**CAUSE, "confidence": written}]}))
    assert analysis.root_causes[0].confidence == read


@pytest.mark.parametrize("written", ["high", -1, 101, "NaN", float("nan"), [1], "85% or so"])
def test_a_confidence_is_not_guessed(written: object) -> None:
    text = json.dumps({"root_causes": [{**CAUSE, "confidence": written}]})
    with pytest.raises(UnreadableReply, match="confidence"):
        read_analysis(text)
    assert salvage([text]).root_causes[0].confidence == 0, "the cause is kept, its confidence is not"


def test_a_reply_of_the_first_version_still_parses() -> None:
    old = {
        "root_causes": [{**CAUSE, "claims": [{"text": "c", "citations": [{"ref": "a", "quote": "q"}]}], "fix": "f"}],
        "hypotheses": [{"statement": "s", "predictions": ["p"], "cheapest_experiment": "e"}],
        "ruled_out": [{"what": "w", "why": "y"}],
        "missing_evidence": ["m"],
        "recommendations": {
            "immediate_actions": ["i"], "next_steps": ["n"], "code_changes": [{"path": "p", "change": "c", "line": 3}],
        },
        "narrative": "n",
    }  # fmt: skip
    read = read_analysis(json.dumps(old)).model_dump(exclude_defaults=True)
    assert read == old


@pytest.mark.parametrize(
    "text",
    [
        "```json\n{}\n```",
        '{"hypotheses": null}',
        '{"questions": "Is it on?"}',
        '{"recommendations": {"next_steps": "x"}}',
        '{"unknown": 1}',
    ],
)
def test_small_liberties_are_taken_as_meant(text: str) -> None:
    assert isinstance(read_analysis(text), Analysis)


def test_what_does_not_validate_goes_and_the_rest_stays() -> None:
    text = json.dumps({
        "root_causes": [{"type": "code"}, CAUSE, "the network", CAUSE | {"claims": [{}, {"text": "kept"}]}],
        "hypotheses": {"statement": "not a list"},
        "recommendations": {"code_changes": [{"path": "a.py", "change": "c", "line": "many"}]},
    })  # fmt: skip
    kept = salvage(["prose", text])
    assert [cause.description for cause in kept.root_causes] == ["the lease", "the lease"]
    assert [claim.text for claim in kept.root_causes[1].claims] == ["kept"]
    assert kept.recommendations.code_changes[0].line is None and kept.hypotheses == []
    assert text in kept.narrative


def test_json_within_prose_is_found_where_nothing_else_could_be_read() -> None:
    kept = salvage(['Here it is: {"narrative": "the lease"} Anything else?', ""])
    assert kept.narrative == "the lease"


@given(st.text())
def test_no_text_is_lost(text: str) -> None:
    kept = salvage([text])
    assert text.strip() in kept.narrative or kept.model_dump(exclude_defaults=True)


NAMES = st.sampled_from([*Analysis.model_fields, "type", "description", "claims"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(list(Analysis.model_fields)), JSON))
def test_any_json_is_read_or_salvaged(values: dict[str, Any]) -> None:
    text = json.dumps(values)
    try:
        read_analysis(text)
    except UnreadableReply:
        assert isinstance(salvage([text]), Analysis)


@given(st.integers(0, 400))
def test_an_answer_cut_anywhere_keeps_what_was_complete(length: int) -> None:
    text = json.dumps({"root_causes": [{**CAUSE, "description": f"cause {n}"} for n in range(5)], "narrative": "n"})
    kept = salvage([text[:length]])
    whole = [n for n in range(5) if f'"description": "cause {n}"' in text[:length]]
    assert [cause.description for cause in kept.root_causes][: len(whole)] == [f"cause {n}" for n in whole]


def test_the_schema_is_of_the_part_that_every_strict_mode_takes() -> None:
    def check(schema: dict[str, Any]) -> None:
        assert set(schema) <= OF_STRICT_MODES, schema
        if "$ref" in schema:
            assert set(schema) == {"$ref"}
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"]) and schema["additionalProperties"] is False
        for part in [
            *schema.get("properties", {}).values(),
            *schema.get("$defs", {}).values(),
            *schema.get("anyOf", []),
        ]:
            check(part)
        if "items" in schema:
            check(schema["items"])

    check(answer_schema())
    assert "uncited" not in json.dumps(answer_schema())
