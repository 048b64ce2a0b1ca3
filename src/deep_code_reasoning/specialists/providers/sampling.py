"""The model of the MCP client, asked through sampling. The face that holds the session gives the callable."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from deep_code_reasoning.errors import RefusedError, SpecialistError, UnavailableError
from deep_code_reasoning.specialists.port import Message, Reply, Request, Usage
from deep_code_reasoning.specialists.providers.endpoints import CLIENT

Turn = tuple[Literal["user", "assistant"], str]
CreateMessage = Callable[[str, Sequence[Turn], int], str | Awaitable[str]]
"""(system, messages, most tokens of the answer) -> its text. A plain function is run in a thread of its own."""


@dataclass(frozen=True)
class Sampling:
    """Text alone: the client's model has no tools of ours, and counts no tokens for us (`Usage()` is not known here).

    A schema is asked for in the system text.
    """

    create_message: CreateMessage

    async def ask(self, request: Request) -> Reply:
        arguments = (_system(request), tuple(_turn(message) for message in request.messages), request.max_output_tokens)
        try:
            if inspect.iscoroutinefunction(self.create_message):
                made = await self.create_message(*arguments)
            else:
                made = await asyncio.to_thread(self.create_message, *arguments)
            text = await made if inspect.isawaitable(made) else made
        except (SpecialistError, asyncio.CancelledError):
            raise
        except Exception as error:
            words = " ".join(str(error).split())[:500] or type(error).__name__
            kind = RefusedError if "reject" in words.lower() or "denied" in words.lower() else UnavailableError
            raise kind(
                f"the client's model gave no answer: {words}; allow sampling in the client, or name another model"
            ) from None
        if not isinstance(text, str) or not text.strip():
            raise UnavailableError("the client's model gave no text; ask again or name another model")
        return Reply(text, Usage(), provider=CLIENT, model=request.model)


def _system(request: Request) -> str:
    if request.schema is None:
        return request.system
    schema = json.dumps(request.schema, ensure_ascii=False)
    return (
        f"{request.system}\n\nAnswer with one JSON object of this schema and nothing else, no Markdown fence:\n{schema}"
    )


def _turn(message: Message) -> Turn:
    """What another model did with tools is told as text, for the client's model has none."""
    parts = [f"(answer of {answer.name}) {answer.text}" for answer in message.answers]
    parts += [message.text] if message.text else []
    parts += [f"(called {call.name} with {json.dumps(dict(call.arguments), default=str)})" for call in message.calls]
    return ("user" if message.author == "us" else "assistant", "\n\n".join(parts) or "(no text)")
