"""Answers the tool calls of a turn, one after the other in their order, until a limit of the tool budget is met."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.port import Reply, ToolAnswer, ToolCall, ToolSpec
from deep_code_reasoning.specialists.tools.tool_budget import ToolBudget

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.citations import Sources
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox
    from deep_code_reasoning.specialists.turn import Listener, Turn

ASK_CALLER = "ask_caller"
_MOST_STRAY_ROUNDS = 2
"""Replies that call tools although none may be called any more."""


class ToolRounds:
    """`withdrawn`: why no tool may be called any more; empty while one may. `questions`: what the caller is asked."""

    def __init__(
        self, turn: Turn, toolbox: Toolbox | None, sources: Sources, listener: Listener | None, work: Work
    ) -> None:
        self._toolbox, self._sources, self._listener, self._work = toolbox, sources, listener, work
        self._budget = ToolBudget.of_depth(turn.depth_level)
        self._until = time.monotonic() + turn.seconds * self._budget.share_of_time
        self._window = turn.entry.context_window
        self._before: dict[str, int] = {}
        self._repeats = 0
        self._stray = 0
        self._rounds = 0
        self.calls = 0
        self.questions: list[str] = []
        self.withdrawn = "" if toolbox else "no tools are given here"

    @property
    def offered(self) -> tuple[ToolSpec, ...]:
        """Also when none may be called any more: providers refuse calls in a history without the tools."""
        return self._toolbox.specs if self._toolbox else ()

    @property
    def may_go_on(self) -> bool:
        """False where calls that come now are not even refused any more."""
        return self._stray < _MOST_STRAY_ROUNDS

    def noted(self, reply: Reply, output_tokens: int) -> None:
        """What the conversation takes by now, as the provider counted."""
        taken = reply.usage.input_tokens + reply.usage.output_tokens + output_tokens
        if self._window and taken > self._budget.share_of_window * self._window:
            self._withdraw(f"the conversation takes {taken:,} of {self._window:,} tokens")

    async def answer(self, reply: Reply) -> tuple[ToolAnswer, ...]:
        """One answer a call, in the order of the calls; none are needed where `questions` end the turn."""
        self._stray += bool(self.withdrawn)
        self._rounds += 1
        if not self.withdrawn and (asked := [c for c in reply.calls if c.name == ASK_CALLER and _question(c)]):
            self.questions = [_question(call) for call in asked]
            return ()
        answers = []
        for call in reply.calls:
            started = time.monotonic()
            answer = await self._answer(call)
            if not answer.is_error:
                self._sources.add(answer.text, call)
            if self._listener:
                self._listener.answered(call, answer, time.monotonic() - started)
            answers.append(answer)
        if self.calls >= self._budget.calls:
            self._withdraw(f"all {self._budget.calls} calls are used")
        if self._rounds >= self._budget.rounds:
            self._withdraw(f"all {self._budget.rounds} rounds are used")
        if time.monotonic() >= self._until:
            self._withdraw("the time for them is used")
        if self._repeats >= self._budget.repeats:
            self._withdraw(f"{self._repeats} calls were repetitions")
        return tuple(answers)

    def _withdraw(self, reason: str) -> None:
        self.withdrawn = self.withdrawn or reason

    async def _answer(self, call: ToolCall) -> ToolAnswer:
        self._work.check()
        if self.withdrawn or self._toolbox is None:
            return _refused(call, f"not run: {self.withdrawn}")
        if self.calls >= self._budget.calls:
            return _refused(call, f"not run: all {self._budget.calls} calls are used; answer with what you have")
        same = json.dumps([call.name, call.arguments], sort_keys=True, default=str)
        if same in self._before:
            self._repeats += 1
            return _refused(
                call, f"not run: this is call {self._before[same]} again and its answer stands above; ask for "
                "something else, or answer with what you have",
            )  # fmt: skip
        self.calls += 1
        self._before[same] = self.calls
        return await self._within_time(self._toolbox, call)

    async def _within_time(self, toolbox: Toolbox, call: ToolCall) -> ToolAnswer:
        """In a thread, since it blocks; stopped through its own Work, so that nothing runs on when this returns."""
        work = Work()
        self._work.on_cancel(work.cancel)
        running = asyncio.ensure_future(asyncio.to_thread(toolbox.answer, call, work))
        try:
            done, _ = await asyncio.wait([running], timeout=self._budget.seconds_a_call)
            if not done:
                work.cancel()
            return await running
        except CancelledError:
            self._work.check()
            return _refused(call, f"stopped after {self._budget.seconds_a_call:g} s; ask for less")
        except asyncio.CancelledError:
            work.cancel()
            raise


def _question(call: ToolCall) -> str:
    question = call.arguments.get("question")
    return question.strip() if isinstance(question, str) else ""


def _refused(call: ToolCall, why: str) -> ToolAnswer:
    return ToolAnswer(call.id, call.name, why, is_error=True)
