"""Git repositories are read while those before them are inserted: git works in processes of its own, one a core."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.ahead import ahead

if TYPE_CHECKING:
    from deep_code_reasoning.sources.reader import Batch, Skipped
    from deep_code_reasoning.sources.walk import Item

BATCHES_AHEAD = 1  # of each repository: memory is bounded by batches, not by histories


class RepositoriesAhead:
    """`items` in the order in which they will be asked for; at most `at_once` are being read."""

    def __init__(self, items: Sequence[Item], read: Callable[[Item], Iterator[Batch | Skipped]], at_once: int) -> None:
        self._waiting = deque(items if len(items) > 1 else ())
        self._read = read
        self._at_once = at_once
        self._begun: dict[str, Iterator[Batch | Skipped | None]] = {}

    def parts(self, real_path: str) -> Iterator[Batch | Skipped | None] | None:
        """What reading the repository gives; None where it is not one of `items`."""
        while self._waiting and len(self._begun) < self._at_once:
            item = self._waiting.popleft()
            begun = ahead(chain([None], self._read(item)), BATCHES_AHEAD)
            next(begun)  # the thread starts with the first item that is asked for
            self._begun[str(item.path)] = begun
        return self._begun.pop(real_path, None)

    def close(self) -> None:
        """Ends the threads of repositories that were begun and not taken."""
        for begun in self._begun.values():
            if isinstance(begun, Generator):
                begun.close()
        self._begun.clear()
