"""`python -m deep_code_reasoning.kernels.bundling FOLDER LEVEL [KERNEL ...]`: compiles kernels for a wheel.

All, or only those named (`topology_kernel.grow`), for one level of processors. numba must be told its processor by the
environment, which it reads once: NUMBA_CPU_NAME, and NUMBA_CPU_FEATURES empty for those that the name implies.
build_kernels.py, at the root of the sources, runs it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from deep_code_reasoning.kernels import code_file
from deep_code_reasoning.kernels.cache import bundled_name
from deep_code_reasoning.kernels.kernel_sources import Kernel, all_kernels
from deep_code_reasoning.kernels.processor_levels import Level, levels


def main(arguments: list[str]) -> int:
    folder, level_name, *names = arguments
    (level,) = (level for level in levels() if level.name == level_name)
    kernels = [kernel for kernel in all_kernels() if not names or short_name(kernel) in names]
    if missing := set(names) - set(map(short_name, kernels)):
        raise SystemExit(f"no such kernel: {', '.join(sorted(missing))}")
    (Path(folder) / level.folder).mkdir(parents=True)
    with ProcessPoolExecutor() as processes:
        list(processes.map(partial(_bundle, Path(folder), level), kernels))
    return 0


def short_name(kernel: Kernel) -> str:
    return f"{kernel.module.rpartition('.')[2]}.{kernel.function}"


def _bundle(folder: Path, level: Level, kernel: Kernel) -> None:
    from deep_code_reasoning.kernels.compiling import compiled, processor

    if processor() != (level.cpu, ""):
        raise RuntimeError(f"numba compiles for {processor()}, not for {level.cpu}")
    code_file.write(folder / bundled_name(kernel, level), compiled(*kernel))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
