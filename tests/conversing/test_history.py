"""A history cut off anywhere is one that every provider accepts, and nothing that was answered is lost from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.conversation.sessions.history import NOT_RUN, history_of, resumed
from deep_code_reasoning.conversation.sessions.records import KeptMessage, KeptToolCall
from deep_code_reasoning.specialists.port import Message, ToolAnswer, ToolCall


@st.composite
def cut_off(draw) -> tuple[list[KeptMessage], list[KeptToolCall]]:
    """Turns of a question, rounds of calls with their answers, and a reply; each may have been cut off at any step."""
    kept: list[KeptMessage] = []
    calls: list[KeptToolCall] = []
    for turn in range(1, draw(st.integers(1, 4)) + 1):
        steps: list[Message] = [Message("us", f"question {turn}")]
        for round_ in range(draw(st.integers(0, 2))):
            made = tuple(ToolCall(f"{turn}-{round_}-{n}", "query", {}) for n in range(draw(st.integers(1, 3))))
            steps.append(Message("model", "", made))
            steps.append(Message("us", answers=tuple(ToolAnswer(call.id, call.name, f"of {call.id}") for call in made)))
        steps.append(Message("model", f"answer {turn}"))
        length = draw(st.integers(1, len(steps)))
        kept += [KeptMessage(turn, 0, message) for message in steps[:length]]
        last = steps[length - 1]
        answered = last.calls[: draw(st.integers(0, len(last.calls)))]
        earlier = [call for message in steps[: length - 1] for call in message.calls]
        calls += [KeptToolCall(turn, c.id, c.name, {}, f"of {c.id}", False, 0.1) for c in (*earlier, *answered)]
    return kept, calls


@given(cut_off())
def test_every_call_is_answered_right_after_it(record: tuple[list[KeptMessage], list[KeptToolCall]]) -> None:
    kept, calls = record
    history = history_of(kept, calls)
    for place, message in enumerate(history[:-1]):
        expected = [call.id for call in message.calls]
        assert [answer.call_id for answer in history[place + 1].answers] == expected
    told = {answer.call_id: answer.text for message in history for answer in message.answers}
    for call in calls:
        assert told[call.call_id] == call.answer
    unanswered = set(told) - {call.call_id for call in calls}
    assert all(told[id_] == NOT_RUN for id_ in unanswered)
    assert [message for message in history if message in [one.message for one in kept]] == [one.message for one in kept]


@given(cut_off())
def test_a_turn_taken_up_again_says_its_question_once(
    record: tuple[list[KeptMessage], list[KeptToolCall]],
) -> None:
    kept, calls = record
    last = kept[-1].turn
    begun = resumed(kept, calls, last)
    said = [message.text for message in begun.history if message.author == "us"] + [begun.text]
    assert said.count(f"question {last}") == 1
    assert begun.is_resent == (kept[-1].message.text == f"question {last}")


def test_kept_messages_come_back_as_they_were() -> None:
    message = Message(
        "model", "größe \ud800", (ToolCall("1", "query", {"sql": "SELECT 1"}),), (), '{"signature": "x"}', "google"
    )
    assert Message.from_json(message.as_json()) == message
