"""Asks a specialist for predictions as queries, for rivals, and for words about outcomes that are judged already.

Each is one request. What is sent is redacted and fenced as a brief is: what is asked, the verdict, titles of findings,
the windows; no rows of the evidence but what the judged outcomes show.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.errors import RedactionError, SpecialistError
from deep_code_reasoning.experiments.prediction import Hypothesis, Prediction
from deep_code_reasoning.experiments.replies import MOST_PREDICTIONS, Proposed, proposed, schema
from deep_code_reasoning.experiments.trial import Trial, told
from deep_code_reasoning.specialists.asking import run, telling
from deep_code_reasoning.specialists.effort import allowance_of
from deep_code_reasoning.specialists.port import Message, Reply, Request, Usage
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.reply_text import UnreadableReply
from deep_code_reasoning.specialists.tools.found import Found
from deep_code_reasoning.specialists.tools.toolbox import laid_out

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.port import Provider
    from deep_code_reasoning.specialists.tools.desk import Desk
    from deep_code_reasoning.specialists.turn import Meter

Recorded = Callable[[str, str, Usage | None, float | None, float, Exception | None], None]
"""Provider, model, usage, dollars, seconds and the failure of each request, for the ledger."""

_MOST_CHARACTERS = 40_000
_MOST_FINDINGS = 60
_EXPLANATION_TOKENS = 2_048


@dataclass
class Consultation:
    """With one model about one incident. It raises nothing that a model or a provider can bring about: `problems` says
    what went wrong, and what is derived without it stands. Raises CancelledError."""

    entry: Model
    provider: Provider
    meter: Meter
    desk: Desk
    recorded: Recorded
    work: Work
    seconds: float = 60.0
    depth_level: int = 3
    problems: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    dollars: float | None = 0.0
    answered_by: tuple[str, str] = ("", "")

    def predictions(self, hypothesis: str, test_approach: str) -> tuple[Prediction, ...]:
        about = [Found("hypothesis", "question", "hypothesis 1", hypothesis)]
        if test_approach.strip():
            about.append(Found("approach", "question", "how the caller would test it; nothing is run", test_approach))
        found = self._proposed("predict", about, 1)
        return found[0].predictions if found else ()

    def rivals(self, issue: str, believed: Sequence[str], most: int) -> list[Proposed]:
        """Causes with what they predict, the likeliest first."""
        about = [Found("issue", "question", "what goes wrong", issue)]
        if any(text.strip() for text in believed):
            about.append(Found("believed", "question", "what the caller found and tried", "\n".join(believed)))
        return [one for one in self._proposed("propose", about, most) if one.statement]

    def more(self, survivors: Sequence[Trial], _round: int) -> list[tuple[Prediction, ...]]:
        """New predictions for each survivor, to tell them apart."""
        about = [
            Found(
                f"hypothesis-{number}",
                "question",
                f"hypothesis {number}",
                f"{one.hypothesis.statement}\n{_so_far(one)}",
            )
            for number, one in enumerate(survivors, 1)
        ]
        by_number = {one.number: one.predictions for one in self._proposed("tell_apart", about, len(survivors))}
        return [
            tuple(new for new in by_number.get(number, ()) if new not in {o.prediction for o in one.outcomes})
            for number, one in enumerate(survivors, 1)
        ]

    def explained(self, tested: Trial) -> str:
        """In prose; it changes nothing."""
        about = [
            Found("hypothesis", "question", "the hypothesis", tested.hypothesis.statement),
            Found("outcomes", "outcomes", "what was judged", f"{told(tested)}\n{_so_far(tested)}"),
        ]
        try:
            text = self._fenced(about)
        except (RedactionError, ValueError) as error:
            self.problems.append(str(error))
            return ""
        most = min(_EXPLANATION_TOKENS, self.entry.max_output_tokens)
        system = prompt("predictions_system", explains=True)
        return self._ask(Request(self.entry.id, system, (Message("us", text),), None, "", most, "low")).strip()

    def _proposed(self, mode: str, about: Sequence[Found], most: int) -> list[Proposed]:
        from deep_code_reasoning.specialists.tools.query import describe

        try:
            known = self._fenced([*about, *self._incident()])
        except RedactionError as error:
            self.problems.append(str(error))
            return []
        text = prompt(
            "predictions",
            known=known,
            mode=mode,
            most=most,
            predictions=MOST_PREDICTIONS,
            tables=describe("{tables}"),
        )
        allowance = allowance_of(self.depth_level)
        most_tokens = min(allowance.output_tokens, self.entry.max_output_tokens)
        system = prompt("predictions_system", explains=False)
        message = (Message("us", text),)
        request = Request(self.entry.id, system, message, schema(), "predictions", most_tokens, allowance.thinking)
        try:
            found = proposed(self._ask(request), self.answered_by[1], most)
        except UnreadableReply as error:
            if self.answered_by[1]:
                self.problems.append(f"the predictions of {self.answered_by[1]} could not be read: {error}")
            return []
        if unreadable := sum(one.unreadable for one in found):
            self.problems.append(f"{unreadable} predictions could not be read or were too many, and are left out")
        return found

    def _incident(self) -> list[Found]:
        diagnosis = self.desk.diagnosis
        windows = [
            f"{name}: {window.start} to {window.end} ns"
            for name, window in (("baseline", diagnosis.incident.baseline), ("incident", diagnosis.incident.incident))
            if window
        ]
        findings = [f"{one.id}: {one.title}" for one in diagnosis.findings[:_MOST_FINDINGS]]
        items = [
            Found("verdict", "verdict", "what the local diagnosis says", conclusion.verdict(diagnosis)),
            Found("findings", "list", "what detectors found", "\n".join(findings)),
            Found("windows", "list", "the windows", "\n".join(windows)),
        ]
        return [one for one in items if one.text.strip()]

    def _fenced(self, items: Sequence[Found]) -> str:
        return laid_out(self.desk.cleaned(items), 1, _MOST_CHARACTERS)

    def _ask(self, request: Request) -> str:
        """The reply's text; empty, and a problem said, where none came."""
        started = time.monotonic()
        try:
            self.meter.before(request, self.entry)
            reply = run(self._reply(request), self.work)
        except (SpecialistError, TimeoutError) as error:
            said = str(error) or f"{self.entry.id} did not answer within {self.seconds:g} s"
            self.problems.append(said)
            self.recorded(self.entry.provider, self.entry.id, None, None, time.monotonic() - started, error)
            return ""
        provider, model = reply.provider or self.entry.provider, reply.model or self.entry.id
        dollars = self.meter.after(replace(self.entry, provider=provider, id=model), reply.usage)
        self.usage += reply.usage
        self.dollars = None if dollars is None or self.dollars is None else self.dollars + dollars
        self.answered_by = (provider, model)
        self.recorded(provider, model, reply.usage, dollars, time.monotonic() - started, None)
        return reply.text

    async def _reply(self, request: Request) -> Reply:
        async with telling(request.model, self.seconds, self.work), asyncio.timeout(self.seconds):
            return await self.provider.ask(request)


def with_predictions(hypothesis: Hypothesis, added: Sequence[Prediction]) -> Hypothesis:
    """The essential ones first, each once."""
    both = dict.fromkeys((*hypothesis.predictions, *added))
    return replace(hypothesis, predictions=tuple(sorted(both, key=lambda one: not one.essential)))


def _standing(number: int, one: Trial) -> Found:
    text = f"{one.hypothesis.statement}\n{_so_far(one)}"
    return Found(f"hypothesis-{number}", "question", f"hypothesis {number}", text)


def _so_far(tested: Trial) -> str:
    return "\n".join(f"- {one.prediction.statement}: {one.result}; {one.reason}" for one in tested.outcomes)
