"""One call of `analyse`: a smaller brief where one is too long, a theory held back at depth 4, what is added up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from context.incident_tables import diagnosis, tables
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.errors import ContextOverflowError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists import analyse as analysing
from deep_code_reasoning.specialists.analyse import analyse
from deep_code_reasoning.specialists.caller_words import theory
from deep_code_reasoning.specialists.result import SpecialistResult
from specialists.scripted import Scripted, answers
from specialists.stubs.gemini import says
from specialists.stubs.server import stub as gemini_stub

THEORY = theory("Tried: more mutexes. We believe it is the network.", Redactor())


@pytest.fixture(scope="module")
def briefs(tmp_path_factory: pytest.TempPathFactory) -> list[Brief]:
    with tables(tmp_path_factory.mktemp("incident")) as evidence:
        return [build_brief(evidence, diagnosis(), budget_tokens=tokens, work=Work()) for tokens in (4_000, 1_500, 800)]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def playing(*steps: Any) -> Scripted:
        provider = Scripted(list(steps))
        monkeypatch.setattr(analysing, "_provider", lambda name, settings: provider)
        return provider

    return playing


def ask(brief: Brief, **more: Any) -> SpecialistResult:
    return analyse(brief, diagnosis(), model=None, settings=Settings(keys={"google": "k"}), work=Work(), **more)


def test_too_long_for_the_model_is_asked_again_with_less(briefs: list[Brief], play: Any) -> None:
    too_long = ContextOverflowError("too many tokens")
    provider, rest = play(too_long, too_long, answers(narrative="at last")), briefs[1:]
    result = ask(briefs[0], smaller=lambda: rest.pop(0))
    assert result.analysis.narrative == "at last"
    assert [
        request.messages[0].text.startswith(brief.text) for request, brief in zip(provider.seen, briefs, strict=True)
    ]
    assert ["asked again with" in problem for problem in result.problems] == [True, True]


def test_without_a_smaller_brief_the_model_s_word_is_passed_on(briefs: list[Brief], play: Any) -> None:
    play(ContextOverflowError("too many tokens"))
    for smaller in (None, lambda: None, lambda: briefs[0]):
        with pytest.raises(ContextOverflowError, match="too many tokens"):
            ask(briefs[0], smaller=smaller)


def test_a_brief_that_does_not_fit_by_our_own_count_is_not_sent(briefs: list[Brief], play: Any) -> None:
    provider = play(answers())
    huge = Brief("word " * 1_200_000, replace(briefs[0].manifest, tokens=100_000))
    with pytest.raises(ContextOverflowError):
        ask(huge)
    assert provider.seen == []
    assert ask(huge, smaller=lambda: briefs[0]).analysis.narrative == "done" and len(provider.seen) == 1


@pytest.mark.parametrize(("depth", "requests"), [(1, 1), (3, 1), (4, 2), (5, 2)])
def test_from_depth_4_on_the_evidence_is_judged_before_the_theory(
    briefs: list[Brief], play: Any, depth: int, requests: int
) -> None:
    provider = play(answers())
    result = ask(briefs[0], theory=THEORY, depth_level=depth)
    assert len(provider.seen) == requests and (result.blind is not None) == (requests == 2)
    assert ("mutexes" in provider.seen[0].messages[0].text) == (requests == 1)
    assert "mutexes" in provider.seen[-1].messages[-1].text
    assert result.as_json()["blind"] == (result.blind.model_dump(mode="json") if result.blind else None)


def test_the_theory_proves_nothing(briefs: list[Brief], play: Any) -> None:
    claim = {"text": "c", "citations": [{"ref": "theory", "quote": "We believe it is the network"}]}
    play(answers(root_causes=[{"type": "external", "description": "d", "confidence": 1, "claims": [claim]}]))
    result = ask(briefs[0], theory=THEORY)
    assert result.analysis.root_causes[0].confidence == 0.5


def test_blind_and_revealed_over_the_wire(briefs: list[Brief]) -> None:
    with gemini_stub(says(json.dumps({"narrative": "first"})), says(json.dumps({"narrative": "second"}))) as stub:
        settings = Settings(keys={"google": "test-key-0123456789"}, google_base_url=stub.url)
        result = analyse(
            briefs[0], diagnosis(), model=None, settings=settings, theory=THEORY, depth_level=4, work=Work()
        )
    assert (result.blind and result.blind.narrative, result.analysis.narrative) == ("first", "second")
    first, second = (seen.json["contents"] for seen in stub.seen)
    assert [content["role"] for content in second] == ["user", "model", "user"]
    assert "mutexes" not in json.dumps(first) and "mutexes" in json.dumps(second)
    assert result.usage.input_tokens == 2_400
