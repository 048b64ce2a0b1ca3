"""A kernel's machine code in a file: a line of JSON that says how it is called, and the object file with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deep_code_reasoning.kernels.compiling import Compiled


def write(path: Path, code: Compiled) -> None:
    """In one step: whoever looks meanwhile finds the old file or the new one. Raises OSError."""
    import tempfile

    described = {"symbol": code.symbol, "arguments": code.arguments, "sha256": _digest(code.object_file)}
    header = json.dumps(described).encode()
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(header + b"\n" + code.object_file)
    Path(file.name).replace(path)


def load(path: Path) -> Callable[..., int] | None:
    """None for a file that is not there, or is damaged: the loader of machine code would crash on that."""
    found = _read(path)
    if not found:
        return None
    described, object_file = found
    try:
        from deep_code_reasoning.kernels.machine_code import MachineCode

        return MachineCode(object_file).function(described["symbol"], tuple(described["arguments"]))
    except (LookupError, RuntimeError, ImportError):
        return None


def is_intact(path: Path) -> bool:
    return _read(path) is not None


def _read(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """What the file says of its machine code, and the code."""
    try:
        header, _, code = path.read_bytes().partition(b"\n")
        described = json.loads(header)
        return (described, code) if described["sha256"] == _digest(code) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
