"""Marks what numba compiles, and compiles it to an object file. The only module that imports numba.

`_nrt=False` (no reference counts) and `boundscheck=False` made the JSON walk three times as fast; a kernel therefore
allocates nothing and checks every index and capacity itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types
from numba.core import config, sigutils
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock

OPTIONS = {"_nrt": False, "boundscheck": False, "error_model": "numpy"}
OPTIONS |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_njit: Any = njit  # whose declared types do not know these options
_config: Any = config  # nor what it takes from the environment
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
    """Compiles the kernel `name` of `module`, for this machine's processor. Raises whatever numba raises.

    Not safe beside other use of numba in the process.
    """
    return _linked(module, name).translated()


def compiled_for(module: str, name: str, processors: Iterable[str]) -> list[Compiled]:
    """As `compiled`, for processors of this architecture, by LLVM's names: with nothing that they do not have.

    The second takes a third of the time of the first: what numba does is the same for all.
    """
    linked = _linked(module, name)
    return [linked.translated(processor) for processor in processors]


def _linked(module: str, name: str) -> _Linked:
    found: Entry = getattr(importlib.import_module(module), name)
    signature = sigutils.normalize_signature(f"int64({', '.join(found.arguments)})")[0]
    with global_compiler_lock, _linked_once():
        dispatcher = _njit(types.int64(*signature), **OPTIONS)(found.function)
        (result,) = dispatcher.overloads.values()
        result.library._ensure_finalized()
    return _Linked(result.library, result.fndesc.llvm_func_name, found.arguments)


class _Linked:
    """A kernel with all its parts, in LLVM's language."""

    def __init__(self, library: Any, symbol: str, arguments: tuple[str, ...]) -> None:
        self._library, self._symbol, self._arguments = library, symbol, arguments
        self._module = library._final_module

    def translated(self, processor: str | None = None) -> Compiled:
        """Optimized and translated for a processor; None: for this machine's."""
        codegen = self._library.codegen
        usual = codegen._tm
        self._library._final_module = self._module.clone()
        try:
            codegen._tm = _machine(codegen, processor) if processor else usual
            self._library._optimize_final_module()
            object_file = codegen._tm.emit_object(self._library._final_module)
        finally:
            codegen._tm = usual
        return Compiled(self._symbol, self._arguments, object_file)


def _machine(codegen: Any, processor: str) -> llvm.TargetMachine:
    """As numba has it for this machine, but with the features that the processor's name implies and no others."""
    options: dict[str, Any] = {"opt": _config.OPT}
    codegen._customize_tm_options(options)
    options |= {"cpu": processor, "features": ""}
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(**options)


@contextmanager
def _linked_once() -> Generator[None]:
    """Leaves parts as they are until all are linked: numba makes each a function that Python could call.

    For that it optimizes and translates it with all that it calls, which took two thirds of the time.
    """
    left_out = {
        (CPUCodeLibrary, "_optimize_functions"): lambda library, module: None,
        (CPUCodeLibrary, "_optimize_final_module"): lambda library: None,
        (JITCodeLibrary, "_finalize_specific"): lambda library: None,
        (JITCodeLibrary, "get_pointer_to_function"): lambda library, symbol: 0,
        (JITCPUCodegen, "set_env"): lambda codegen, name, environment: None,
        (JITCPUCodegen, "_add_module"): lambda codegen, module: None,
    }
    usual = {place: getattr(*place) for place in left_out}
    for (owner, method), nothing in left_out.items():
        setattr(owner, method, nothing)
    try:
        yield
    finally:
        for (owner, method), function in usual.items():
            setattr(owner, method, function)
