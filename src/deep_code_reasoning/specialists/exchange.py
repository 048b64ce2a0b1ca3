"""How a turn goes: send, answer tool calls, read the analysis, ask once more where it cannot be read."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import SpecialistError
from deep_code_reasoning.specialists.asking import telling
from deep_code_reasoning.specialists.effort import allowance_of
from deep_code_reasoning.specialists.port import Caching, Message, Reply, Request, Resumes, ToolAnswer, ToolSpec, Usage
from deep_code_reasoning.specialists.prices import dollars_of
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.reply_text import UnreadableReply, read_analysis, salvage
from deep_code_reasoning.specialists.tool_rounds import ToolRounds
from deep_code_reasoning.specialists.turn import TurnResult

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.analysis import Analysis
    from deep_code_reasoning.specialists.citations import Sources
    from deep_code_reasoning.specialists.port import Provider
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox
    from deep_code_reasoning.specialists.turn import Listener, Meter, Turn

_EMPTY = "(empty)"
_RUNS_CODE = ("execution_trace", "hypothesis_test", "performance")


def first_request(turn: Turn, toolbox: Toolbox | None) -> Request:
    """What the turn sends first: to count it, or to make a cache of its beginning."""
    return _request(turn, (*turn.history, opening(turn)), toolbox.specs if toolbox else ())


def opening(turn: Turn) -> Message:
    """The turn's text. Calls that an earlier turn left open are closed first: providers refuse a history without."""
    last = turn.history[-1] if turn.history else None
    left = last.calls if last and last.author == "model" else ()
    closed = "this call ended the turn before; what follows is the answer, or call again"
    text = turn.text
    if turn.theory:
        text += prompt("blind") if turn.blind else prompt("theory", theory=turn.theory)
    return Message("us", text, answers=tuple(ToolAnswer(call.id, call.name, closed) for call in left))


def _is_blind(turn: Turn) -> bool:
    return turn.blind and bool(turn.theory)


def _request(turn: Turn, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> Request:
    from deep_code_reasoning.specialists.analysis import answer_schema

    allowance = allowance_of(turn.depth_level, turn.seconds)
    stable = 1 if turn.cache_handle else len(messages)
    return Request(
        model=turn.entry.id,
        system=turn.system,
        messages=messages,
        schema=answer_schema(),
        schema_name="analysis",
        max_output_tokens=min(allowance.output_tokens, turn.entry.max_output_tokens),
        effort=allowance.thinking,
        tools=tools,
        caching=Caching(turn.key, stable, turn.cache_handle) if turn.key else None,
        code_execution="code_execution" in turn.entry.capabilities and turn.analysis_type in _RUNS_CODE,
    )


class Exchange:
    """The state of one turn. `run` once, then `result`; a failure leaves what was said so far with the listener."""

    def __init__(
        self,
        turn: Turn,
        provider: Provider,
        toolbox: Toolbox | None,
        sources: Sources,
        meter: Meter | None,
        listener: Listener | None,
        work: Work,
    ) -> None:
        self._turn, self._provider, self._toolbox = turn, provider, toolbox
        self._sources, self._meter, self._listener, self._work = sources, meter, listener, work
        self._output = _request(turn, (), ()).max_output_tokens
        self._rounds = ToolRounds(turn, toolbox, sources, listener, work)
        self._messages: list[Message] = []
        self._drafts: list[str] = []
        self._problems: list[str] = []
        self._usage, self._dollars = Usage(), 0.0
        self._answered_by = (turn.entry.provider, turn.entry.id)
        self._analysis: Analysis | None = None
        self._blind: Analysis | None = None
        self._limit = asyncio.Timeout(None)

    async def run(self) -> None:
        """Raises SpecialistError where nothing came that could be an answer."""
        turn = self._turn
        async with telling(turn.entry.id, turn.seconds, self._work):
            try:
                async with asyncio.timeout(turn.seconds) as self._limit:
                    await self._both_passes()
            except TimeoutError:
                self._keep_what_came(
                    SpecialistError(
                        f"{turn.entry.id} did not answer within {turn.seconds:g} s; give a larger time_budget_seconds "
                        "or a lower depth_level"
                    ),
                    "the time budget ended before the answer was repaired",
                )
            except SpecialistError as error:
                self._keep_what_came(error, f"the answer could not be repaired: {error}")

    def result(self, seconds: float) -> TurnResult:
        from deep_code_reasoning.specialists.citations import check_citations
        from deep_code_reasoning.specialists.differences import differences

        assert self._analysis is not None
        analysis, unproven = check_citations(self._analysis, self._sources)
        blind = check_citations(self._blind, self._sources)[0] if self._blind else None
        return TurnResult(
            analysis=analysis,
            messages=tuple(self._messages),
            usage=self._usage,
            dollars=self._dollars,
            provider=self._answered_by[0],
            model=self._answered_by[1],
            seconds=seconds,
            problems=(*self._problems, *unproven),
            tool_calls=self._rounds.calls,
            questions=tuple(self._rounds.questions),
            blind=blind,
            changed=differences(blind, analysis) if blind else (),
        )

    async def _both_passes(self) -> None:
        turn = self._turn
        self._analysis = await self._analysed(opening(turn))
        if not _is_blind(turn) or self._rounds.questions:
            return
        self._blind, self._drafts = self._analysis, []
        self._analysis = await self._analysed(Message("us", prompt("reveal", theory=turn.theory)))

    async def _analysed(self, message: Message) -> Analysis:
        """The analysis that the model gives, having looked up what it wanted to."""
        is_repair = False
        while True:
            reply = await self._send(message)
            if reply.calls and self._rounds.may_go_on:
                answers = await self._rounds.answer(reply)
                if self._rounds.questions:
                    return self._asking_back(reply)
                note = prompt("answer_now", reason=self._rounds.withdrawn) if self._rounds.withdrawn else ""
                message = Message("us", note, answers=answers)
                continue
            self._drafts.append(reply.text)
            try:
                return read_analysis(reply.text)
            except UnreadableReply as error:
                if is_repair:
                    self._problems.append(
                        "the second answer could not be read either; what could is kept, the rest is prose"
                    )
                    return self._salvaged()
                is_repair = True
                message = self._repair(reply, error)

    def _repair(self, reply: Reply, error: UnreadableReply) -> Message:
        self._problems.append(
            f"the first answer could not be read ({str(error).splitlines()[0]}) and was asked for again"
        )
        cut = ""
        if reply.is_cut:
            cut = f" The answer ran into the limit of {self._output} tokens: be briefer."
            self._output = min(2 * self._output, max(self._turn.entry.max_output_tokens, self._output))
        answers = tuple(ToolAnswer(c.id, c.name, "no tools any more", is_error=True) for c in reply.calls)
        return Message("us", prompt("repair", problem=f"{error}{cut}"), answers=answers)

    def _asking_back(self, reply: Reply) -> Analysis:
        from deep_code_reasoning.specialists.analysis import Analysis

        try:
            said = read_analysis(reply.text)
        except UnreadableReply:
            said = Analysis(narrative=reply.text.strip())
        return said.model_copy(update={"questions": [*self._rounds.questions]})

    async def _send(self, message: Message) -> Reply:
        self._work.check()
        request = self._request((*self._turn.history, *self._messages, message))
        if self._meter:
            await self._unhurried(request)
        is_resumed = bool(self._turn.pending) and not self._messages
        self._messages.append(message)
        if self._listener and not is_resumed:
            self._listener.asked(message)
        started = time.monotonic()
        reply = await self._reply(request, is_resumed)
        entry = self._turn.entry
        self._answered_by = (reply.provider or entry.provider, reply.model or entry.id)
        provider, model = self._answered_by
        if self._meter:
            dollars = self._meter.after(replace(entry, provider=provider, id=model), reply.usage)
        else:
            dollars = dollars_of(provider, model, reply.usage)
        self._usage += reply.usage
        self._dollars = None if dollars is None or self._dollars is None else self._dollars + dollars
        said = reply if reply.text.strip() or reply.calls else replace(reply, text=_EMPTY, original=None)
        self._messages.append(said.as_message())
        if self._listener:
            self._listener.replied(said, dollars, time.monotonic() - started)
        self._rounds.noted(reply, self._output)
        return reply

    async def _unhurried(self, request: Request) -> None:
        """The meter may ask a person, whose time is not the turn's."""
        assert self._meter is not None
        until, started = self._limit.when(), time.monotonic()
        self._limit.reschedule(None)
        try:
            await asyncio.to_thread(self._meter.before, request, self._turn.entry)
        finally:
            self._limit.reschedule(None if until is None else until + time.monotonic() - started)

    async def _reply(self, request: Request, is_resumed: bool) -> Reply:
        """One request. Whether to ask again is for the provider to say: a chain waits, or asks another."""
        try:
            if is_resumed and isinstance(self._provider, Resumes):
                return await self._provider.resume(request, str(self._turn.pending))
            return await self._provider.ask(request)
        except BaseException:
            if self._meter:
                self._meter.release()
            raise

    def _request(self, messages: tuple[Message, ...]) -> Request:
        return replace(
            _request(self._turn, messages, self._rounds.offered),
            max_output_tokens=self._output,
            may_call=not self._rounds.withdrawn,
            on_pending=self._listener.pending if self._listener else None,
        )

    def _salvaged(self) -> Analysis:
        if not any(draft.strip() for draft in self._drafts):
            raise SpecialistError(f"{self._turn.entry.id} gave an empty answer; ask again or name another model")
        return salvage(self._drafts)

    def _keep_what_came(self, error: SpecialistError, problem: str) -> None:
        """An answer that could not be repaired is an answer, and so is a blind one; without any the error is raised."""
        if any(draft.strip() for draft in self._drafts):
            self._problems.append(problem)
            self._analysis = salvage(self._drafts)
        elif self._blind:
            self._problems.append(f"the caller's theory was not weighed: {error}")
            self._analysis, self._blind = self._blind, None
        else:
            raise error
