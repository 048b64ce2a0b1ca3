"""What calls under way may cost counts for everybody: threads, processes, also those that were killed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deep_code_reasoning.conversation.database import Database
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.reservation_rows import ReservationRows
from deep_code_reasoning.errors import BudgetError
from deep_code_reasoning.specialists.budget import Limits, Meter
from deep_code_reasoning.specialists.catalogue import Model, Price
from deep_code_reasoning.specialists.port import Message, Request, Usage

MODEL = Model("m-1", "lab", context_window=100_000, price=Price(0.0, 100.0))  # ten cents a thousand tokens of answer
REQUEST = Request("m-1", "", (Message("us", "why?"),), None, "", 3_000, "low")  # 30 cents at most
LIMITS = Limits(dollars_per_day=1.0)
ASKS = """
import sys
from pathlib import Path
from conversation.test_reservations import MODEL, REQUEST, meter
from deep_code_reasoning.errors import BudgetError
mine = meter(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
try:
    mine.before(REQUEST, MODEL)
except BudgetError as error:
    print(error, flush=True)
else:
    print("reserved", flush=True)
sys.stdin.readline()
"""


def meter(state: Path) -> Meter:
    return Meter(LIMITS, ledger=Ledger(state), project="shop", reservations=ReservationRows(Database(state)))


def rows(state: Path) -> list[float]:
    return [row["dollars"] for row in Database(state).run("reservations/all")]


@contextmanager
def another(state: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that reserves when it is told to, and holds that until it is told to end."""
    folders = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-c", ASKS, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": folders},
    )  # fmt: skip
    try:
        assert said(process) == "ready"
        yield process
    finally:
        process.kill()
        process.wait()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_two_processes_do_not_together_pass_a_limit_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    first, second = meter(tmp_path), meter(tmp_path)
    first.before(REQUEST, MODEL)
    second.before(REQUEST, MODEL)
    with another(tmp_path) as other:
        tell(other)
        assert said(other) == "reserved" and sum(rows(tmp_path)) == pytest.approx(0.9)
        late = meter(tmp_path)
        with pytest.raises(BudgetError, match=r"dollars_per_day.*calls under way up to \$0\.90"):
            late.before(REQUEST, MODEL)
    late.before(REQUEST, MODEL)
    assert sum(rows(tmp_path)) == pytest.approx(0.9), "that of the process that was killed is gone"


def test_of_four_at_once_three_pass(tmp_path: Path) -> None:
    with another(tmp_path) as a, another(tmp_path) as b, another(tmp_path) as c, another(tmp_path) as d:
        for process in (a, b, c, d):
            tell(process)
        heard = [said(process) for process in (a, b, c, d)]
    assert heard.count("reserved") == 3 and sum("dollars_per_day" in one for one in heard) == 1


def test_what_a_call_did_cost_is_held_until_its_meter_asks_again_or_is_gone(tmp_path: Path) -> None:
    mine = meter(tmp_path)
    mine.before(REQUEST, MODEL)
    mine.after(MODEL, Usage(input_tokens=1, output_tokens=500))
    assert rows(tmp_path) == [pytest.approx(0.05)]
    mine.before(REQUEST, MODEL)
    assert rows(tmp_path) == [pytest.approx(0.3)], "the ledger has the first by now"
    mine.release()
    assert rows(tmp_path) == []
    mine.before(REQUEST, MODEL)
    del mine
    gc.collect()
    meter(tmp_path).before(REQUEST, MODEL)
    assert rows(tmp_path) == [pytest.approx(0.3)], "of a meter that is gone nothing is held at the next look"


def test_what_costs_nothing_needs_no_row(tmp_path: Path) -> None:
    free = Model("m-0", "lab", context_window=100_000, price=Price(0.0, 0.0))
    mine = meter(tmp_path)
    mine.before(REQUEST, free)
    mine.after(free, Usage(output_tokens=9))
    mine.close()
    assert rows(tmp_path) == []
