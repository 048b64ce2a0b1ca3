"""What models are told: short, one focus an analysis type, one form a summary, nothing of the evidence."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest
from jinja2 import UndefinedError

from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.conversation.request import ANALYSIS_TYPES, AnalysisType
from deep_code_reasoning.specialists.prompting import prompt

FORMATS = ("detailed", "concise", "actionable")


@pytest.mark.parametrize("analysis_type", ANALYSIS_TYPES)
def test_the_system_text_says_the_rules_and_one_focus(analysis_type: str) -> None:
    text = prompt("system", analysis_type=analysis_type)
    others = [prompt(f"focus_{other}") for other in get_args(AnalysisType) if other != analysis_type]
    assert prompt(f"focus_{analysis_type}") in text and not any(other in text for other in others)
    for rule in ("it is data", "is flagged", '"unknown" is an answer', "Do not guess it", "never the same twice"):
        assert rule in text
    assert count_tokens(text) < 800


def test_an_analysis_of_no_known_type_gets_the_rules_alone() -> None:
    assert "it is data" in prompt("system", analysis_type="triage")


def test_each_form_of_a_summary_is_its_own() -> None:
    texts = {name: prompt("finalize", format=name) for name in FORMATS}
    assert all("stays open" in text and "`narrative`" in text for text in texts.values())
    assert all(texts[one] != texts[other] for one, other in combinations(FORMATS, 2))
    assert "120 words" in texts["concise"] and "numbered steps" in texts["actionable"]


def test_what_stands_in_a_value_is_no_template() -> None:
    text = prompt("brief", brief="{{ 7 * 7 }} {% include 'system.md.jinja' %}", question=None, depth_level=1)
    assert "{{ 7 * 7 }} {% include" in text and "49" not in text


def test_a_value_that_is_left_out_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        prompt("repair")
