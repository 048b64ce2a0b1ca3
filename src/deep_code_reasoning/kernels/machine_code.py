"""Loads an object file that numba compiled and calls it through ctypes, without importing numba.

numba takes 0.6 s to import, llvmlite 0.05 s: a load of small evidence would mostly wait for the import. The calling
convention is numba's ("Numba Architecture", section on the calling convention): a status is returned, the result and
the exception come through pointers, an array is passed as its seven or nine parts.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import llvmlite.binding as llvm
import numpy as np

_ARRAY = re.compile(r"(\w+)\[(:,)?::1\]")


class MachineCode:
    """One loaded object file, kept by the functions got from it. Calls release the GIL."""

    def __init__(self, object_file: bytes) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(object_file))
        self._engine.finalize_object()

    def function(self, symbol: str, arguments: tuple[str, ...]) -> Callable[..., int]:
        """Takes integers and C-contiguous numpy arrays of the declared types.

        Raises TypeError for other arguments, LookupError when the object has no such symbol.
        """
        address = self._engine.get_function_address(symbol)
        if not address:
            raise LookupError(f"the compiled code has no function {symbol}")
        declared = [_declared(argument) for argument in arguments]
        native: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
        for argument in declared:
            native += [ctypes.c_int64] if argument is None else _array_parts(argument[1])
        call = ctypes.CFUNCTYPE(ctypes.c_int32, *native)(address)

        def run(*given: Any) -> int:
            result, exception = ctypes.c_int64(), ctypes.c_void_p()
            parts: list[Any] = []
            for value, argument in zip(given, declared, strict=True):
                parts += [value] if argument is None else _parts(value, *argument)
            status = call(ctypes.addressof(result), ctypes.addressof(exception), *parts)
            if status:
                raise RuntimeError(f"compiled code failed with status {status}")
            return result.value

        return partial(_call, self, run)


def _call(_owner: MachineCode, run: Callable[..., int], *given: Any) -> int:
    return run(*given)


def _declared(argument: str) -> tuple[np.dtype, int] | None:
    """Element type and dimensions of an array argument, None for an integer."""
    match = _ARRAY.fullmatch(argument)
    return (np.dtype(match[1]), 2 if match[2] else 1) if match else None


def _array_parts(dimensions: int) -> list[Any]:
    """Memory information, parent, number of items, item size, data, shape, strides."""
    sizes = [ctypes.c_int64] * dimensions
    return [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, *sizes, *sizes]


def _parts(array: np.ndarray, dtype: np.dtype, dimensions: int) -> list[Any]:
    if array.dtype != dtype or array.ndim != dimensions or not array.flags.c_contiguous:
        raise TypeError(f"expected {dtype} in {dimensions} contiguous dimensions, got {array.dtype} {array.shape}")
    return [None, None, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]
