"""Whatever is called in whatever order, a conversation and its turns stand as a model of a few lines says."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conversing.kept_sessions import RESULT, dead_process, edit, kept_session
from deep_code_reasoning.conversation.sessions.claims import MOST_QUEUED, Claims
from deep_code_reasoning.conversation.sessions.sessions import Sessions
from deep_code_reasoning.errors import (
    BusyConversationError,
    ConversationError,
    ExpiredConversationError,
    FinishedConversationError,
    UsageError,
)

OVER = ("done", "failed", "cancelled", "interrupted")


class Conversation(RuleBasedStateMachine):
    """`turns` are the states expected, `state` that of the conversation; one process plays all its callers."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.sessions = Sessions(self.folder, days=30)
        self.claims = Claims(self.sessions)
        self.id = kept_session(self.sessions).id
        self.turns: list[str] = []
        self.state = "open"

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> int | None:
        return self.turns.index("running") + 1 if "running" in self.turns else None

    def closed(self) -> type[ConversationError] | None:
        return {"finished": FinishedConversationError, "expired": ExpiredConversationError}.get(self.state)

    @rule(queue=st.booleans())
    def ask(self, queue: bool) -> None:
        expected = self.closed()
        waiting = self.turns.count("queued")
        if expected is None and ((self.running and not queue) or waiting >= MOST_QUEUED):
            expected = BusyConversationError
        if expected:
            with pytest.raises(expected):
                self.claims.ask(self.id, "why?", queue=queue)
            return
        turn = self.claims.ask(self.id, "why?", queue=queue)
        self.turns.append("queued" if self.running or waiting else "running")
        assert (turn.number, turn.state) == (len(self.turns), self.turns[-1])

    @rule()
    def next_waiting(self) -> None:
        if expected := self.closed():
            with pytest.raises(expected):
                self.claims.next(self.id)
            return
        turn = self.claims.next(self.id)
        if self.running or "queued" not in self.turns:
            assert turn is None
        else:
            first = self.turns.index("queued")
            self.turns[first] = "running"
            assert turn and turn.number == first + 1

    @rule()
    def again(self) -> None:
        expected = self.closed() or (BusyConversationError if self.running else None)
        if expected:
            with pytest.raises(expected):
                self.claims.again(self.id)
            return
        turn = self.claims.again(self.id)
        begun = [number for number, state in enumerate(self.turns, 1) if state != "queued"]
        if begun and self.turns[begun[-1] - 1] in ("failed", "cancelled", "interrupted"):
            self.turns[begun[-1] - 1] = "running"
            assert turn and turn.number == begun[-1]
        else:
            assert turn is None

    @precondition(lambda self: self.running)
    @rule(state=st.sampled_from(["failed", "cancelled"]))
    def end(self, state) -> None:
        self.claims.end(self.id, self.running or 0, state, "it went wrong")
        self.turns[(self.running or 0) - 1] = state

    @precondition(lambda self: self.running)
    @rule()
    def answer(self) -> None:
        self.claims.answer(self.id, self.running or 0, RESULT)
        self.turns[(self.running or 0) - 1] = "done"

    @precondition(lambda self: self.running)
    @rule()
    def the_process_dies(self) -> None:
        """It is found out by whoever looks next, as long as the conversation is open."""
        edit(self.folder, "UPDATE turns SET process_id = ? WHERE state = 'running'", dead_process())
        assert self.claims.settle(self.id)
        self.turns[(self.running or 0) - 1] = "interrupted"

    @rule()
    def finish(self) -> None:
        self.sessions.finish(self.id, {"text": f"after {len(self.turns)}"})
        self.state = "finished"
        self.turns = ["cancelled" if state == "queued" else state for state in self.turns]

    @precondition(lambda self: self.state == "open")
    @rule()
    def time_passes(self) -> None:
        edit(self.folder, "UPDATE conversations SET expires_at_unix_nano = 1")
        self.state = "expired"

    @precondition(lambda self: self.state == "expired")
    @rule()
    def it_is_used_after_all(self) -> None:
        """A turn that ran while it expired ends, and counts as activity."""
        self.sessions.touch(self.sessions.find(self.id, "/srv/shop"))
        self.state = "open"

    @rule(data=st.data())
    def fork(self, data) -> None:
        """At any turn that is over, in any state of the parent; the fork is open and has just those turns."""
        parent = self.sessions.find(self.id, "/srv/shop")
        at_turn = data.draw(st.integers(0, len(self.turns) + 1))
        kept = {"request": {}, "model": "local", "provider": "local", "route": "asked", "system": "another"}
        if at_turn and (at_turn > len(self.turns) or self.turns[at_turn - 1] not in OVER):
            with pytest.raises(UsageError):
                self.sessions.fork(parent, at_turn=at_turn, **kept)
            return
        fork = self.sessions.fork(parent, at_turn=at_turn, **kept)
        assert fork.state == "open" and fork.parent_id == self.id
        expected = [state for state in self.turns[:at_turn] if state in OVER]
        assert [turn.state for turn in self.claims.settle(fork.id)] == expected

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        turns = self.claims.settle(self.id)
        assert [turn.state for turn in turns] == self.turns
        assert sum(turn.state == "running" for turn in turns) <= 1
        assert self.sessions.find(self.id, "/srv/shop").state == self.state


Conversation.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestConversation = Conversation.TestCase
