"""A model that says what a script says: Anthropic's Messages on loopback, for a real Claude Code that nobody pays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from specialists.stubs.anthropic import answers, says
from specialists.stubs.server import Played, Seen, plays, stub

ToolUse = tuple[str, dict[str, Any]]
Line = str | ToolUse | Callable[["Model"], ToolUse]  # text ends a turn; a tool use may follow from what was seen before


@dataclass
class Model:
    """Plays `script`, a line a request of the conversation; what else the client asks for (a title, a count of tokens)
    gets an answer that says nothing. After the last line every request gets a short text."""

    script: Sequence[Line]
    url: str = ""
    conversation: list[dict[str, Any]] = field(default_factory=list)  # the requests, as they came
    others: list[Seen] = field(default_factory=list)

    def take(self, seen: Seen) -> Played:
        if "/messages" not in seen.path or "count_tokens" in seen.path or not seen.json.get("tools"):
            self.others.append(seen)
            return says("{}") if seen.path.split("?")[0].endswith("/messages") else plays({"input_tokens": 1})
        line = self.script[len(self.conversation)] if len(self.conversation) < len(self.script) else "done"
        self.conversation.append(seen.json)
        if isinstance(line, str):
            return says(line)
        name, arguments = line if isinstance(line, tuple) else line(self)
        use = {"type": "tool_use", "id": f"toolu_{uuid4().hex[:24]}", "name": name, "input": arguments}
        return answers([use], stop="tool_use")

    @property
    def tools(self) -> dict[str, dict[str, Any]]:
        """What the last request offered, by name."""
        return {tool["name"]: tool for tool in self.conversation[-1]["tools"]}

    def results(self) -> list[str]:
        """The text of every tool result that the model was shown, in order."""
        blocks = [block for message in self.conversation[-1]["messages"] for block in _blocks(message["content"])]
        return [_text(block["content"]) for block in blocks if block["type"] == "tool_result"]

    def shown(self) -> str:
        """Everything that the last request shows a model, as JSON."""
        return json.dumps(self.conversation[-1], ensure_ascii=False)


@contextmanager
def model(*script: Line) -> Iterator[Model]:
    made = Model(script)
    with stub() as server:
        vars(server)["take"] = made.take
        made.url = server.url
        yield made


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(content: str | list[dict[str, Any]]) -> str:
    return "\n".join(block.get("text", block["type"]) for block in _blocks(content))
