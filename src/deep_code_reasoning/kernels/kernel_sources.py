"""Which kernels there are, and the sources each is made of: found in the text, since importing them imports numba."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1]
COMPILING = "deep_code_reasoning.kernels.compiling"
_IMPORT = re.compile(r"^from (deep_code_reasoning[\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
_ENTRY = re.compile(r"^@entry\(.*?^def (\w+)", re.MULTILINE | re.DOTALL)


class Kernel(NamedTuple):
    """The name of a kernel: the module that holds it and the function marked `@entry` there."""

    module: str
    function: str


def all_kernels() -> list[Kernel]:
    """Every function marked `@entry` in the package's modules named `*_kernel`."""
    return [
        Kernel(".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)), function)
        for path in sorted(PACKAGE.rglob("*_kernel.py"))
        for function in _ENTRY.findall(path.read_text(encoding="utf-8"))
    ]


def file_name(kernel: Kernel, compiled_for: str) -> str:
    """Named by all that the machine code depends on: every source of ours it imports, and whom it is for."""
    digest = hashlib.sha256(compiled_for.encode())
    for source in _sources(kernel.module):
        digest.update(source)
    return f"{kernel.module.rpartition('.')[2]}-{kernel.function}-{digest.hexdigest()[:16]}.o"


@cache
def _sources(module: str) -> tuple[bytes, ...]:
    """The source of a module and of what it imports of ours, in the order of their names."""
    found: dict[str, bytes] = {}
    waiting = [module, COMPILING]
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in found or path is None:
            continue
        found[name] = path.read_bytes()
        for imported, several, one in _IMPORT.findall(found[name].decode()):
            waiting.append(imported)
            if _is_package(imported):
                waiting += [f"{imported}.{name}" for name in re.findall(r"\w+", several or one)]
    return tuple(source for _, source in sorted(found.items()))


def _path(module: str) -> Path | None:
    """The file of a module of ours; found by its name, since importing its package would cost more."""
    path = _place(module)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _is_package(module: str) -> bool:
    """Only there a name can be a module: to look for one behind each constant took most of the time."""
    return _place(module).is_dir()


def _place(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:])
