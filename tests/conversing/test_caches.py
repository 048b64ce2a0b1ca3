"""What is kept at a provider for a conversation is made once, used, kept alive, and closed by whoever comes last."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversing.conftest import Desk
from conversing.counting_gemini import CountingGemini
from conversing.kept_sessions import edit
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversation.sessions.sessions import PRUNED_AFTER_DAYS
from deep_code_reasoning.progress import Work


@pytest.fixture
def gemini_without_implicit(gemini: CountingGemini) -> CountingGemini:
    gemini.implicit = False
    return gemini


def verbs(service: CountingGemini) -> list[str]:
    return [call.split()[0] for call in service.calls]


def test_a_cache_is_made_once_used_kept_alive_and_closed_at_the_end(
    desk: Desk, gemini_without_implicit: CountingGemini, request_: EscalationRequest
) -> None:
    gemini = gemini_without_implicit
    session = desk(gemini).start(request_, work=Work()).session.id
    assert verbs(gemini) == ["POST"]
    desk(gemini).say(session, "Why?", work=Work())
    assert verbs(gemini) == ["POST", "PATCH"]
    (held,) = gemini.kept.values()
    assert "# Evidence of one incident" in held and "Why?" not in held
    assert all(one.text.startswith(held) and one.cached_tokens == len(held) // 4 for one in gemini.seen)
    desk(gemini).finalize(session, work=Work())
    assert gemini.kept == {} and verbs(gemini)[-1] == "DELETE"
    cost = desk(gemini).status(session).as_json()["cost"]
    assert cost["dollars"] < cost["dollars_without_cache"]
    assert cost["calls"] == 3  # making a cache is no call of the model, though it costs


def test_an_escalation_makes_no_cache_and_its_second_turn_does(
    desk: Desk, gemini_without_implicit: CountingGemini, request_: EscalationRequest
) -> None:
    gemini = gemini_without_implicit
    escalation = desk(gemini).escalate(request_, work=Work())
    assert gemini.calls == []
    desk(gemini).say(escalation.session_id, "Why?", work=Work())
    assert verbs(gemini) == ["POST"]


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE conversations SET expires_at_unix_nano = 1",
        "UPDATE conversations SET state = 'finished'",
        "DELETE FROM conversations",
    ],
)
def test_a_cache_whose_conversation_is_over_is_closed_by_the_next_caller(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path, end: str
) -> None:
    desk(gemini).start(request_, work=Work())
    left = set(gemini.kept)
    edit(tmp_path / "state", end)
    desk(gemini).start(request_, work=Work())
    assert left and not left & set(gemini.kept) and len(gemini.kept) == 1


def test_a_cache_that_is_gone_at_the_provider_costs_no_turn(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.kept.clear()
    assert desk(gemini).say(session, "Why?", work=Work()).turn.state == "done"
    assert len(gemini.kept) == 1


def test_a_provider_that_takes_no_cache_is_asked_without(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    gemini.explicit = gemini.implicit = False
    session = desk(gemini).start(request_, work=Work()).session.id
    assert desk(gemini).say(session, "Why?", work=Work()).turn.state == "done"
    assert verbs(gemini) == ["POST"], "what it begins with stays too short"
    fork = desk(gemini).fork(session, model="gemini-3.8-flash", work=Work())
    desk(gemini).say(fork.id, "Why?", work=Work())
    assert verbs(gemini) == ["POST", "POST"], "another model may take shorter ones"
    cost = desk(gemini).status(session).as_json()["cost"]
    assert cost["cached_tokens"] == 0 and cost["dollars"] == cost["dollars_without_cache"]


def test_what_expired_long_ago_goes_but_not_out_of_the_ledger(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path
) -> None:
    from deep_code_reasoning.conversation.ledger import Ledger

    old = desk(gemini).start(request_, work=Work()).session
    days = f"expires_at_unix_nano - {(PRUNED_AFTER_DAYS + 31) * 86_400} * 1000000000"
    edit(tmp_path / "state", f"UPDATE conversations SET expires_at_unix_nano = {days}")
    new = desk(gemini).start(request_, work=Work()).session
    assert [one.session_id for one in desk(gemini).listed()] == [new.id]
    ledger = Ledger(tmp_path / "state")
    assert {row["escalation_id"] for row in ledger.escalations()} == {old.escalation_id, new.escalation_id}
    assert old.id in {row["conversation_id"] for row in ledger.calls()}
