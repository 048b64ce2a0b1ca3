"""What the router chooses, what a decision takes, and what a meter adds to a call of a model. Nothing is sent.

python bench/routing.py [--calls 2000]        the ledger holds that many calls (of a day) while it is asked
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.budget import Limits, Meter
from deep_code_reasoning.specialists.catalogue import find_model
from deep_code_reasoning.specialists.circuit_breaker import CircuitBreaker
from deep_code_reasoning.specialists.port import Message, Request, Usage
from deep_code_reasoning.specialists.routing import Need, choose
from deep_code_reasoning.specialists.routing.tasks import brief_tokens_of, tasks
from deep_code_reasoning.specialists.track_record import TrackRecord

PROVIDERS = ("google", "openai", "anthropic")
LINE = 'GET /checkout 500 in 12 ms lease=abc-123 {"attempt": 1}\n'


def microseconds(what: str, run: Callable[[], object], times: int) -> None:
    """CPU, of the second round: the first loads the price list."""
    for _ in range(2):
        started, begun = time.process_time(), time.perf_counter()
        for _ in range(times):
            run()
        cpu, wall = time.process_time() - started, time.perf_counter() - begun
    print(f"| {what} | {cpu / times * 1e6:,.0f} | {wall / times * 1e6:,.0f} |")


def table() -> None:
    print("| task | " + " | ".join([*PROVIDERS, "all three", "none"]) + " |\n|---|---|---|---|---|---|")
    for task in (*tasks(), "domain:payments"):
        keys = [{provider: "k"} for provider in PROVIDERS] + [dict.fromkeys(PROVIDERS, "k"), {}]
        need = Need(task, brief_tokens_of(task, 3, Settings().brief_tokens))
        chosen = [choose(Settings(keys=held), need).model for held in keys]
        print(f"| {task} | {' | '.join(chosen)} |")


def ledger_with(calls: int, state: Path) -> Ledger:
    ledger = Ledger(state)
    for number in range(calls):
        ledger.record_call(
            conversation_id=f"c{number % 50}", turn=1, task="cross_system", provider="google", model="gemini-4-argon",
            usage=Usage(60_000, 4_000), dollars=0.001, seconds=20.0, error=None,
        )  # fmt: skip
    return ledger


def main(calls: int) -> None:
    table()
    print("\n| what | CPU µs | wall µs |\n|---|--:|--:|")
    keyed = Settings(keys=dict.fromkeys(PROVIDERS, "k"))
    one = Settings(keys={"google": "k"})
    record = [TrackRecord(task, "gemini-4-argon", 5, 2, 1, 1, 20.0, 0.3) for task in tasks()]
    need = Need("cross_system", 60_000)
    microseconds("a decision, three keys, a record", lambda: choose(keyed, need, record), 300)
    microseconds("a decision, one key", lambda: choose(one, need), 300)
    microseconds("a decision, no key", lambda: choose(Settings(), need), 300)
    argon = find_model("gemini-4-argon")
    brief = LINE * 4_000
    request = Request("gemini-4-argon", "be brief", (Message("us", brief),), {"type": "object"}, "a", 24_576, "medium")

    def call(meter: Meter) -> None:
        meter.before(request, argon)
        meter.after(argon, Usage())

    wide = Limits(1e9, 1e9, 1e9, 10**15, 1e9)
    alone = Meter(wide)
    microseconds(f"a call metered, brief of {len(brief):,} characters known", lambda: call(alone), 300)
    with tempfile.TemporaryDirectory() as folder:
        ledger = ledger_with(calls, Path(folder))
        held = Meter(wide, ledger=ledger, project=str(Path.cwd()))
        microseconds(f"the same against a ledger of {calls:,} calls", lambda: call(held), 100)
        microseconds(f"the record of outcomes of {calls:,} calls", ledger.track_record, 3)
    numbers = iter(range(10**9))

    def unknown_text() -> None:
        text = f"{next(numbers)} {brief}"
        alone.before(Request("m", "", (Message("us", text),), None, "", 100, "low"), argon)
        alone.release()

    microseconds("a call metered, brief counted for the first time", unknown_text, 5)
    breaker = CircuitBreaker()
    microseconds("a circuit breaker, asked and told", lambda: breaker.succeeded(breaker.admit() or 0), 20_000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000)
    main(parser.parse_args().calls)
