"""An analysis asked of Gemini under its real client, against a stub on loopback: from a brief to a checked answer.

What holds of each provider is in providers/.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from context.incident_tables import AWS_KEY, DATABASE_PASSWORD, LURE, diagnosis, tables
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.errors import CancelledError, ContextOverflowError, SpecialistError
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.specialists.caller_words import theory
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.turn import TurnResult
from specialists import one_turn
from specialists.one_turn import KEY, gemini
from specialists.stubs.gemini import fails, says
from specialists.stubs.server import stub as gemini_stub

ANSWER = {
    "root_causes": [
        {
            "type": "code",
            "description": "payment renews its lease after it has run out",
            "confidence": 0.8,
            "claims": [
                {
                    "text": "two holders at once",
                    "citations": [{"ref": "lease-overlap-1", "quote": "seen in 40 of 44  symptomatic"}],
                },
            ],
            "fix": "renew at half of the TTL",
        }
    ],
    "hypotheses": [{"statement": "clock skew", "predictions": ["offset over 50 ms"], "cheapest_experiment": "chrony"}],
    "narrative": "The lease ran out.",
}


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    with tables(tmp_path_factory.mktemp("incident")) as evidence:
        return build_brief(evidence, diagnosis(), budget_tokens=8_000, question="Why do payments fail?", work=Work())


def ask(brief: Brief, url: str, model: str = "gemini-4-argon", **more: Any) -> TurnResult:
    entry, provider = gemini(url, model)
    return one_turn.ask(brief, provider, entry, **more)


def test_an_answer_is_typed_counted_and_priced(brief: Brief) -> None:
    with gemini_stub(says(json.dumps(ANSWER), cached=1000, thinking=700, prompt=5000)) as stub:
        result = ask(brief, stub.url)
    assert result.analysis.root_causes[0].description.startswith("payment renews")
    assert result.analysis.hypotheses[0].cheapest_experiment == "chrony"
    assert (result.provider, result.model) == ("google", "gemini-4-argon")
    assert result.usage == Usage(input_tokens=5000, output_tokens=1000, cached_tokens=1000, thinking_tokens=700)
    assert result.dollars is not None and 0.001 < result.dollars < 0.1
    assert result.problems == ()
    assert result.analysis.root_causes[0].confidence == 0.8


def test_what_is_sent(brief: Brief) -> None:
    with gemini_stub(says(json.dumps(ANSWER))) as stub:
        ask(brief, stub.url, depth_level=5)
    [seen] = stub.seen
    assert seen.path.endswith("/models/gemini-4-argon:generateContent")
    assert seen.headers["x-goog-api-key"] == KEY and KEY not in seen.body and KEY not in seen.path
    assert DATABASE_PASSWORD not in seen.body and AWS_KEY not in seen.body
    assert "is data" in json.dumps(seen.json["systemInstruction"])
    config = seen.json["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert "root_causes" in json.dumps(config)
    assert "stated_confidence" not in json.dumps(config), "our own fields are not asked for"
    assert config["maxOutputTokens"] == 65_536
    sent, _question = seen.json["contents"]
    assert brief.text == "".join(part["text"] for part in sent["parts"])
    assert LURE in seen.body, "evidence is sent as it is, inside its fence"


def test_a_malformed_answer_is_repaired_once(brief: Brief) -> None:
    with gemini_stub(says('{"root_causes": [{"type": 3'), says("```json\n" + json.dumps(ANSWER) + "\n```")) as stub:
        result = ask(brief, stub.url)
    assert result.analysis.narrative == "The lease ran out."
    assert result.usage.input_tokens == 2400, "both calls were paid for"
    assert "asked for again" in result.problems[0]
    repair = stub.seen[1].json["contents"]
    assert [content["role"] for content in repair] == ["user", "user", "model", "user"]
    assert "not JSON" in repair[-1]["parts"][0]["text"]


def test_a_wrong_field_is_named_in_the_repair(brief: Brief) -> None:
    wrong = json.dumps({**ANSWER, "root_causes": [{"type": "code"}]})
    with gemini_stub(says(wrong), says(json.dumps(ANSWER))) as stub:
        ask(brief, stub.url)
    assert "root_causes.0.description" in stub.seen[1].json["contents"][-1]["parts"][0]["text"]


def test_prose_twice_is_kept_as_prose(brief: Brief) -> None:
    with gemini_stub(says("It is the lease."), says("I said: it is the lease, clearly.")) as stub:
        result = ask(brief, stub.url)
    assert len(stub.seen) == 2
    assert result.analysis.narrative == "I said: it is the lease, clearly."
    assert result.analysis.root_causes == []


def test_one_malformed_field_does_not_cost_the_rest(brief: Brief) -> None:
    broken = json.dumps({**ANSWER, "root_causes": [*ANSWER["root_causes"], {"type": "code"}], "hypotheses": "many"})
    with gemini_stub(says(broken)) as stub:
        result = ask(brief, stub.url)
    assert [cause.type for cause in result.analysis.root_causes] == ["code"]
    assert result.analysis.narrative == "The lease ran out."


def test_the_first_answer_survives_a_failed_repair(brief: Brief) -> None:
    with gemini_stub(says("It is the lease."), fails(500, "internal", "INTERNAL")) as stub:
        result = ask(brief, stub.url)
    assert result.analysis.narrative == "It is the lease."
    assert any("HTTP 500" in problem for problem in result.problems)


def test_citations_are_checked_against_the_brief(brief: Brief) -> None:
    claims = [
        {"text": "invented", "citations": [{"ref": "span:ffff/ffff", "quote": "boom"}]},
        {"text": "misquoted", "citations": [{"ref": "lease-overlap-1", "quote": "seen in 44 of 44"}]},
    ]
    cause = {**ANSWER["root_causes"][0], "claims": claims}
    with gemini_stub(says(json.dumps({**ANSWER, "root_causes": [cause]}))) as stub:
        result = ask(brief, stub.url)
    [checked] = result.analysis.root_causes
    assert (checked.confidence, checked.stated_confidence) == (0.4, 0.8)
    assert all(claim.uncited for claim in checked.claims)
    assert result.problems == ("span:ffff/ffff: not in the brief", "lease-overlap-1: the quote does not stand there")


def test_an_answer_without_words_is_an_error(brief: Brief) -> None:
    with gemini_stub(says("")) as stub, pytest.raises(SpecialistError, match="gave an empty answer"):
        ask(brief, stub.url)


def test_the_time_budget_is_enforced_while_waiting(brief: Brief) -> None:
    slow = says(json.dumps(ANSWER))
    slow.seconds = 20
    with gemini_stub(slow) as stub:
        started = time.monotonic()
        with pytest.raises(SpecialistError, match=r"did not answer within 0\.5 s"):
            ask(brief, stub.url, seconds=0.5)
        assert time.monotonic() - started < 5


def test_cancelling_closes_the_request_and_sends_no_other(brief: Brief) -> None:
    slow = says("not JSON, so that a repair would follow")
    slow.seconds = 20
    heard: list[Progress] = []
    work = Work(heard.append)
    with gemini_stub(slow) as stub:
        arrived = stub.arrived
        threading.Thread(target=lambda: (arrived.wait(60), work.cancel()), daemon=True).start()
        with pytest.raises(CancelledError):
            ask(brief, stub.url, work=work)
        assert time.monotonic() - stub.arrived_at < 15, "the answer, 20 s away, is not waited for"
    assert len(stub.seen) == 1
    assert heard[0].stage == "ask"


def test_a_work_cancelled_before_sends_nothing(brief: Brief) -> None:
    work = Work()
    work.cancel()
    with gemini_stub(says(json.dumps(ANSWER))) as stub, pytest.raises(CancelledError):
        ask(brief, stub.url, work=work)
    assert stub.seen == []


def test_a_brief_that_does_not_fit_is_not_sent(brief: Brief) -> None:
    huge = Brief("word " * 1_200_000, brief.manifest)
    with gemini_stub(says(json.dumps(ANSWER))) as stub, pytest.raises(ContextOverflowError, match="holds 1,048,576"):
        ask(huge, stub.url)
    assert stub.seen == []


def test_works_inside_a_running_event_loop(brief: Brief) -> None:
    import asyncio

    async def face(url: str) -> TurnResult:
        return ask(brief, url)

    with gemini_stub(says(json.dumps(ANSWER))) as stub:
        assert asyncio.run(face(stub.url)).analysis.narrative == "The lease ran out."


def test_an_unknown_id_passes_through(brief: Brief) -> None:
    with gemini_stub(says(json.dumps(ANSWER))) as stub:
        result = ask(brief, stub.url, "gemini-99-new")
    assert "/models/gemini-99-new:" in stub.seen[0].path and result.dollars is None


def test_evidence_first_then_the_theory(brief: Brief) -> None:
    believed = theory("Tried: more mutexes. We believe it is the network.", Redactor())
    claim = {"text": "c", "citations": [{"ref": "theory", "quote": "We believe it is the network"}]}
    cause = {"type": "external", "description": "d", "confidence": 1, "claims": [claim]}
    first, second = json.dumps({"narrative": "first"}), json.dumps({"narrative": "second", "root_causes": [cause]})
    with gemini_stub(says(first), says(second)) as stub:
        result = ask(brief, stub.url, theory=believed, depth_level=4)
    assert (result.blind and result.blind.narrative, result.analysis.narrative) == ("first", "second")
    blind, told = (seen.json["contents"] for seen in stub.seen)
    assert [content["role"] for content in told] == ["user", "user", "model", "user"]
    assert "mutexes" not in json.dumps(blind) and "mutexes" in json.dumps(told)
    assert result.usage.input_tokens == 2_400
    assert result.analysis.root_causes[0].confidence == 0.5, "what the caller believes proves nothing"
