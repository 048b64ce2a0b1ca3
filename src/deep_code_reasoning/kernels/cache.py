"""Where compiled kernels lie, so that no one ever waits for the compiler.

`Kernels.find` answers at once: with the kernel, or with None while a child process compiles it; whoever asked then
goes the plain road. A kernel's file is named by what its code depends on: its source, the toolkit's, the compiler's
version, the processor.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

MODULE = "deep_code_reasoning.kernels"
GIVE_WAY = "--give-way"
_FAILED, _COMPILING = ".failed", ".compiling"
_COMPILES_AT_MOST_SECONDS = 600
_IMPORT = re.compile(r"^from (deep_code_reasoning[\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)


class Kernel(NamedTuple):
    """The name of a kernel: the module that holds it and the function marked `@entry` there."""

    module: str
    function: str


class Kernels:
    """The kernels in one cache folder.

    `directory` None: there are none, every caller goes the plain road. `compile_missing`: whether a kernel that is
    not there is compiled, in a child process of lowest priority that outlives this one.
    """

    def __init__(self, directory: Path | None, *, compile_missing: bool = True) -> None:
        self._directory = directory
        self._compile_missing = compile_missing
        self.gives_way = True  # the compiler, to whoever has work; False where there is so much that it pays to wait
        self._loaded: dict[Kernel, Callable[..., int]] = {}
        self._started: set[Kernel] = set()

    def find(self, kernel: Kernel) -> Callable[..., int] | None:
        """The kernel as a function of integers and numpy arrays, None while it is not compiled. Takes milliseconds."""
        if kernel in self._loaded:
            return self._loaded[kernel]
        if self._directory is None or not self._is_trustworthy:
            return None
        path = self._directory / file_name(kernel)
        function = _load(path)
        if function:
            self._loaded[kernel] = function
        elif self._compile_missing and kernel not in self._started:
            self._started.add(kernel)
            if not path.with_suffix(_FAILED).exists() and not _is_being_compiled(path):
                self._compile_in_background(kernel)
        return function

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

    def _compile_in_background(self, kernel: Kernel) -> None:
        with suppress(OSError):  # the plain road is open
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
    if _intact(path):
        return
    from deep_code_reasoning.kernels.compiling import compiled

    path.with_suffix(_COMPILING).touch()
    try:
        code = compiled(*kernel)
    except Exception as error:
        path.with_suffix(_FAILED).write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        raise
    finally:
        path.with_suffix(_COMPILING).unlink(missing_ok=True)
    described = {"symbol": code.symbol, "arguments": code.arguments, "sha256": _digest(code.object_file)}
    header = json.dumps(described).encode()
    with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
        file.write(header + b"\n" + code.object_file)
    Path(file.name).replace(path)


def _is_being_compiled(path: Path) -> bool:
    """Whether another process is at it; one that died is forgotten after a while."""
    try:
        return time.time() - path.with_suffix(_COMPILING).stat().st_mtime < _COMPILES_AT_MOST_SECONDS
    except OSError:
        return False


def _load(path: Path) -> Callable[..., int] | None:
    """None for a file that is not there, or is damaged: the loader of machine code would crash on that."""
    found = _intact(path)
    if not found:
        return None
    described, object_file = found
    try:
        from deep_code_reasoning.kernels.machine_code import MachineCode

        return MachineCode(object_file).function(described["symbol"], tuple(described["arguments"]))
    except (LookupError, RuntimeError, ImportError):
        return None


def _intact(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """What the file says of its machine code, and the code."""
    try:
        header, _, object_file = path.read_bytes().partition(b"\n")
        described = json.loads(header)
        return (described, object_file) if described["sha256"] == _digest(object_file) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_name(kernel: Kernel) -> str:
    """Named by all that the machine code depends on: every source of ours it imports, compiler, processor."""
    import llvmlite.binding as llvm

    digest = hashlib.sha256(llvm.get_host_cpu_name().encode())
    for package in ("numba", "llvmlite"):
        digest.update(metadata.version(package).encode())
    for source in _sources(f"{kernel.module}"):
        digest.update(source)
    return f"{kernel.module.rpartition('.')[2]}-{kernel.function}-{digest.hexdigest()[:16]}.o"


@cache
def _sources(module: str) -> tuple[bytes, ...]:
    """The source of a module and of what it imports of ours, in the order of their names."""
    found: dict[str, bytes] = {}
    waiting = [module, f"{MODULE}.compiling"]
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in found or path is None:
            continue
        found[name] = path.read_bytes()
        for imported, several, one in _IMPORT.findall(found[name].decode()):
            names = re.findall(r"\w+", several or one)
            waiting += [imported, *(f"{imported}.{name}" for name in names)]
    return tuple(source for _, source in sorted(found.items()))


def _path(module: str) -> Path | None:
    """The file of a module of ours; found by its name, since importing its package would cost more."""
    path = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
