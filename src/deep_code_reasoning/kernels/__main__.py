"""`python -m deep_code_reasoning.kernels [FOLDER [MODULE FUNCTION [--give-way]]]`: compiles one kernel, or all of them.

FOLDER is by default the one of the settings. Run once after installing, it saves the first load the plain road.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from deep_code_reasoning.kernels.cache import GIVE_WAY, store
from deep_code_reasoning.kernels.kernel_sources import Kernel, all_kernels
from deep_code_reasoning.settings import load_settings


def main(arguments: list[str]) -> int:
    directory = Path(arguments[0]) if arguments else load_settings().kernel_dir
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if len(arguments) > 1:
        if hasattr(os, "nice"):
            os.nice(19)
        if arguments[-1] == GIVE_WAY:
            _give_way()
        store(directory, Kernel(*arguments[1:3]))
        return 0
    with ProcessPoolExecutor(_cores()) as processes:
        list(processes.map(partial(store, directory), all_kernels()))
    return 0


def _give_way() -> None:
    """Leaves the processors to whoever has work, a load that takes the plain road meanwhile above all.

    Linux shares them out among sessions first, each of which weighs the same whatever its processes' niceness: this
    one is alone in its session. See sched(7), "The autogroup feature".
    """
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19", encoding="ascii")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
