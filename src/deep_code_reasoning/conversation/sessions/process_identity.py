"""Which process holds a turn, told from a later process of the same number: a dead one's claim is broken.

A process is known by its number and by `host/boot/start`, where `start` is its start time as the kernel counts it. On a
system without /proc `ps` is asked. Whether a process of another host (a shared state directory) lives cannot be seen
from here: its claim holds for an hour from the start of the turn, longer than any time budget but the largest.
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from functools import cache
from pathlib import Path

OTHER_HOST_SECONDS = 3600.0


def this_process() -> tuple[int, str]:
    """Process id and identity. Not cached over a fork."""
    pid = os.getpid()
    return pid, f"{_here()}/{_started(pid)}"


def is_alive(pid: int, identity: str, claimed_at_unix_nano: int) -> bool:
    host, _, _ = identity.partition("/")
    if host != platform.node():
        return time.time() - claimed_at_unix_nano / 1e9 < OTHER_HOST_SECONDS
    started = _started(pid)
    return started is not None and identity == f"{_here()}/{started}"


@cache
def _here() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        boot = ""
    return f"{platform.node()}/{boot}"


def _started(pid: int) -> str | None:
    """None where there is no such process, or only what is left of it until its parent asks (a zombie)."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    try:
        fields = stat.read_text().rpartition(")")[2].split()  # the name before it may hold anything
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _started_by_ps(pid: int) -> str | None:
    run = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    state, _, started = run.stdout.strip().partition(" ")
    return started.strip() or None if run.returncode == 0 and not state.startswith("Z") else None
