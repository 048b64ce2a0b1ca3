"""Budgets hold before a request is made, for many at once, and a call that was taken back costs nothing."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.errors import BudgetError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.budget import DAY_NANOSECONDS, Limits, Meter, Spent
from deep_code_reasoning.specialists.catalogue import Model, Price
from deep_code_reasoning.specialists.port import Message, Request, Usage
from deep_code_reasoning.specialists.prices import most_of, price_of
from deep_code_reasoning.specialists.request_size import MARGIN, estimated_tokens
from deep_code_reasoning.specialists.reservations import SECONDS_SETTLED, Held, ReservationBook

CENT_A_CALL = Model("m", "google", price=Price(input=0.0, output=10.0))
"""A request for 1,000 tokens of output costs a cent at most."""
REQUEST = Request("m", "be brief", (Message("us", "why?"),), None, "", 1_000, "low")
NOW = 10 * DAY_NANOSECONDS


@dataclass
class Ledger:
    """What sessions write after a call: (when, project, dollars)."""

    calls: list[tuple[int, str, float]] = field(default_factory=list)

    def spent(self, since_unix_nano: int | None = None, project: str | None = None) -> Spent:
        found = [c for c in self.calls if c[0] >= (since_unix_nano or 0) and project in (None, c[1])]
        return Spent(sum(c[2] for c in found), 0)


def meter(limits: Limits, **options: object) -> Meter:
    options = {"reservations": ReservationBook(), "project": "here", "now_unix_nano": lambda: NOW} | options
    return Meter(limits, **options)  # type: ignore[invalid-argument-type]


def used(output_tokens: int) -> Usage:
    return Usage(output_tokens=output_tokens)


def test_what_an_escalation_may_cost_is_checked_before_each_request_with_the_most_of_it() -> None:
    held = meter(Limits(dollars_per_escalation=0.0251))
    for _ in range(2):
        held.before(REQUEST, CENT_A_CALL)
        assert held.after(CENT_A_CALL, used(1_000)) == pytest.approx(0.01)
    with pytest.raises(BudgetError) as refused:
        held.before(REQUEST, CENT_A_CALL)
    said = str(refused.value)
    assert "dollars_per_escalation: the limit is $0.03; spent $0.02, this call to m" in said
    assert "$0.01 at most" in said and "DCR_DOLLARS_PER_ESCALATION" in said
    assert held.spent.dollars == pytest.approx(0.02)


def test_the_size_is_the_estimate_with_its_margin_and_the_greatest_answer() -> None:
    long = Request("m", "x" * 900, (Message("us", "lease=12 ms\n" * 3_000),), {"type": "object"}, "a", 500, "low")
    tokens = int(estimated_tokens(long, "google") * MARGIN)
    argon = Model("gemini-4-argon", "google")
    most = most_of(argon, tokens, 500)
    assert most is not None and tokens > 15_000
    meter(Limits(dollars_per_escalation=most)).before(long, argon)
    with pytest.raises(BudgetError, match=f"{tokens:,} tokens in, 500 out"):
        meter(Limits(dollars_per_escalation=most * 0.999)).before(long, argon)


def test_tokens_are_limited_also_where_they_cost_nothing() -> None:
    here = Model("qwen", "ollama", data_policy="local")
    held = meter(Limits(dollars_per_escalation=0.0, dollars_per_day=0.0, tokens_per_escalation=2_500))
    for _ in range(2):
        held.before(REQUEST, here)
        assert held.after(here, used(900)) == 0
    with pytest.raises(BudgetError, match="tokens_per_escalation: the limit is 2,500; spent 1,800, this call"):
        held.before(REQUEST, here)


def test_a_day_is_all_projects_in_24_hours_and_a_project_is_its_whole_life() -> None:
    ledger = Ledger([(NOW - DAY_NANOSECONDS - 1, "here", 50.0), (NOW - 1, "elsewhere", 0.995), (NOW - 1, "here", 0.0)])
    meter(Limits(dollars_per_day=1.01), ledger=ledger).before(REQUEST, CENT_A_CALL)
    with pytest.raises(BudgetError, match=r"dollars_per_day: the limit is \$1.00; spent \$0.99"):
        meter(Limits(dollars_per_day=1.0), ledger=ledger).before(REQUEST, CENT_A_CALL)
    meter(Limits(dollars_per_project=50.01), ledger=ledger).before(REQUEST, CENT_A_CALL)
    with pytest.raises(BudgetError, match=r"dollars_per_project: the limit is \$50.00; spent \$50.00"):
        meter(Limits(dollars_per_project=50.0), ledger=ledger).before(REQUEST, CENT_A_CALL)


@pytest.mark.parametrize("ends", ["cancelled", "forgotten", "gone"])
def test_a_call_without_a_reply_costs_nothing_and_holds_nothing(ends: str) -> None:
    book = ReservationBook()
    held = meter(Limits(dollars_per_day=0.01), ledger=Ledger(), reservations=book)
    held.before(REQUEST, CENT_A_CALL)
    with pytest.raises(BudgetError, match=r"calls under way up to \$0.01"):
        meter(Limits(dollars_per_day=0.01), ledger=Ledger(), reservations=book).before(REQUEST, CENT_A_CALL)
    if ends == "cancelled":
        held.release()
    elif ends == "forgotten":
        held.before(REQUEST, CENT_A_CALL)
        held.close()
    else:
        del held
        gc.collect()
    other = meter(Limits(dollars_per_day=0.01), ledger=Ledger(), reservations=book)
    other.before(REQUEST, CENT_A_CALL)
    assert other.spent == Spent()


def test_fifty_conversations_at_once_do_not_together_pass_the_limit_of_the_day() -> None:
    """Each writes the ledger after its call as sessions do: the amount is never in neither."""
    ledger, book, limit = Ledger(), ReservationBook(), 0.205
    start, writing, made = threading.Barrier(50), threading.Lock(), []

    def converse(number: int) -> None:
        held = meter(Limits(dollars_per_day=limit), ledger=ledger, reservations=book)
        start.wait()
        for _ in range(3):
            try:
                held.before(REQUEST, CENT_A_CALL)
            except BudgetError:
                return
            time.sleep(0.01)  # the model answers, and meanwhile the others ask
            dollars = held.after(CENT_A_CALL, used(700 if number % 2 else 1_000)) or 0.0
            with writing:
                ledger.calls = [*ledger.calls, (NOW, "here", dollars)]
            made.append(dollars)
        held.close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(converse, range(50)))
    assert limit / 2 < sum(made) <= limit


def test_what_is_settled_is_held_until_the_ledger_has_it() -> None:
    clock = [0.0]
    book = ReservationBook(lambda: clock[0])
    seen: list[Held] = []
    held = meter(Limits(dollars_per_day=1.0), reservations=book)
    held.before(REQUEST, CENT_A_CALL)
    held.after(CENT_A_CALL, used(400))
    book.release(book.reserve("other", 0.0, seen.append))
    assert (seen[-1].dollars, seen[-1].dollars_of_project) == (pytest.approx(0.004), 0)
    held.before(REQUEST, CENT_A_CALL)  # the next step: the ledger was written
    book.release(book.reserve("here", 0.0, seen.append))
    assert seen[-1] == Held(0.01, 0.01)
    held.after(CENT_A_CALL, used(1_000))
    clock[0] += SECONDS_SETTLED
    book.reserve("here", 0.0, seen.append)
    assert seen[-1].dollars == 0


@given(st.lists(st.tuples(st.integers(0, 1_500), st.sampled_from(["reply", "failure"])), max_size=30))
def test_it_never_lets_a_limit_be_passed_by_calls_within_their_bound(calls: list[tuple[int, str]]) -> None:
    """An oracle that adds up: refused exactly where the sum and a cent would be above the limit."""
    limit, spent = 0.055, 0.0
    held = meter(Limits(dollars_per_escalation=limit))
    for tokens, end in calls:
        if spent + 0.01 > limit:
            with pytest.raises(BudgetError):
                held.before(REQUEST, CENT_A_CALL)
            continue
        held.before(REQUEST, CENT_A_CALL)
        if end == "reply":
            cost = held.after(CENT_A_CALL, used(min(tokens, 1_000)))
            spent += 0.01 if not tokens else cost or 0.0
        else:
            held.release()
        assert held.spent.dollars == pytest.approx(spent) and spent <= limit


def test_where_the_provider_counted_nothing_the_dollars_are_unknown_and_the_limit_takes_the_most() -> None:
    held = meter(Limits(dollars_per_escalation=1.0))
    held.before(REQUEST, CENT_A_CALL)
    assert held.after(CENT_A_CALL, Usage()) is None
    assert held.spent.dollars == pytest.approx(0.01)


def test_a_model_without_a_price_is_refused_while_dollars_are_limited() -> None:
    new = Model("gemini-99-new", "google")
    with pytest.raises(BudgetError, match=r'no price is known of gemini-99-new.*unpriced_models = "allow"'):
        meter(Limits(dollars_per_day=5.0)).before(REQUEST, new)
    for limits in (Limits(dollars_per_day=5.0, allow_unpriced=True), Limits(tokens_per_escalation=10**6)):
        held = meter(limits)
        held.before(REQUEST, new)
        assert held.after(new, Usage(100, 50)) is None
        assert held.spent == Spent(0.0, 150)


def asked(answer: bool, questions: list[str]) -> Callable[[str, float], bool]:
    def consent(question: str, dollars: float) -> bool:
        questions.append(f"{question} [{dollars:.3f}]")
        return answer

    return consent


def test_above_the_threshold_it_asks_and_again_at_twice_what_was_agreed_to() -> None:
    questions: list[str] = []
    held = meter(Limits(ask_above_dollars=0.025), consent=asked(True, questions))
    counts = []
    for _ in range(8):
        held.before(REQUEST, CENT_A_CALL)
        held.after(CENT_A_CALL, used(900))
        counts.append(len(questions))
    assert counts == [0, 0, 1, 1, 1, 1, 2, 2]
    assert "spent so far $0.02" in questions[0] and questions[0].endswith("Go on? [0.028]")


def test_what_was_agreed_to_holds_for_the_next_turn() -> None:
    questions: list[str] = []
    first = meter(Limits(ask_above_dollars=0.005), consent=asked(True, questions))
    first.before(REQUEST, CENT_A_CALL)
    first.after(CENT_A_CALL, used(900))
    assert (len(questions), first.agreed_to) == (1, pytest.approx(0.02))
    again = meter(
        Limits(ask_above_dollars=0.005),
        consent=asked(True, questions),
        spent=first.spent,
        agreed_to=first.agreed_to,
    )
    again.before(REQUEST, CENT_A_CALL)
    assert len(questions) == 1


def test_what_the_clients_own_model_costs_is_not_ours_to_limit() -> None:
    meter(Limits(dollars_per_day=1.0)).before(REQUEST, Model("client", "client"))


def test_who_declines_or_cannot_be_asked_spends_nothing() -> None:
    book = ReservationBook()
    for consent, said in ((asked(False, []), "declined"), (None, "nobody can be asked here; raise DCR_ASK_ABOVE")):
        held = meter(Limits(ask_above_dollars=0.001), consent=consent, reservations=book)
        with pytest.raises(BudgetError, match=said):
            held.before(REQUEST, CENT_A_CALL)
    seen: list[Held] = []
    book.reserve("here", 0.0, seen.append)
    assert seen == [Held(0, 0)]


def test_it_is_priced_as_the_model_that_was_asked_last() -> None:
    """A chain announces each model that it tries; the caller may know the first alone."""
    dear = Model("dear", "openai", price=Price(input=0.0, output=1_000.0))
    held = meter(Limits(dollars_per_escalation=5.0))
    held.before(REQUEST, dear)
    held.before(REQUEST, CENT_A_CALL)
    assert held.after(dear, used(1_000)) == price_of(CENT_A_CALL, used(1_000))


def test_the_settings_are_the_limits() -> None:
    assert Limits.of(Settings()) == Limits(5.0, 25.0, None, 5_000_000, 2.0, False)
    assert Limits.of(Settings(unpriced_models="allow")).refuses_unpriced() is False
    assert Limits.of(Settings()).refuses_unpriced() is True
