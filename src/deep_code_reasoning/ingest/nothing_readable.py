"""The error of a load that found no record: what was given, and what would be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.errors import EvidenceError

if TYPE_CHECKING:
    from deep_code_reasoning.unread import Unread

NAMED_IN_ERROR = 10


def nothing_readable(evidence: Sequence[str | Path], unread: Sequence[Unread]) -> EvidenceError:
    from deep_code_reasoning.sources.detect import readers
    from deep_code_reasoning.sources.walk import MISSING

    parts = [f"{part.place}: {part.reason}" for part in unread[:NAMED_IN_ERROR]]
    if len(unread) > NAMED_IN_ERROR:
        parts.append(f"and {len(unread) - NAMED_IN_ERROR} more")
    if not parts:
        parts = [f"{path}: holds no records" for path in evidence] or ["no evidence given"]
    told = f"nothing readable: {', '.join(parts)}"
    if unread and all(part.reason == MISSING for part in unread):
        return EvidenceError(told)  # a path that is misspelt has no format
    return EvidenceError(f"{told}. Accepted: {'; '.join(reader.accepts for reader in readers())}")
