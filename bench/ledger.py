"""What the ledger takes of a call: milliseconds of `record_call` alone and with 8 processes, and of its readers.

    python bench/ledger.py [CALLS]      (default 300 a process)

Each call is a transaction that is on the disk when it returns (`synchronous = FULL`), so the disk decides: the same
insert without waiting for it is printed beside it, as what our own code takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from deep_code_reasoning.bookkeeping import Bookkeeping  # noqa: E402
from deep_code_reasoning.conversation.ledger import Ledger  # noqa: E402
from deep_code_reasoning.settings import Settings  # noqa: E402
from deep_code_reasoning.specialists.port import Usage  # noqa: E402

USAGE = Usage(60_000, 1_500, 40_000, 900, 0)


def record(ledger: Ledger, calls: int) -> list[float]:
    """Milliseconds of each."""
    spent = []
    for turn in range(calls):
        started = time.perf_counter()
        ledger.record_call(
            escalation_id="esc-1", conversation_id="con-1", turn=turn, task="cross_system", provider="google",
            model="gemini", usage=USAGE, dollars=0.05, seconds=3.0,
        )  # fmt: skip
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def told(name: str, spent: list[float]) -> None:
    ordered = sorted(spent)
    worst = ordered[int(len(ordered) * 0.99)]
    print(f"  {name:44} median {statistics.median(ordered):7.2f} ms   99 % {worst:7.2f} ms")


def timed(name: str, function: Callable[[], object]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    function()
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"  {name:44} {wall * 1000:7.1f} ms wall, {cpu * 1000:7.1f} ms CPU")


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(*record(Ledger(Path(sys.argv[2])), int(sys.argv[3])), sep="\n")
        return
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        record(Ledger(state), 1)
        cpu = time.process_time()
        told("record_call, one process", record(Ledger(state), calls))
        print(f"  {'of which CPU':44}        {(time.process_time() - cpu) * 1000 / calls:7.2f} ms a call")
        command = [sys.executable, __file__, "--child", folder, str(calls // 8)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
        told("record_call, 8 processes at once", [float(x) for one in running for x in one.communicate()[0].split()])
        ledger = Ledger(state)
        with ledger._database.transaction() as connection:
            columns = (
                "called_at_unix_nano, project, escalation_id, task, provider, model, input_tokens, dollars, seconds"
            )
            connection.executemany(
                f"INSERT INTO calls ({columns}) VALUES (?, '/p', ?, 'cross_system', 'google', 'gemini', 10, 0.1, 1.0)",
                [(time.time_ns(), f"esc-{n // 4}") for n in range(100_000)],
            )
        print("\n  with 100,000 calls in it:")
        timed("spent(since yesterday)", lambda: ledger.spent(time.time_ns() - 86_400 * 10**9))
        timed("spent() of all time", ledger.spent)
        timed("track_record()", ledger.track_record)
        timed("dcr ledger (view)", Bookkeeping(Settings(state_dir=state)).view)


if __name__ == "__main__":
    main()
