"""Which commits of a range each of them contains, as sums over ancestors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BLOCK_COLUMNS = 4_096
_BLOCK_ROWS = 512
_HELD_CELLS = 1 << 22  # up to 2,048 commits the table is built once


@dataclass
class Ancestry:
    """`parents[i]`: numbers of the parents of commit `i` within the range; parents come before their children."""

    parents: Sequence[Sequence[int]]
    _held: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.parents)

    def of(self, commit: int) -> np.ndarray:
        """(n,) True for the commit and each of its ancestors."""
        import numpy as np

        reached = np.zeros(len(self), bool)
        reached[commit] = True
        pending = [commit]
        while pending:
            for parent in self.parents[pending.pop()]:
                if not reached[parent]:
                    reached[parent] = True
                    pending.append(parent)
        return reached

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """(n, k) of (n, k): for each commit the weights of itself and all its ancestors, added up.

        Commits without weight cost nothing, and no more than a block of the table of ancestors is held at a time:
        memory is n * BLOCK_COLUMNS / 8 bytes (50 MB at 100,000 commits).
        """
        import numpy as np

        if len(self) ** 2 <= _HELD_CELLS:
            if self._held is None:
                self._held = np.unpackbits(self._bits(np.arange(len(self))), axis=1, count=len(self)).astype(float)
            return self._held @ weights
        added = np.zeros_like(weights)
        weighty = np.flatnonzero(weights.any(axis=1))
        for start in range(0, len(weighty), BLOCK_COLUMNS):
            columns = weighty[start : start + BLOCK_COLUMNS]
            bits = self._bits(columns)
            for row in range(0, len(self), _BLOCK_ROWS):
                rows = np.unpackbits(bits[row : row + _BLOCK_ROWS], axis=1, count=len(columns))
                added[row : row + _BLOCK_ROWS] += rows.astype(float) @ weights[columns]
        return added

    def _bits(self, columns: np.ndarray) -> np.ndarray:
        """(n, ceil(len(columns) / 8)) packed: which of `columns` each commit contains."""
        import numpy as np

        bits = np.zeros((len(self), (len(columns) + 7) // 8), np.uint8)
        place = np.arange(len(columns))
        bits[columns, place >> 3] = 0x80 >> (place & 7)
        for commit, parents in enumerate(self.parents):
            row = bits[commit]
            for parent in parents:
                row |= bits[parent]
        return bits
