"""One commit that may be to blame: what it changed, whose it is, since when it was live, and why it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from deep_code_reasoning.changes.diffs import words
from deep_code_reasoning.changes.diffs.delta import Delta, delta_of
from deep_code_reasoning.changes.diffs.kinds import Kind, kinds_of
from deep_code_reasoning.changes.diffs.seen import Seen


@dataclass(frozen=True)
class Candidate:
    """`services`: as which it was deployed, or whose folders it touches; empty for code that is nobody's or everyone's.

    `rides`: services that took it along: their deploys of later commits, or of a version of the library that it is in.
    `live_in`: since when in each of them, where that is known. `because`: why it is a candidate, in words, the best
    reason first; empty of one that is none.
    """

    sha: str
    repository: str
    service: str | None
    time: int
    live_at: int | None
    message: str
    paths: tuple[str, ...] = ()
    patch: str = ""
    is_later: bool = False
    services: frozenset[str] = frozenset()
    rides: frozenset[str] = frozenset()
    earliest: int | None = None
    """It cannot have been live before, where `live_at` is not known."""
    live_in: tuple[tuple[str, int], ...] = ()
    because: tuple[str, ...] = ()
    seen: Seen | None = None
    """What its files' syntax shows, where it was read."""

    @cached_property
    def delta(self) -> Delta:
        return delta_of(self.patch)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        return kinds_of(self.delta, self.paths, self.seen)

    def kinds_bringing(self, symptoms: frozenset[str]) -> tuple[Kind, ...]:
        """Those of its kinds that bring one of the symptoms about, without a look for the others."""
        known = self.__dict__.setdefault("_kinds_bringing", {})
        if symptoms not in known:
            known[symptoms] = kinds_of(self.delta, self.paths, self.seen, symptoms)
        return known[symptoms]

    @cached_property
    def told(self) -> frozenset[str]:
        """Stems of the message."""
        return words.stems(self.message)

    @cached_property
    def placed(self) -> frozenset[str]:
        """Stems of the paths."""
        return words.stems(" ".join(self.paths))

    @property
    def is_inert(self) -> bool:
        """Documentation, tests, formatting, comments and log lines, staging's settings: nothing that runs changes."""
        if not self.paths:
            return words.is_inert_message(self.message)
        return not words.runs(self.paths) or self.delta.is_empty

    @property
    def is_presentation(self) -> bool:
        return bool(self.paths) and all(map(words.is_presentation, words.runs(self.paths)))

    @property
    def since(self) -> int:
        """When it went live; where that is not known, the first moment at which it can have been."""
        return self.live_at or self.earliest or self.time
