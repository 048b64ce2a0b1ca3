"""One turn, step by step: tool calls, budgets, repairs, a blind first pass, what the listener hears."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from deep_code_reasoning.errors import (
    BudgetError,
    CancelledError,
    ContextOverflowError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UsageError,
)
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.catalogue import Model
from deep_code_reasoning.specialists.citations import Sources
from deep_code_reasoning.specialists.port import Message, Reply, Request, ToolCall, Usage
from deep_code_reasoning.specialists.tools.tool_budget import ToolBudget
from deep_code_reasoning.specialists.turn import Turn, TurnResult, take_turn
from specialists.scripted import COUNTED, Heard, Scripted, Tools, answers, calls, item, says

MODEL = Model("m-1", "scripted", context_window=100_000, max_output_tokens=60_000)
BRIEF = item("lease-1", "the lease ran out at 09:00")
TURN = Turn(MODEL, "be exact", (), BRIEF + "why?", seconds=20)


def take(provider: Any, turn: Turn = TURN, *, tools: Tools | None = None, **more: Any) -> TurnResult:
    more.setdefault("work", Work())
    return take_turn(turn, provider, toolbox=tools, sources=Sources(BRIEF), **more)  # ty: ignore[invalid-argument-type]


def cause(ref: str, quote: str, confidence: float = 0.8, description: str = "the lease") -> dict:
    claim = {"text": "c", "citations": [{"ref": ref, "quote": quote}]}
    return {"type": "code", "description": description, "confidence": confidence, "claims": [claim]}


def look(*numbers: int) -> Reply:
    return calls(*(("look", {"n": n}) for n in numbers))


def test_tools_are_answered_in_order_and_every_step_is_heard_before_the_next() -> None:
    provider = Scripted([look(3, 1, 2), look(4), answers()])
    heard, tools = Heard(), Tools()
    result = take(provider, tools=tools, listener=heard)
    assert heard.events == [
        "asked 0 <evidence-0123456789", "replied 3",
        "answered look c0", "answered look c1", "answered look c2", "asked 3", "replied 1",
        "answered look c0", "asked 1", 'replied 0 {"narrative": "done"',
    ]  # fmt: skip
    assert [call.arguments["n"] for call in tools.asked] == [3, 1, 2, 4]
    assert [answer.call_id for answer in provider.seen[1].messages[-1].answers] == ["c0", "c1", "c2"]
    assert result.tool_calls == 4 and result.usage == COUNTED + COUNTED + COUNTED
    assert [message.author for message in result.messages] == ["us", "model"] * 3
    assert provider.seen[0].tools == tools.specs and (result.provider, result.model) == ("scripted", "m-1")


def test_what_a_tool_showed_can_be_cited() -> None:
    good, bad = cause("1", "look saw 7"), cause("1", "look saw 8", description="other")
    result = take(Scripted([look(7), answers(root_causes=[good, bad])]), tools=Tools())
    assert [c.confidence for c in result.analysis.root_causes] == [0.8, 0.4]
    assert result.problems == ("1: the quote does not stand there",)


def test_the_same_call_again_is_told_and_not_run_and_in_the_end_tools_are_withdrawn() -> None:
    provider = Scripted([look(1), look(1), look(1), look(1), answers()])
    tools = Tools()
    result = take(provider, tools=tools)
    assert len(tools.asked) == 1 and result.tool_calls == 1
    [again] = provider.seen[2].messages[-1].answers
    assert again.is_error and "call 1 again" in again.text
    assert [request.may_call for request in provider.seen] == [True] * 4 + [False]
    assert provider.seen[4].tools == tools.specs, "the history speaks of them"
    assert "3 calls were repetitions. Answer now" in provider.seen[4].messages[-1].text


def test_at_the_end_of_the_budget_the_model_is_told_to_answer() -> None:
    budget = ToolBudget.of_depth(1).calls
    provider = Scripted([look(*range(3)), look(*range(3, 9)), answers()])
    tools = Tools()
    result = take(provider, replace(TURN, depth_level=1), tools=tools)
    assert len(tools.asked) == budget == result.tool_calls
    over = [answer for answer in provider.seen[2].messages[-1].answers if answer.is_error]
    assert len(over) == 9 - budget and all("calls are used" in answer.text for answer in over)
    assert not provider.seen[2].may_call and "Answer now" in provider.seen[2].messages[-1].text


def test_at_the_end_of_its_rounds_too() -> None:
    provider = Scripted([look(1), look(2), answers()])
    tools = Tools()
    take(provider, replace(TURN, depth_level=1), tools=tools)
    assert len(tools.asked) == 2 and [request.may_call for request in provider.seen] == [True, True, False]
    assert "all 2 rounds are used" in provider.seen[2].messages[-1].text


def test_little_time_buys_less_thinking() -> None:
    efforts = []
    for seconds in (20, 600):
        provider = Scripted([answers()])
        take(provider, replace(TURN, depth_level=5, seconds=seconds))
        efforts.append(provider.seen[0].effort)
    assert efforts == ["low", "high"]


def test_a_model_that_calls_on_without_tools_is_not_asked_for_ever() -> None:
    provider = Scripted([look(1)])
    with pytest.raises(SpecialistError, match="empty answer"):
        take(provider)
    assert len(provider.seen) == 4
    assert all(answer.is_error for request in provider.seen for m in request.messages for answer in m.answers)


def test_a_full_window_ends_the_looking_up() -> None:
    full = replace(look(1), usage=Usage(input_tokens=80_000, output_tokens=10))
    provider = Scripted([full, answers()])
    take(provider, tools=Tools())
    assert not provider.seen[1].may_call and "of 100,000 tokens" in provider.seen[1].messages[-1].text


def test_a_slow_tool_is_stopped_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(call: ToolCall, work: Work) -> str:
        for _ in range(500):
            time.sleep(0.01)
            work.check()
        return "late"

    monkeypatch.setattr(ToolBudget, "of_depth", lambda depth: ToolBudget(8, 8, seconds_a_call=0.1))
    provider = Scripted([look(1), answers()])
    take(provider, tools=Tools(slow))
    [answer] = provider.seen[1].messages[-1].answers
    assert answer.is_error and answer.text == "stopped after 0.1 s; ask for less"


def test_the_time_budget_covers_tools_too() -> None:
    stopped = threading.Event()

    def endless(call: ToolCall, work: Work) -> str:
        work.on_cancel(stopped.set)
        stopped.wait(20)
        work.check()
        return "late"

    started = time.monotonic()
    with pytest.raises(SpecialistError, match=r"did not answer within 0\.3 s"):
        take(Scripted([look(1), answers()]), replace(TURN, seconds=0.3), tools=Tools(endless))
    assert time.monotonic() - started < 5 and stopped.is_set()


def test_once_most_of_the_time_is_gone_the_model_is_told_to_answer() -> None:
    def slow(call: ToolCall, work: Work) -> str:
        time.sleep(1.3)
        return "x"

    provider = Scripted([look(1), answers()])
    take(provider, replace(TURN, seconds=2), tools=Tools(slow))
    assert not provider.seen[1].may_call and "the time for them is used" in provider.seen[1].messages[-1].text


def test_cancelling_in_a_tool_ends_the_turn_at_once() -> None:
    work = Work()

    def cancels(call: ToolCall, inner: Work) -> str:
        work.cancel()
        time.sleep(0.05)
        inner.check()
        return "x"

    provider = Scripted([look(1), answers()])
    with pytest.raises(CancelledError):
        take(provider, tools=Tools(cancels), work=work)
    assert len(provider.seen) == 1


def test_a_question_to_the_caller_ends_the_turn_and_the_next_one_answers_it() -> None:
    asking = calls(("look", {"n": 1}), ("ask_caller", {"question": "Does it fail on one node?"}), text="Nearly there.")
    provider = Scripted([asking])
    tools = Tools()
    result = take(provider, tools=tools)
    assert result.questions == ("Does it fail on one node?",) == tuple(result.analysis.questions)
    assert result.analysis.narrative == "Nearly there." and tools.asked == []
    then = Scripted([answers()])
    take(then, replace(TURN, history=result.messages, text="Yes."))
    opening = then.seen[0].messages[-1]
    assert opening.text == "Yes." and [answer.call_id for answer in opening.answers] == ["c0", "c1"]


def test_a_reply_that_does_not_parse_is_repaired_once_then_prose() -> None:
    provider = Scripted([says("It is the lease."), says("As I said: the lease.")])
    result = take(provider)
    assert len(provider.seen) == 2 and result.analysis.narrative == "As I said: the lease."
    assert "not JSON" in provider.seen[1].messages[-1].text


def test_a_repair_may_look_something_up() -> None:
    provider = Scripted([says("hm"), look(1), answers()])
    assert take(provider, tools=Tools()).analysis.narrative == "done"


def test_a_cut_reply_gets_more_room_and_what_it_said_is_kept() -> None:
    cut = '{"root_causes": [{"type": "code", "description": "the lease", "confidence": 0.7}], "narrative": "It was'
    provider = Scripted([says(cut, is_cut=True)])
    result = take(provider)
    first, second = provider.seen
    assert second.max_output_tokens == min(2 * first.max_output_tokens, MODEL.max_output_tokens)
    assert "be briefer" in second.messages[-1].text
    assert result.analysis.root_causes[0].description == "the lease"
    assert result.analysis.narrative.startswith("It was")


def test_an_empty_reply_is_never_sent_back_empty() -> None:
    provider = Scripted([says(" ", original="{}"), answers()])
    take(provider)
    assert provider.seen[1].messages[1] == Message("model", "(empty)", provider="scripted")


@pytest.mark.parametrize("error", [ContextOverflowError("too long"), RefusedError("no"), BudgetError("too dear")])
def test_the_caller_is_told_what_kept_the_model_from_answering(error: SpecialistError) -> None:
    with pytest.raises(type(error)):
        take(Scripted([look(1), error]), tools=Tools())


def test_an_answer_is_kept_when_its_repair_fails() -> None:
    result = take(Scripted([says("It is the lease."), RefusedError("no more")]))
    assert result.analysis.narrative == "It is the lease."
    assert "could not be repaired: no more" in result.problems[-1]


def test_whether_to_wait_is_for_the_provider_to_say_and_nothing_stays_reserved() -> None:
    provider, meter = Scripted([RateLimitedError("slow down", 0.1), answers()]), Meter(allowed=9)
    with pytest.raises(RateLimitedError):
        take(provider, meter=meter)
    assert len(provider.seen) == 1 and meter.released == 1 and meter.entries == []


class Meter:
    """Allows some calls; `seconds` is how long a person thinks about each."""

    def __init__(self, allowed: int, seconds: float = 0) -> None:
        self.allowed, self.seconds, self.entries, self.released = allowed, seconds, [], 0

    def before(self, request: Request, entry: Model) -> None:
        time.sleep(self.seconds)
        self.allowed -= 1
        if self.allowed < 0:
            raise BudgetError("0.50 of 0.50 dollars are spent")

    def after(self, entry: Model, usage: Usage) -> float | None:
        self.entries.append((entry.provider, entry.id))
        return 0.25

    def release(self) -> None:
        self.released += 1


def test_dollars_are_asked_for_before_each_call_and_summed() -> None:
    meter = Meter(2)
    assert take(Scripted([look(1), answers()]), tools=Tools(), meter=meter).dollars == 0.5
    assert meter.entries == [("scripted", "m-1")] * 2
    heard, provider = Heard(), Scripted([look(1), answers()])
    with pytest.raises(BudgetError, match="are spent"):
        take(provider, tools=Tools(), meter=Meter(1), listener=heard)
    assert len(provider.seen) == 1 and heard.events[-1] == "answered look c0", "what was not sent is not kept as sent"


def test_a_person_may_think_longer_than_the_turn_may_take() -> None:
    assert take(Scripted([answers()]), replace(TURN, seconds=0.4), meter=Meter(1, seconds=0.8)).analysis


def test_a_run_that_went_on_at_the_provider_is_taken_up() -> None:
    class Background(Scripted):
        async def resume(self, request: Request, pending: str) -> Reply:
            self.seen.append(request)
            return answers(narrative=f"finished {pending}")

    heard = Heard()
    result = take(Background([look(1)]), replace(TURN, pending="run-7"), listener=heard)
    assert result.analysis.narrative == "finished run-7"
    assert heard.events[0].startswith("replied"), "the text was heard by the process that died"
    assert [message.author for message in result.messages] == ["us", "model"]


def test_a_depth_that_there_is_not_is_refused_before_anything_is_sent() -> None:
    provider = Scripted([answers()])
    with pytest.raises(UsageError, match="expected 1 to 5"):
        take(provider, replace(TURN, depth_level=6))
    assert provider.seen == []


def test_the_stable_beginning_is_told_to_the_provider() -> None:
    provider = Scripted([look(1), answers()])
    take(provider, replace(TURN, key="s1"), tools=Tools())
    assert [request.caching.stable_messages for request in provider.seen if request.caching] == [1, 3]
    take(cached := Scripted([answers()]), replace(TURN, key="s1", cache_handle="c"))
    assert cached.seen[0].caching and cached.seen[0].caching.handle == "c"
    take(once := Scripted([answers()]))
    assert once.seen[0].caching is None


def test_the_evidence_is_judged_before_the_theory_is_told() -> None:
    first = answers(root_causes=[cause("lease-1", "the lease ran out", 0.9), cause("x", "y", 0.2, "the network")])
    second = answers(root_causes=[cause("lease-1", "the lease ran out", 0.6)])
    provider = Scripted([first, second])
    result = take(provider, replace(TURN, blind=True, theory="THEORY: it is the network"))
    assert "THEORY" not in str(provider.seen[0]) and "THEORY" in provider.seen[1].messages[-1].text
    assert result.blind and result.blind.root_causes[0].confidence == 0.9
    assert result.analysis.root_causes[0].confidence == 0.6
    assert result.changed == (
        'confidence in "the lease": was 0.90, now 0.60',
        'no longer held: "the network" (0.10)',
    )
    assert [message.author for message in result.messages] == ["us", "model", "us", "model"]


def test_a_theory_that_is_not_held_back_goes_along() -> None:
    provider = Scripted([answers()])
    result = take(provider, replace(TURN, theory="THEORY: it is the network"))
    assert "THEORY" in provider.seen[0].messages[0].text and result.blind is None and len(provider.seen) == 1


@pytest.mark.parametrize(
    ("second", "why"),
    [(RefusedError("no"), "no"), (9.0, "m-1 did not answer within 1 s"), (ContextOverflowError("x"), "x")],
)
def test_the_blind_analysis_stands_when_the_second_one_fails(second: Any, why: str) -> None:
    provider = Scripted([answers(narrative="blind"), second])
    result = take(provider, replace(TURN, blind=True, theory="THEORY", seconds=1))
    assert result.analysis.narrative == "blind" and result.blind is None
    [problem] = result.problems
    assert problem.startswith(f"the caller's theory was not weighed: {why}")


def test_a_second_analysis_that_cannot_be_repaired_is_kept_beside_the_blind_one() -> None:
    provider = Scripted([answers(narrative="blind"), says("It does not hold."), RefusedError("no")])
    result = take(provider, replace(TURN, blind=True, theory="THEORY"))
    assert result.analysis.narrative == "It does not hold." and result.blind and result.blind.narrative == "blind"
