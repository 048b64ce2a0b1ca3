"""The levels of processors that a wheel carries machine code for, and which of them this machine has.

Levels of x86-64 are those of its psABI ("Low Level System Information", Micro-Architecture Levels), by LLVM's names of
the processors and their features. LLVM tells a feature only where the operating system saves its registers, too.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

_V2 = frozenset({"cx16", "sahf", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2", "crc32"})
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}


@dataclass(frozen=True)
class Level:
    """`cpu` is the processor's name for LLVM, `features` what code for it may use beyond what all of its kind have."""

    name: str
    cpu: str
    features: frozenset[str]

    @property
    def folder(self) -> str:
        """Of its machine code; with the system, since another one has other object files."""
        return f"{sys.platform}-{self.name}"


_ARM = Level("aarch64", "generic", frozenset())
_LEVELS = {
    "x86_64": (Level("x86-64-v3", "x86-64-v3", _V3), Level("x86-64-v2", "x86-64-v2", _V2)),
    "aarch64": (_ARM,),
    "arm64": (_ARM,),  # as Apple calls it
}


def levels() -> tuple[Level, ...]:
    """Those of this machine's architecture, the highest first; none where nothing is known of it."""
    import llvmlite.binding as llvm

    return _LEVELS.get(llvm.get_process_triple().partition("-")[0], ())


def levels_of_this_machine() -> tuple[Level, ...]:
    """Those whose code it can run, the highest first."""
    there = features()
    return tuple(level for level in levels() if level.features <= there)


def features() -> frozenset[str]:
    """What this machine's processor can do beyond what all of its kind can; empty where LLVM cannot tell."""
    import llvmlite.binding as llvm

    try:
        return frozenset(name for name, there in llvm.get_host_cpu_features().items() if there)
    except RuntimeError:
        return frozenset()
