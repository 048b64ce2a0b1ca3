"""Which commits a commit contains: ancestry by parents, never by dates, for clocks are skewed and branches overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

SHORTEST_SHA = 7
_SHA_LETTERS = frozenset("0123456789abcdef")


class CommitGraph:
    """The commits of one repository as far as they were read. Sets of commits are integers: bit n is `shas[n]`.

    Parents that were not read (a shallow clone, a history that was cut) are left out, and so are commits that are their
    own ancestors, which only a forged history holds.
    """

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        self.shas = tuple(parents)
        self._index = {sha: number for number, sha in enumerate(self.shas)}
        self._parents = [[self._index[p] for p in parents[sha] if p in self._index] for sha in self.shas]
        self.is_known = len(self.shas) == 1 or any(parents.values())
        """False where no commit names a parent, as in lists that leave them out: then only dates are left."""

    @cached_property
    def _contained(self) -> list[int]:
        """Of each commit, itself and its ancestors."""
        waiting = [len(parents) for parents in self._parents]
        children: list[list[int]] = [[] for _ in self.shas]
        for number, parents in enumerate(self._parents):
            for parent in parents:
                children[parent].append(number)
        contained = [1 << number for number in range(len(self.shas))]
        ready = [number for number, count in enumerate(waiting) if not count]
        while ready:
            number = ready.pop()
            for child in children[number]:
                contained[child] |= contained[number]
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        return contained

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.shas)

    def find(self, sha: str | None) -> str | None:
        """The one commit of this id, or whose id begins with it (7 digits at least)."""
        if not sha:
            return None
        plain = sha.strip().lower()
        if plain in self._index:
            return plain
        if len(plain) < SHORTEST_SHA or not _SHA_LETTERS.issuperset(plain):
            return None
        place = bisect_left(self._sorted, plain)
        found = [one for one in self._sorted[place : place + 2] if one.startswith(plain)]
        return found[0] if len(found) == 1 else None

    def contains(self, sha: str, other: str) -> bool:
        """`other` is `sha` or an ancestor of it."""
        return bool(self._contained[self._index[sha]] >> self._index[other] & 1)

    def brought(self, new: str, old: str | None) -> frozenset[str]:
        """What `new` contains and `old` does not: git's `old..new`. All that `new` contains where there is no `old`."""
        bits = self._contained[self._index[new]]
        if old is not None:
            bits &= ~self._contained[self._index[old]]
        return frozenset(self._members(bits))

    def _members(self, bits: int) -> Iterable[str]:
        text = bin(bits)[:1:-1]
        place = text.find("1")
        while place >= 0:
            yield self.shas[place]
            place = text.find("1", place + 1)
