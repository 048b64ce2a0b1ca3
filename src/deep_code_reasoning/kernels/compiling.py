"""Marks what numba compiles, and compiles it to an object file. The only module that imports numba.

`_nrt=False` (no reference counts) and `boundscheck=False` made the JSON walk three times as fast; a kernel therefore
allocates nothing and checks every index and capacity itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numba import njit, types
from numba.core import sigutils

OPTIONS = {"_nrt": False, "boundscheck": False, "error_model": "numpy"}

_njit: Any = njit  # whose declared types do not know these options
part = _njit(**OPTIONS)  # a function that kernels call
# The same, always inlined: LLVM does not inline by itself what takes a table's arrays, and each call pushes 60 words.
inlined_part = _njit(forceinline=True, **OPTIONS)


@dataclass(frozen=True)
class Entry:
    """A kernel's function and its argument types in numba's notation; it returns one int64."""

    function: Callable[..., int]
    arguments: tuple[str, ...]


def entry(*arguments: str) -> Callable[[Callable[..., int]], Entry]:
    return lambda function: Entry(function, arguments)


@dataclass(frozen=True)
class Compiled:
    symbol: str
    arguments: tuple[str, ...]
    object_file: bytes


def compiled(module: str, name: str) -> Compiled:
    """Compiles the kernel `name` of `module`, for this machine's processor. Raises whatever numba raises."""
    found: Entry = getattr(importlib.import_module(module), name)
    signature = sigutils.normalize_signature(f"int64({', '.join(found.arguments)})")[0]
    dispatcher = _njit(types.int64(*signature), no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(
        found.function
    )
    (result,) = dispatcher.overloads.values()
    return Compiled(result.fndesc.llvm_func_name, found.arguments, result.library._get_compiled_object())
