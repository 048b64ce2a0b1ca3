"""A run that goes on at the provider after our process died is taken up again, not asked anew."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field

import pytest

from conversing.conftest import Desk
from conversing.counting_gemini import CountingGemini, narrative
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversation.sessions.specialist import Specialists
from deep_code_reasoning.errors import SpecialistError, UnavailableError, UnknownModelError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.port import Reply, Request, Usage


@dataclass
class Background:
    """A provider that works in the background. `dies`: our process, once the run is under way."""

    dies: bool = False
    failure: SpecialistError | None = None
    asked: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request.messages[-1].text)
        if self.dies and request.on_pending:
            request.on_pending("resp_1")
            os.kill(os.getpid(), signal.SIGKILL)
        return Reply(narrative("asked"), Usage(100, 10), provider="openai", model="gpt")

    async def resume(self, request: Request, pending: str) -> Reply:
        self.resumed.append(pending)
        if self.failure:
            raise self.failure
        return Reply(narrative("taken up"), Usage(100, 10), provider="openai", model="gpt")


@pytest.fixture
def session(desk: Desk, gemini: CountingGemini, request_: EscalationRequest) -> str:
    """A conversation whose second turn was cut off while it ran in the background."""
    session = desk(gemini).start(request_, work=Work()).session.id
    child = os.fork()
    if child == 0:
        Specialists.chain = lambda *_: Background(dies=True)  # type: ignore[method-assign]
        desk(gemini).say(session, "the long one", work=Work())
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    return session


@pytest.fixture
def background(monkeypatch: pytest.MonkeyPatch) -> Background:
    provider = Background()
    monkeypatch.setattr(Specialists, "chain", lambda *_: provider)
    return provider


def test_resume_takes_it_up(desk: Desk, gemini: CountingGemini, session: str, background: Background) -> None:
    turn = desk(gemini).resume(session, work=Work()).turn
    assert (turn.number, turn.state, turn.pending) == (2, "done", None)
    assert turn.analysis and turn.analysis["narrative"] == "taken up"
    assert (background.resumed, background.asked) == (["resp_1"], [])


def test_say_takes_it_up_first(desk: Desk, gemini: CountingGemini, session: str, background: Background) -> None:
    desk(gemini).say(session, "the next one", work=Work())
    assert background.resumed == ["resp_1"] and len(background.asked) == 1
    first, second, third = desk(gemini).status(session).turns
    assert [turn.state for turn in (first, second, third)] == ["done"] * 3
    assert second.analysis and second.analysis["narrative"] == "taken up"


def test_one_that_the_provider_has_lost_is_asked_anew_and_an_outage_is_waited_out(
    desk: Desk, gemini: CountingGemini, session: str, background: Background
) -> None:
    background.failure = UnavailableError("down")
    with pytest.raises(UnavailableError):
        desk(gemini).resume(session, work=Work())
    assert desk(gemini).status(session).turns[-1].pending == "resp_1"
    background.failure = UnknownModelError("no such response")
    with pytest.raises(UnknownModelError):
        desk(gemini).resume(session, work=Work())
    assert desk(gemini).status(session).turns[-1].pending is None
    assert desk(gemini).resume(session, work=Work()).turn.state == "done"
    assert len(background.asked) == 1 and "the long one" in background.asked[0]
