"""One turn with a specialist: what it is asked with, who listens, what comes back. How it goes is in exchange.py."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deep_code_reasoning.specialists.port import Message, Provider, Reply, Request, ToolAnswer, ToolCall, Usage

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.analysis import Analysis
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.citations import Sources
    from deep_code_reasoning.specialists.tools.toolbox import Toolbox

BLIND_FROM_DEPTH = 4
"""From this depth on a caller's theory is held back until the evidence alone was judged."""


class Listener(Protocol):
    """Keeps a durable record: each is called as soon as it happened, before the next step."""

    def asked(self, message: Message) -> None:
        """We send this now: the text of the turn, answers of tools, a request to repair."""

    def replied(self, reply: Reply, dollars: float | None, seconds: float) -> None: ...

    def answered(self, call: ToolCall, answer: ToolAnswer, seconds: float) -> None: ...

    def pending(self, name: str) -> None:
        """A run of this name goes on at the provider, even if this process dies."""


class Meter(Protocol):
    """Holds the budget of dollars and tokens."""

    def before(self, request: Request, entry: Model) -> None:
        """Raises BudgetError where the request may not be made. May ask a person, and then takes as long."""

    def after(self, entry: Model, usage: Usage) -> float | None:
        """Dollars of the call; None where no price is known."""
        ...

    def release(self) -> None:
        """The call ended without a reply."""


@dataclass(frozen=True)
class Turn:
    """`key` is the conversation's id, the same for all its turns; "" where nothing will be asked again.

    `text` goes after `history`. `seconds` is for everything: waiting, tools, repairs. `blind`: `text` holds evidence
    without what the caller believes; `theory` says that, and is shown after the first analysis. `cache_handle` names a
    cache of the first message, `pending` a run of this very turn that goes on at the provider since an earlier try.
    """

    entry: Model
    system: str
    history: tuple[Message, ...]
    text: str
    analysis_type: str = "cross_system"
    depth_level: int = 3
    seconds: float = 600.0
    key: str = ""
    blind: bool = False
    cache_handle: str | None = None
    pending: str | None = None
    theory: str = ""


@dataclass(frozen=True)
class TurnResult:
    """`messages` are all new ones in order, to be history of the next turn. `model` and `provider` gave the last reply.

    `problems`: citations that do not hold, repairs, limits met. `questions` are for the calling agent: the turn ended
    because the model asked them. `blind`: the analysis before the caller's theory was shown, `changed` what differs.
    """

    analysis: Analysis
    messages: tuple[Message, ...]
    usage: Usage
    dollars: float | None
    model: str
    provider: str
    seconds: float
    problems: tuple[str, ...]
    tool_calls: int
    questions: tuple[str, ...] = ()
    blind: Analysis | None = None
    changed: tuple[str, ...] = ()


def take_turn(
    turn: Turn,
    provider: Provider,
    *,
    toolbox: Toolbox | None = None,
    sources: Sources,
    meter: Meter | None = None,
    listener: Listener | None = None,
    work: Work,
) -> TurnResult:
    """Sends the text, answers tool calls within the budget of the depth, until the typed analysis comes.

    A reply that does not parse is repaired once; then what can be read of it is kept and the rest is prose. Raises
    SpecialistError where no reply came, ContextOverflowError (ask again with less), BudgetError, CancelledError. What
    was said until then the listener has.
    """
    from deep_code_reasoning.specialists.asking import run
    from deep_code_reasoning.specialists.exchange import Exchange

    work.check()
    started = time.monotonic()
    exchange = Exchange(turn, provider, toolbox, sources, meter, listener, work)
    run(exchange.run(), work)
    return exchange.result(time.monotonic() - started)
