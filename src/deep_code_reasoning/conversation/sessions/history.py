"""What was said so far, as a provider accepts it: every call of a tool has its answer, whatever was cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deep_code_reasoning.conversation.sessions.records import KeptMessage, KeptToolCall
from deep_code_reasoning.specialists.port import Message, ToolAnswer, ToolCall

NOT_RUN = "This call was not run: the turn was cut off before. Call it again if the answer is still needed."
GO_ON = "The turn was cut off here. Go on where you stopped."


@dataclass(frozen=True)
class Beginning:
    """What a turn begins with. `is_resent`: `text` is on record already, from an earlier try of the turn."""

    history: tuple[Message, ...]
    text: str
    is_resent: bool
    theory: str = ""


def history_of(kept: Sequence[KeptMessage], calls: Iterable[KeptToolCall]) -> tuple[Message, ...]:
    """The messages, with an answer for each call that has none: the one that was kept, else that it was not run.

    Calls at the very end of which none was answered stay as they are: whoever speaks next closes them.
    """
    answers = {(call.turn, call.call_id): call for call in calls}
    history: list[Message] = []
    for place, one in enumerate(kept):
        history.append(one.message)
        following = kept[place + 1].message if place + 1 < len(kept) else None
        given = {answer.call_id for answer in following.answers} if following else set()
        missing = [call for call in one.message.calls if call.id not in given]
        known = [answers.get((one.turn, call.id)) for call in missing]
        if missing and (following or any(known)):
            made = [_answer(call, kept) for call, kept in zip(missing, known, strict=True)]
            history.append(Message("us", answers=tuple(made)))
    return tuple(history)


def resumed(kept: Sequence[KeptMessage], calls: Iterable[KeptToolCall], number: int) -> Beginning:
    """Turn `number`, which has said something, once more: with the message that nobody answered, else a word to go on.

    `kept` ends with that turn.
    """
    history = history_of(kept, calls)
    last = history[-1]
    if kept[-1].turn == number and kept[-1].message is last and last.author == "us" and not last.answers:
        return Beginning(history[:-1], last.text, is_resent=True)
    return Beginning(history, GO_ON, is_resent=False)


def _answer(call: ToolCall, kept: KeptToolCall | None) -> ToolAnswer:
    if kept is None:
        return ToolAnswer(call.id, call.name, NOT_RUN, is_error=True)
    return ToolAnswer(call.id, call.name, kept.answer, kept.is_error)
