"""Where compiled kernels lie, so that no one ever waits for the compiler.

`Kernels.find` answers at once: with the kernel, or with None while a child process compiles it; whoever asked then
goes the plain road. A kernel's file in the cache is named by what its code depends on: its source, the toolkit's, the
compiler's version, the processor. One that came with the wheel (`bundled`) depends on no compiler here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.kernels import code_file, kernel_sources
from deep_code_reasoning.kernels.kernel_sources import Kernel
from deep_code_reasoning.kernels.processor_levels import Level, features, levels_of_this_machine

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

MODULE = "deep_code_reasoning.kernels"
BUNDLED = Path(__file__).with_name("bundled")  # in an installed wheel alone; see build_kernels.py of the sources
GIVE_WAY = "--give-way"
_FAILED, _COMPILING = ".failed", ".compiling"
_COMPILES_AT_MOST_SECONDS = 600


class Kernels:
    """The kernels in one cache folder, and behind it those that came with the wheel (`bundled`, by default `BUNDLED`).

    `directory` None: there are none, every caller goes the plain road. `compile_missing`: whether a kernel that is
    not there is compiled, in a child process of lowest priority that outlives this one.
    """

    def __init__(self, directory: Path | None, *, compile_missing: bool = True, bundled: Path | None = None) -> None:
        self._directory = directory
        self._compile_missing = compile_missing
        self._bundled = bundled or BUNDLED
        self.gives_way = True  # the compiler, to whoever has work; False where there is so much that it pays to wait
        self._loaded: dict[Kernel, Callable[..., int]] = {}
        self._started: set[Kernel] = set()

    def find(self, kernel: Kernel) -> Callable[..., int] | None:
        """The kernel as a function of integers and numpy arrays, None while it is not compiled. Takes milliseconds."""
        if kernel in self._loaded:
            return self._loaded[kernel]
        function = next(filter(None, map(code_file.load, self._files(kernel))), None)
        if function:
            self._loaded[kernel] = function
        elif self._compile_missing and kernel not in self._started and self._directory and self._is_trustworthy:
            self._started.add(kernel)
            path = self._directory / file_name(kernel)
            if not path.with_suffix(_FAILED).exists() and not _is_being_compiled(path):
                self._compile_in_background(kernel, path)
        return function

    def file(self, kernel: Kernel) -> Path | None:
        """The file that `find` would load: in the cache, or below `BUNDLED` in the folder of a level."""
        return next(filter(code_file.is_intact, self._files(kernel)), None)

    def _files(self, kernel: Kernel) -> Iterator[Path]:
        """Where its machine code may be, the best first: that for exactly this processor, then by falling level.

        Who can write to the wheel's folder can write the program as well: it is trusted like the rest of it.
        """
        if self._directory is None:
            return
        if self._is_trustworthy:
            yield self._directory / file_name(kernel)
        for level in levels_of_this_machine():
            yield self._bundled / bundled_name(kernel, level)

    @cached_property
    def _is_trustworthy(self) -> bool:
        """Whether only this user can have written the machine code that would be run. Makes the folder."""
        assert self._directory
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._directory.stat()
        except OSError:
            return False
        return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)

    def _compile_in_background(self, kernel: Kernel, path: Path) -> None:
        with suppress(OSError):  # the plain road is open
            path.with_suffix(_COMPILING).touch()  # at once: the child takes its time before it would
            # -P: the folder one is in may be evidence, and is not to be imported from
            subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, str(self._directory), *kernel, *[GIVE_WAY] * self.gives_way],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )


def kernels_of(settings: Settings) -> Kernels:
    return Kernels(settings.kernel_dir if settings.kernels else None)


def store(directory: Path, kernel: Kernel) -> None:
    """Compiles a kernel into the cache; one that cannot be compiled leaves the reason there. Raises OSError."""
    path = directory / file_name(kernel)
    try:
        if not code_file.is_intact(path):
            _compile(kernel, path)
    finally:
        path.with_suffix(_COMPILING).unlink(missing_ok=True)


def _compile(kernel: Kernel, path: Path) -> None:
    from deep_code_reasoning.kernels.compiling import compiled

    path.with_suffix(_COMPILING).touch()
    try:
        code = compiled(*kernel)
    except Exception as error:
        path.with_suffix(_FAILED).write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        raise
    code_file.write(path, code)


def file_name(kernel: Kernel) -> str:
    """Of a kernel in the cache: compiled by this machine's compiler for its processor.

    With its features: a hypervisor can hide some of them, and a home can be shared by machines.
    """
    import llvmlite.binding as llvm

    made_by = (_version(package) for package in ("numba", "llvmlite"))
    return kernel_sources.file_name(kernel, " ".join((llvm.get_host_cpu_name(), *sorted(features()), *made_by)))


def _version(package: str) -> str:
    """As the folder beside the package is named: to ask importlib.metadata takes 15 ms, most of them to import it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:  # the compiler; what came with the wheel can be loaded without
        return "none"
    told = sorted(path.name for path in Path(spec.origin).parents[1].glob(f"{package}-*-info"))
    return told[0].removeprefix(f"{package}-").removesuffix(".dist-info") if told else "none"


def bundled_name(kernel: Kernel, level: Level) -> Path:
    """Of a kernel in the wheel, below `BUNDLED`: whichever compiler made it."""
    return Path(level.folder, kernel_sources.file_name(kernel, level.folder))


def _is_being_compiled(path: Path) -> bool:
    """Whether another process is at it; one that died is forgotten after a while."""
    try:
        return time.time() - path.with_suffix(_COMPILING).stat().st_mtime < _COMPILES_AT_MOST_SECONDS
    except OSError:
        return False
