"""A provider that plays a list of replies and keeps the requests, and a listener that writes down what it hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.port import Message, Reply, Request, ToolAnswer, ToolCall, ToolSpec, Usage

COUNTED = Usage(input_tokens=1_000, output_tokens=100)


def says(text: str, **more: Any) -> Reply:
    return Reply(text, COUNTED, provider="scripted", model="m-1", **more)


def answers(**fields: Any) -> Reply:
    return says(json.dumps({"narrative": "done", **fields}))


def calls(*names: str | tuple[str, dict[str, Any]], text: str = "") -> Reply:
    pairs = [(one, {}) if isinstance(one, str) else one for one in names]
    made = tuple(ToolCall(f"c{number}", name, given) for number, (name, given) in enumerate(pairs))
    return says(text, calls=made)


@dataclass
class Scripted:
    """One reply a request, the last again and again; an exception is raised, a callable is asked, a number slept."""

    play: list[Reply | Exception | float | Callable[[Request], Reply]]
    seen: list[Request] = field(default_factory=list)

    async def ask(self, request: Request) -> Reply:
        step = self.play[min(len(self.seen), len(self.play) - 1)]
        self.seen.append(request)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
            return says("late")
        return step(request) if callable(step) else step


@dataclass
class Heard:
    events: list[str] = field(default_factory=list)

    def asked(self, message: Message) -> None:
        self.events.append(f"asked {len(message.answers)} {message.text[:20]}".rstrip())

    def replied(self, reply: Reply, dollars: float | None, seconds: float) -> None:
        assert seconds >= 0
        self.events.append(f"replied {len(reply.calls)} {reply.text[:20]}".rstrip())

    def answered(self, call: ToolCall, answer: ToolAnswer, seconds: float) -> None:
        self.events.append(f"answered {call.name} {call.id}" + (" error" if answer.is_error else ""))

    def pending(self, name: str) -> None:
        self.events.append(f"pending {name}")


@dataclass
class Tools:
    """Answers what it is told to; `work` is given to the function."""

    act: Callable[[ToolCall, Work], str] = lambda call, work: item("1", f"{call.name} saw {call.arguments.get('n')}")
    asked: list[ToolCall] = field(default_factory=list)
    specs: tuple[ToolSpec, ...] = (
        ToolSpec("look", "looks", {"type": "object", "properties": {"n": {"type": "integer"}}}),
        ToolSpec("ask_caller", "asks", {"type": "object", "properties": {"question": {"type": "string"}}}),
    )

    def answer(self, call: ToolCall, work: Work) -> ToolAnswer:
        self.asked.append(call)
        return ToolAnswer(call.id, call.name, self.act(call, work))


def item(id_: str, text: str, fence: str = "evidence-0123456789ab", kind: str = "logs") -> str:
    return f'<{fence} id="{id_}" kind="{kind}" title="t">\n{text}\n</{fence}>\n\n'
