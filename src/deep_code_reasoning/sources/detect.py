"""Which reader takes a piece of evidence. Readers are the modules under this folder that define READER."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from deep_code_reasoning import sources
from deep_code_reasoning.sources.reader import Reader, Sample

EMPTY = "empty file"
UNKNOWN = "format not recognised"
COMPILED = ("_kernel", "_kernel_parts")  # the names of modules of kernels and of their parts
_DEFINITION = b"\nREADER"


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, sorted by name. What is compiled is not looked into: it would bring the compiler along."""
    found = pkgutil.walk_packages(sources.__path__, f"{sources.__name__}.")
    modules = (importlib.import_module(module.name) for module in found if _may_define_reader(module))
    return tuple(sorted((m.READER for m in modules if hasattr(m, "READER")), key=lambda reader: reader.name))


def _may_define_reader(module: pkgutil.ModuleInfo) -> bool:
    """By its text, where there is one: importing what lies beside the readers takes a tenth of a second."""
    if module.name.endswith(COMPILED):
        return False
    spec = module.module_finder.find_spec(module.name, None)
    read = getattr(spec and spec.loader, "get_data", None)
    if spec is None or not spec.origin or not spec.origin.endswith(".py") or read is None:
        return True
    return _DEFINITION in read(spec.origin)


def detect(sample: Sample) -> Reader | None:
    """The reader with the highest claim (on a tie the first by name), None where nobody claims."""
    best, claimant = 0, None
    for reader in readers():
        if (claim := reader.claims(sample)) > best:
            best, claimant = claim, reader
    return claimant


def unclaimed_reason(sample: Sample) -> str:
    """Why nobody takes the sample; what would be accepted is `readers()`' to say, once and not for each file."""
    if not sample.head and not sample.is_directory:
        return sample.failure or EMPTY
    return UNKNOWN
