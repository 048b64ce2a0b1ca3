"""`python -m deep_code_reasoning.kernels.bundling FOLDER [KERNEL ...]`: compiles kernels for a wheel.

All, or only those named (`topology_kernel.grow`), for every level of this machine's kind of processors.
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
from deep_code_reasoning.kernels.object_symbols import needs
from deep_code_reasoning.kernels.processor_levels import levels


def main(arguments: list[str]) -> int:
    folder, names = Path(arguments[0]), arguments[1:]
    kernels = [kernel for kernel in all_kernels() if not names or short_name(kernel) in names]
    if missing := set(names) - set(map(short_name, kernels)):
        raise SystemExit(f"no such kernel: {', '.join(sorted(missing))}")
    if not levels():
        raise SystemExit("no levels of this kind of processor are known")
    for level in levels():
        (folder / level.folder).mkdir(parents=True)
    with ProcessPoolExecutor() as processes:
        list(processes.map(partial(_bundle, folder), kernels))
    return 0


def short_name(kernel: Kernel) -> str:
    return f"{kernel.module.rpartition('.')[2]}.{kernel.function}"


def _bundle(folder: Path, kernel: Kernel) -> None:
    from deep_code_reasoning.kernels.compiling import compiled_for

    for level, code in zip(levels(), compiled_for(*kernel, [level.cpu for level in levels()]), strict=True):
        if missing := needs(code.object_file):
            raise RuntimeError(f"{short_name(kernel)} for {level.name} would need {', '.join(sorted(missing))}")
        code_file.write(folder / bundled_name(kernel, level), code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
