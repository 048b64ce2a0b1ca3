"""How many tokens of input a request takes, as estimated for its provider. Each text is counted once a process."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.specialists.port import Request

MARGIN = 10 / 9
"""Of 100 texts 95 take at most this many times the estimate (docs/decisions/0002)."""
_MOST_KEPT = 4_096
_counted: dict[tuple[int, int, str], int] = {}  # by hash and length: the texts themselves are not held


def estimated_tokens(request: Request, provider: str) -> int:
    """A message that goes back in the provider's own form is counted by its words; thinking signatures are not."""
    return sum(_count(text, provider) for text in _texts(request))


def _texts(request: Request) -> Iterator[str]:
    yield request.system
    if request.schema:
        yield json.dumps(request.schema)
    for tool in request.tools:
        yield tool.name
        yield tool.description
        yield json.dumps(tool.parameters)
    for message in request.messages:
        yield message.text
        for call in message.calls:
            yield call.name
            yield json.dumps(call.arguments)
        for answer in message.answers:
            yield answer.text


def _count(text: str, provider: str) -> int:
    key = (hash(text), len(text), provider)
    if (known := _counted.get(key)) is None:
        if len(_counted) >= _MOST_KEPT:
            _counted.clear()
        known = _counted[key] = count_tokens(text, provider)
    return known
