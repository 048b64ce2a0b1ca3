"""What a load did: `LoadReport`, as faces show it."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from deep_code_reasoning.unread import Unread

State = Literal["loaded", "already loaded", "skipped"]


@dataclass(frozen=True)
class SourceReport:
    """One file or repository; `bytes` after decompression, `rows` over all tables."""

    path: str
    reader: str
    bytes: int
    rows: int
    state: State


@dataclass(frozen=True)
class LoadReport:
    """`rows` a table, of all evidence given, also of what was there before; `bytes` and `seconds` of this load alone.

    Spans exported twice are among the rows and told in `unread`; the tables show them once.

    `peak_memory_bytes` is the largest resident size of the whole process so far.
    """

    investigation: str
    rows: dict[str, int]
    bytes: int
    seconds: float
    peak_memory_bytes: int
    unread: tuple[Unread, ...]
    sources: tuple[SourceReport, ...]

    @property
    def megabytes_per_second(self) -> float:
        return self.bytes / 1e6 / self.seconds if self.seconds else 0.0


def peak_memory_bytes() -> int:
    """The largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
