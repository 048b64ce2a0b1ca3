"""Does the hook tell who is stuck, and nobody else? Replays the sessions of tests/conversation/transcripts.

    python bench/escalation_policy.py [SEEDS]      (default 5: each session is written so often, with other noise)

For thresholds around the defaults: precision and recall over sessions, false alarms an hour of sessions in which nobody
is stuck, and how many runs in vain were seen when the alarm came (median). A session is replayed as the hook sees it:
after each call, what was before. The thresholds were chosen on the first part; the others were not looked at before
(what came of that is in docs/decisions/0015-disguised-retries.md). Last: CPU seconds of one call of the hook, as a
process.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from conversation.transcripts.sessions import PARTS, Session, sessions  # noqa: E402
from deep_code_reasoning.conversation.stuck.events import Event, Run  # noqa: E402
from deep_code_reasoning.conversation.stuck.failures import failures_of  # noqa: E402
from deep_code_reasoning.conversation.stuck.repetition import Repetition, repetition_of  # noqa: E402
from deep_code_reasoning.conversation.stuck.transcript import recorded  # noqa: E402

PAIRS = [(1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (4, 3), (5, 3), (6, 4)]
DEFAULT = (3, 2)
Course = list[tuple[Repetition, int]]  # after each event: what repeats, and how many runs have failed


def course(session: Session, seed: int) -> tuple[Course, float]:
    """And the hours that the session took."""
    events: list[Event] = [one.event for one in recorded(session.transcript(seed))]
    failing = [isinstance(one, Run) and bool(failures_of(one.output, failed=bool(one.failed)).found) for one in events]
    steps = [(repetition_of(events[: n + 1]), sum(failing[: n + 1])) for n in range(len(events))]
    times = [one.at for one in events if one.at is not None]
    return steps, (times[-1] - times[0]) / 3600 if times else 0.0


def alarm(steps: Course, repeated: int, returned: int) -> int | None:
    """After how many failing runs the alarm comes."""
    return next((runs for one, runs in steps if one.repeated > repeated or one.returned > returned), None)


def table(name: str, chosen: list[Session], seeds: int) -> None:
    courses = [(one.alarm, *course(one, seed)) for one in chosen for seed in range(seeds)]
    calm = sum(hours for is_stuck, _, hours in courses if not is_stuck)
    stuck = sum(one.alarm for one in chosen)
    print(f"\n{name}: {len(chosen)} sessions, {stuck} of them stuck, x {seeds}; {calm:.1f} hours without need")
    print("  repeated >  returned >  precision  recall  false alarms/h  failing runs until told")
    for pair in PAIRS:
        told = [(is_stuck, alarm(steps, *pair)) for is_stuck, steps, _ in courses]
        right = [runs for is_stuck, runs in told if is_stuck and runs is not None]
        false = sum(not is_stuck and runs is not None for is_stuck, runs in told)
        precision = len(right) / (len(right) + false) if right or false else float("nan")
        recall = len(right) / (stuck * seeds)
        runs = f"{statistics.median(right):.0f}" if right else "-"
        mark = "  <- default" if pair == DEFAULT else ""
        print(f"  {pair[0]:10} {pair[1]:11} {precision:10.2f} {recall:7.2f} {false / calm:15.2f}  {runs:>10}{mark}")
        if pair == DEFAULT:
            wrong = {
                one.name
                for index, one in enumerate(chosen)
                for is_stuck, runs in told[index * seeds : (index + 1) * seeds]
                if is_stuck != (runs is not None)
            }
            print(*(f"             wrong: {name}" for name in sorted(wrong)), sep="\n", end="\n" if wrong else "")


def hook_seconds() -> None:
    stuck = next(one for one in sessions() if one.name == "the same assertion, six theories")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        noise = json.dumps({"type": "user", "message": {"role": "user", "content": "x" * 4000}}).encode()
        path.write_bytes(b"\n".join([noise] * 1500 + stuck.transcript()))
        red = "FAILED tests/test_transfer.py::test_balance_after_transfer - AssertionError: assert 1 == 2"
        base: dict[str, Any] = {"tool_input": {"command": "pytest -q tests/test_transfer.py"}}
        base |= {"session_id": "s", "transcript_path": str(path), "tool_name": "Bash", "tool_use_id": "new"}
        cases = {
            "a call without a failure": base | {"tool_response": {"stdout": "12 passed"}},
            "a failure, 2 MB of transcript read": base | {"error": f"Exit code 1\n{red}"},
        }
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "DCR_STATE_DIR": folder}
        command = [sys.executable, "-m", "deep_code_reasoning.cli", "should-escalate", "--hook"]
        for name, payload in cases.items():
            spent = []
            for _ in range(6):
                before = _children_cpu()
                subprocess.run(
                    command, input=json.dumps(payload).encode(), env=environment, capture_output=True, check=True
                )
                spent.append(_children_cpu() - before)
            print(f"  {name}: {statistics.median(spent[1:]):.3f} s CPU")


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for part in PARTS:
        table(part.replace("_", " "), [one for one in sessions() if one.part == part], seeds)
    print("\none call of the hook, as a process")
    hook_seconds()


if __name__ == "__main__":
    main()
