"""What of the evidence was not read: told from the reading of a file up to the answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unread:
    """Evidence that was skipped: `place` is `file:line` or `file@byte`, `count` how often in that file."""

    place: str
    reason: str
    count: int = 1
