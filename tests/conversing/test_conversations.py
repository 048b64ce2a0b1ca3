"""A conversation as an agent has it: start, say, finalize, in one process or several."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conversing.conftest import Desk
from conversing.counting_gemini import CountingGemini, narrative
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.errors import (
    BusyConversationError,
    ExpiredConversationError,
    FinishedConversationError,
    SpecialistError,
    UnknownConversationError,
    UsageError,
)
from deep_code_reasoning.progress import Work


def test_the_brief_is_sent_once_and_later_turns_bring_only_their_message(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    started = desk(gemini).start(request_, "Where does it begin?", work=Work())
    session = started.session.id
    assert started.answer.turn.analysis and "You asked" in started.answer.turn.analysis["narrative"]
    for question in ("What happens between release and acquire?", "And under load?"):
        desk(gemini).say(session, question, work=Work())
    first, second, third = gemini.seen
    assert third.text.startswith(second.text) and second.text.startswith(first.text)
    assert third.text.count("# Evidence of one incident") == 1
    assert len(second.text) - len(first.text) < 1_000
    cost = desk(gemini).status(session).as_json()["cost"]
    assert cost["cached_tokens"] == sum(one.cached_tokens for one in gemini.seen) > 0
    assert cost["dollars"] < cost["dollars_without_cache"]


def test_an_escalation_is_the_first_turn_of_a_conversation(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    escalation = desk(gemini).escalate(request_, work=Work())
    assert escalation.answer.specialist.model == "gemini-4-argon"
    answer = desk(gemini).say(escalation.id, "Why?", work=Work())  # by the id of the escalation, too
    assert answer.session.id == escalation.session_id
    assert answer.turn.number == 2


def test_without_a_key_the_local_analyst_answers_and_nothing_is_sent(desk: Desk, request_: EscalationRequest) -> None:
    started = desk().start(request_, work=Work())
    assert started.session.provider == "local"
    answer = desk().say(started.session.id, "What of payment?", work=Work())
    assert answer.turn.analysis and "local analyst" in answer.turn.analysis["narrative"]
    summary = desk().finalize(started.session.id, "actionable", work=Work())
    assert summary.by == "record" and summary.cost["dollars"] == 0.0
    assert desk().finalize(started.session.id, "detailed", work=Work()) == summary


def test_finalize_asks_the_model_and_the_summary_stays(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.answer = lambda messages: narrative("Do this: renew the lease earlier.")
    summary = desk(gemini).finalize(session, "actionable", work=Work())
    assert (summary.text, summary.by) == ("Do this: renew the lease earlier.", "gemini-4-argon")
    asked = len(gemini.seen)
    assert desk(gemini).finalize(session, "concise", work=Work()) == summary
    assert len(gemini.seen) == asked


def test_where_the_model_fails_the_summary_comes_from_the_record(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    actions = {"immediate_actions": ["roll back"], "next_steps": [], "code_changes": []}
    gemini.answer = lambda messages: narrative("The lease.", recommendations=actions)
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.status = 400
    summary = desk(gemini).finalize(session, "actionable", work=Work())
    assert summary.by == "record" and "out of order" in summary.why
    assert summary.text == "Now:\n- roll back"


def test_four_different_errors(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = desk(gemini)
    session = conversations.start(request_, work=Work()).session.id
    with pytest.raises(UnknownConversationError, match="converse list"):
        conversations.say("con-0000000000", "hello", work=Work())
    with pytest.raises(ExpiredConversationError, match="conversation_days"):
        old = desk(gemini, conversation_days=0.0)
        old.say(old.start(request_, work=Work()).session.id, "hello", work=Work())
    conversations.finalize(session, work=Work())
    with pytest.raises(FinishedConversationError, match="forked"):
        conversations.say(session, "hello", work=Work())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    project = os.getcwd()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(UnknownConversationError, match=project):
        desk(gemini).status(session)
    with pytest.raises(UnknownConversationError, match="another project") as refused:
        desk(gemini, trust=False).status(session)
    assert project not in str(refused.value)


@pytest.mark.parametrize(
    ("message", "said"), [("", "empty"), (" \n", "empty"), ("x" * 10_000_000, "10,000,000 characters; at most")]
)
def test_a_message_that_cannot_be_taken_is_refused_before_anything_is_sent(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, message: str, said: str
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    with pytest.raises(UsageError, match=said):
        desk(gemini).say(session, message, work=Work())
    assert len(gemini.seen) == 1 and len(desk(gemini).status(session).turns) == 1


def test_a_failed_turn_is_kept_told_and_taken_up_again(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.status = 400
    with pytest.raises(SpecialistError, match="out of order"):
        desk(gemini).say(session, "Why?", work=Work())
    assert desk(gemini).status(session).turns[-1].state == "failed"
    gemini.status = 200
    answer = desk(gemini).resume(session, work=Work())
    assert (answer.turn.number, answer.turn.state) == (2, "done")
    assert gemini.seen[-1].text.count("Why?") == 1
    with pytest.raises(UsageError, match="no turn to take up again"):
        desk(gemini).resume(session, work=Work())


def test_a_changed_file_is_told_before_the_message_and_only_once(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, project: Path
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    code = (project / "pay.py").read_text().replace("order.total * 41 ", "order.total + 41 ")
    (project / "pay.py").write_text(code + 'PASSWORD = "geheim-77-lang"\n')
    answer = desk(gemini).say(session, "Is it better now?", work=Work())
    assert answer.told == (f"{project / 'pay.py'} changed in 2 places since it was shown",)
    sent = gemini.seen[-1].text.removeprefix(gemini.seen[0].text)
    assert "order.total + 41" in sent and "order.total * 30" not in sent
    assert "geheim-77-lang" not in gemini.seen[-1].text and "«secret:" in sent
    assert sent.index("order.total + 41") < sent.index("Is it better now?")
    again = desk(gemini).say(session, "And now?", work=Work())
    assert again.told == ()
    (project / "pay.py").unlink()
    gone = desk(gemini).say(session, "And now?", work=Work())
    assert "cannot be read any more" in gone.told[0]
    assert desk(gemini).say(session, "And now?", work=Work()).told == ()


def test_new_evidence_is_told_with_what_the_diagnosis_makes_of_it(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, more_evidence: Path
) -> None:
    from deep_code_reasoning.investigation import Investigations

    conversations = desk(gemini)
    started = conversations.start(request_, work=Work())
    Investigations(conversations._place.settings).load(
        [str(more_evidence)], investigation=started.session.investigation, work=Work()
    )
    answer = desk(gemini).say(started.session.id, "And with the log?", work=Work())
    assert any(one.startswith(f"new: {more_evidence}") for one in answer.told)
    assert "app.jsonl" in gemini.seen[-1].text


def test_files_that_a_message_names_are_shown_with_it_but_none_outside_the_roots(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text("SECRET_PLAN = 1\n")
    (project / "lease.py").write_text("".join(f"line_{n} = {n}\n" for n in range(300)))
    session = desk(gemini).start(request_, work=Work()).session.id
    asked = f"Look at lease.py:200 and at {tmp_path}/outside.py, e.g. its loop."
    answer = desk(gemini).say(session, asked, include_code_snippets=True, work=Work())
    sent = gemini.seen[-1].text
    assert "line_199 = 199" in sent and "line_10 =" not in sent
    assert "SECRET_PLAN" not in sent
    assert any("outside.py: not shown" in one for one in answer.told)


def test_a_fork_goes_on_from_a_turn_with_another_model_and_the_parent_is_as_it_was(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    desk(gemini).say(session, "the second question", work=Work())
    desk(gemini).finalize(session, work=Work())
    fork = desk(gemini).fork(session, model="gemini-3.8-flash", at_turn=1, work=Work())
    desk(gemini).say(fork.id, "another question", work=Work())
    assert "the second question" not in gemini.seen[-1].text
    assert gemini.seen[-1].text.startswith(gemini.seen[0].text)
    assert len(desk(gemini).status(fork.id).turns) == 2
    assert len(desk(gemini).status(session).turns) == 3
    assert [one.session_id for one in desk(gemini).listed()] == [fork.id, session]


def test_what_the_local_analyst_began_a_model_takes_over_with_a_brief(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    session = desk().start(request_, "the first question", work=Work()).session.id
    fork = desk(gemini).fork(session, model="gemini-4-argon", work=Work())
    desk(gemini).say(fork.id, "the second question", work=Work())
    sent = gemini.seen[0].text
    assert (
        sent.index("# Evidence of one incident") < sent.index("the first question") < sent.index("the second question")
    )


def test_a_busy_conversation_refuses_or_queues(desk: Desk, gemini: CountingGemini, request_: EscalationRequest) -> None:
    import threading

    session = desk(gemini).start(request_, work=Work()).session.id
    gemini.hold.clear()
    gemini.arrived.acquire()
    holder = threading.Thread(target=lambda: desk(gemini).say(session, "the long one", work=Work()))
    holder.start()
    assert gemini.arrived.acquire(timeout=60)
    with pytest.raises(BusyConversationError, match=rf"turn 2 since .* \(process {os.getpid()}\)"):
        desk(gemini).say(session, "me too", work=Work())
    queued = desk(gemini).say(session, "me after you", queue=True, work=Work())
    assert queued.turn.state == "queued" and queued.turn.analysis is None
    gemini.hold.set()
    holder.join(60)
    states = [(turn.question, turn.state) for turn in desk(gemini).status(session).turns[1:]]
    assert states == [("the long one", "done"), ("me after you", "done")]


def test_a_replay_asks_the_same_of_another_model_and_compares(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest
) -> None:
    def cause(description: str, confidence: float, kind: str = "code") -> dict:
        return {"type": kind, "description": description, "confidence": confidence, "claims": []}

    gemini.answer = lambda messages: narrative("a", root_causes=[cause("pay.py holds the lock", 0.8)])
    session = desk(gemini).start(request_, "the first question", work=Work()).session.id
    desk(gemini).say(session, "the second question", work=Work())
    gemini.answer = lambda messages: narrative(
        "b", root_causes=[cause("the clock", 0.9, "resource"), cause("the lock in pay.py:12", 0.5)]
    )
    found = desk(gemini).replay(session, model="gemini-3.8-flash", system="Be brief.", work=Work())
    assert [turn.question for turn in found.turns] == [
        desk(gemini).status(session).turns[0].question, "the second question"
    ]  # fmt: skip
    first = found.turns[0]
    assert [(pair.before_confidence, pair.after_confidence) for pair in first.both] == [(0.4, 0.25)]
    assert first.only_after == ("the clock",) and first.same_first is False
    assert gemini.seen[-1].text.startswith("Be brief.")
    assert gemini.seen[2].text.removeprefix("Be brief.") in gemini.seen[0].text  # the same brief and question
    assert found.after_cost["dollars"] < found.before_cost["dollars"]
    json.dumps(found.as_json())


def test_the_transcript_tells_everything(desk: Desk, gemini: CountingGemini, request_: EscalationRequest) -> None:
    session = desk(gemini).start(request_, work=Work()).session.id
    desk(gemini).say(session, "Why <b>?", work=Work())
    desk(gemini).finalize(session, work=Work())
    transcript = desk(gemini).transcript(session)
    told = transcript.as_json()
    assert [len(turn["messages"]) for turn in told["turns"]] == [3, 2, 2]  # the first: brief, question, answer
    assert "> Why <b>?" in transcript.as_text() and "Summary (detailed)" in transcript.as_text()
    json.dumps(told)


def test_a_brief_too_long_for_the_model_is_made_smaller_until_it_fits(
    desk: Desk, gemini: CountingGemini, request_: EscalationRequest, project: Path
) -> None:
    (project / "pay.py").write_text("".join(f"value_{n} = load_{n}(order, {n})\n" for n in range(2_000)))
    gemini.most_tokens = 12_000
    started = desk(gemini).start(request_, work=Work())
    assert started.escalation.answer.specialist_error is None
    assert started.escalation.brief and started.escalation.brief.manifest.budget_tokens < 60_000
    (sent,) = gemini.seen
    assert sent.input_tokens <= gemini.most_tokens and len(gemini.kept) == 1
    assert "value_1 =" in sent.text
    answer = desk(gemini).say(started.session.id, "Why?", work=Work())
    assert answer.turn.state == "done" and gemini.seen[-1].text.startswith(sent.text)
