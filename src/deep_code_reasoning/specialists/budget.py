"""Holds an escalation, a day and a project to what they may cost. Asked before every request to a model.

Before a request: spent so far (the ledger's) + what calls under way may come to (reservations.py) + the most that this
one may cost must stay within each limit. The most is the estimated input with the margin of its estimate, nothing of it
cached or all of it written to a cache, whichever is dearer, and an answer of the greatest length. What the provider's
own sandbox feeds back to the model is not bounded by that, nor is a cache's rent: both are booked when they are known.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deep_code_reasoning.errors import BudgetError
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import most_of, price_of
from deep_code_reasoning.specialists.providers.endpoints import CLIENT
from deep_code_reasoning.specialists.request_size import MARGIN, estimated_tokens
from deep_code_reasoning.specialists.reservations import BOOK, Held, Reservations

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.port import Request

DAY_NANOSECONDS = 24 * 3_600 * 1_000_000_000
Consent = Callable[[str, float], bool]
"""Is asked a question, with the dollars it is about; may take as long as a person takes."""


@dataclass(frozen=True)
class Spent:
    """Dollars of the calls whose price is known, tokens in and out of all."""

    dollars: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class Limits:
    """None: no limit. A day is the last 24 hours, of all projects together."""

    dollars_per_escalation: float | None = None
    dollars_per_day: float | None = None
    dollars_per_project: float | None = None
    tokens_per_escalation: int | None = None
    ask_above_dollars: float | None = None
    allow_unpriced: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            settings.dollars_per_escalation,
            settings.dollars_per_day,
            settings.dollars_per_project,
            settings.tokens_per_escalation,
            settings.ask_above_dollars,
            settings.unpriced_models == "allow",
        )

    @property
    def in_dollars(self) -> tuple[float, ...]:
        limits = (self.dollars_per_escalation, self.dollars_per_day, self.dollars_per_project)
        return tuple(limit for limit in limits if limit is not None)

    def refuses_unpriced(self) -> bool:
        """What the MCP client's own model costs is for the client to limit, and is never refused."""
        return bool(self.in_dollars) and not self.allow_unpriced


class Spending(Protocol):
    """What the ledger has of calls since then (None: ever), of one project or of all."""

    def spent(self, since_unix_nano: int | None = None, project: str | None = None) -> Spent: ...


class Meter:
    """Of one escalation or conversation, which has cost `spent` before. One call at a time: tell it how each ends.

    `agreed_to`: dollars up to which a person has agreed before. `ledger` None: the day's and the project's limit hold
    for what this meter sees and what others have under way. Safe with several threads in that they share
    `reservations`, not one meter.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        ledger: Spending | None = None,
        project: str = "",
        spent: Spent | None = None,
        consent: Consent | None = None,
        agreed_to: float = 0.0,
        reservations: Reservations = BOOK,
        now_unix_nano: Callable[[], int] = time.time_ns,
    ) -> None:
        self._limits, self._ledger, self._project, self._consent = limits, ledger, project, consent
        self._book, self._now = reservations, now_unix_nano
        self._lock = threading.Lock()
        self._spent = spent or Spent()
        ask_above = limits.ask_above_dollars
        self._asked_up_to = None if ask_above is None else max(ask_above, agreed_to)
        self._call: _Call | None = None
        self._settled: list[int] = []
        weakref.finalize(self, _forget, reservations.forget, self._settled)

    @property
    def spent(self) -> Spent:
        """By this escalation, what it has cost before included."""
        return self._spent

    @property
    def agreed_to(self) -> float:
        """Dollars up to which nobody is asked any more: for the next meter of the same conversation."""
        return self._asked_up_to or 0.0

    def before(self, request: Request, entry: Model) -> None:
        """Reserves the most that the request may cost. Raises BudgetError with the figures.

        A call that was announced before and never ended is taken to have cost nothing: its provider failed.
        """
        self.release()
        tokens = int(estimated_tokens(request, entry.provider) * MARGIN)
        most = most_of(entry, tokens, request.max_output_tokens)
        if most is None and self._limits.refuses_unpriced() and entry.provider != CLIENT:
            raise BudgetError(
                f"no price is known of {entry.id}, while a limit in dollars is set; name a model that has one, give it "
                'one in models.toml, or set unpriced_models = "allow" (DCR_UNPRICED_MODELS): then tokens alone are '
                "limited"
            )
        call = _Call(entry, tokens, request.max_output_tokens, most)
        self._check_escalation(call)
        with self._lock:
            self._drop_settled()
            call.reservation = self._book.reserve(self._project, most or 0.0, lambda held: self._check_all(call, held))
            self._settled.append(call.reservation)
            self._call = call
        try:
            self._ask(call)
        except BaseException:
            self.release()
            raise

    def after(self, entry: Model, usage: Usage) -> float | None:
        """Books what the provider has counted. Returns its dollars; None where no price is known.

        Priced as the model that `before` was told of last, which is the one that was asked. Where the provider counted
        nothing, the dollars are not known, and the limits take the most that had been reserved.
        """
        with self._lock:
            call, self._call = self._call, None
            dollars = price_of(call.entry if call else entry, usage)
            taken, tokens = dollars or 0.0, usage.input_tokens + usage.output_tokens
            if call and not tokens:
                dollars = None if call.most else dollars
                taken, tokens = call.most or 0.0, call.input_tokens + call.output_tokens
            self._spent = Spent(self._spent.dollars + taken, self._spent.tokens + tokens)
            if call:
                self._book.settle(call.reservation, taken)
            return dollars

    def release(self) -> None:
        """The call ended without a reply, and nothing was counted: cancelled, refused, failed."""
        with self._lock:
            if self._call:
                self._book.release(self._call.reservation)
            self._call = None

    def close(self) -> None:
        """All that was settled is in the ledger by now. A meter that is gone is closed."""
        self.release()
        with self._lock:
            self._drop_settled()

    def _drop_settled(self) -> None:
        _forget(self._book.release, self._settled)

    def _check_escalation(self, call: _Call) -> None:
        limits, spent = self._limits, self._spent
        if limits.tokens_per_escalation is not None:
            _within("tokens_per_escalation", limits.tokens_per_escalation, spent.tokens, 0, call.tokens, "", call)
        if limits.dollars_per_escalation is not None and call.most:
            _within("dollars_per_escalation", limits.dollars_per_escalation, spent.dollars, 0.0, call.most, "$", call)

    def _check_all(self, call: _Call, held: Held) -> None:
        limits, most = self._limits, call.most
        if not most:  # what costs nothing passes where all is spent
            return
        if limits.dollars_per_day is not None:
            spent = self._spent_since(self._now() - DAY_NANOSECONDS, None)
            _within("dollars_per_day", limits.dollars_per_day, spent, held.dollars, most, "$", call)
        if limits.dollars_per_project is not None:
            spent = self._spent_since(None, self._project)
            _within("dollars_per_project", limits.dollars_per_project, spent, held.dollars_of_project, most, "$", call)

    def _spent_since(self, since: int | None, project: str | None) -> float:
        return self._ledger.spent(since, project).dollars if self._ledger else self._spent.dollars

    def _ask(self, call: _Call) -> None:
        """Asks once above the threshold, and again when it comes to twice what was agreed to."""
        total = self._spent.dollars + (call.most or 0.0)
        if self._asked_up_to is None or total <= self._asked_up_to or not call.most:
            return
        figures = f"spent so far ${self._spent.dollars:.2f}, this call to {call} ${call.most:.2f} at most"
        if self._consent is None:
            raise BudgetError(
                f"it may come to cost ${total:.2f} ({figures}), which is above ask_above_dollars "
                f"${self._asked_up_to:.2f}, and nobody can be asked here; raise DCR_ASK_ABOVE_DOLLARS, lower "
                "depth_level, or name a cheaper model"
            )
        if not self._consent(f"This may come to cost ${total:.2f}: {figures}. Go on?", total):
            raise BudgetError(f"declined: it might have come to cost ${total:.2f} ({figures})")
        self._asked_up_to = 2 * total


@dataclass
class _Call:
    """`most` None: no price is known."""

    entry: Model
    input_tokens: int
    output_tokens: int
    most: float | None
    reservation: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __str__(self) -> str:
        return f"{self.entry.id} ({self.input_tokens:,} tokens in, {self.output_tokens:,} out at most)"


def _within(name: str, limit: float, spent: float, held: float, most: float, sign: str, call: _Call) -> None:
    if spent + held + most <= limit:
        return
    form = ".2f" if sign else ",d"
    others = f", calls under way up to {sign}{held:{form}}" if held else ""
    raise BudgetError(
        f"{name}: the limit is {sign}{limit:{form}}; spent {sign}{spent:{form}}{others}, this call to {call} "
        f"{sign}{most:{form}} at most; lower depth_level, name a cheaper model, or raise DCR_{name.upper()}"
    )


def _forget(release: Callable[[int], None], reservations: list[int]) -> None:
    while reservations:
        release(reservations.pop())
