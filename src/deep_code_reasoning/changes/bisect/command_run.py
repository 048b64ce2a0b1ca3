"""One run of the user's command: its end, its time, and the end of what it printed. Nothing it started outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

COMMIT_VARIABLE = "DCR_BISECT_COMMIT"
OUTPUT_BYTES = 64 << 10
GRACE_SECONDS = 2.0
SKIP = 125
ABORT = 128
_BLOCK = 16 << 10
_LONGEST_WAIT = 0.05
_GITS_OWN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # they would point past the work tree

Outcome = Literal["good", "bad", "skip", "abort", "stopped"]


@dataclass(frozen=True)
class CommandRun:
    """`exit_code`: as a shell gives it, 128 + n after signal n; None where time ran out or the run was stopped."""

    outcome: Outcome
    exit_code: int | None
    seconds: float
    output: bytes = b""


def run_command(
    words: Sequence[str], folder: Path, commit: str, timeout: float | None, timeout_is: Outcome, stop: threading.Event
) -> CommandRun:
    """In the user's own environment, with the commit's id in COMMIT_VARIABLE; `stop` ends it early."""
    unset = [part for name in _GITS_OWN for part in ("-u", name)]
    started = time.monotonic()
    process = subprocess.Popen(
        ["env", *unset, f"{COMMIT_VARIABLE}={commit}", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdout
    blocks: deque[bytes] = deque()
    reading = threading.Thread(target=_read, args=(process.stdout, blocks), daemon=True)
    reading.start()
    ended = _wait(process, None if timeout is None else started + timeout, stop)
    if not ended:
        _signal(process, signal.SIGTERM)
        _wait(process, time.monotonic() + GRACE_SECONDS, threading.Event())
    _signal(process, signal.SIGKILL)  # also what it left running
    process.wait()
    reading.join(1.0)  # a process that left the group may still hold the pipe
    seconds, output = time.monotonic() - started, b"".join(blocks)[-OUTPUT_BYTES:]
    if not ended:
        return CommandRun("stopped" if stop.is_set() else timeout_is, None, seconds, output)
    code = process.returncode if process.returncode >= 0 else ABORT - process.returncode
    return CommandRun(outcome_of(code), code, seconds, output)


def outcome_of(exit_code: int) -> Outcome:
    """As `git bisect run` reads it."""
    if exit_code >= ABORT:
        return "abort"
    return "skip" if exit_code == SKIP else "bad" if exit_code else "good"


def _wait(process: subprocess.Popen, until: float | None, stop: threading.Event) -> bool:
    """True once the process has ended; False where time ran out or `stop` was set."""
    pause = 0.001
    while process.poll() is None:
        if stop.is_set() or (until is not None and time.monotonic() >= until):
            return False
        stop.wait(pause)
        pause = min(pause * 2, _LONGEST_WAIT)
    return True


def _signal(process: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _read(stream: IO[bytes], blocks: deque[bytes]) -> None:
    with suppress(OSError, ValueError):
        held = 0
        while block := stream.read(_BLOCK):
            blocks.append(block)
            held += len(block)
            while held - len(blocks[0]) >= OUTPUT_BYTES:
                held -= len(blocks.popleft())
        stream.close()
