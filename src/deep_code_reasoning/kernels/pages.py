"""Memory straight from the operating system: what is never written takes none, what was used before costs no faults."""

from __future__ import annotations

import mmap
import sys

HUGE_PAGE = 2 << 20
KEPT_BYTES = 256 << 20  # larger blocks are not kept to be used again
KEPT_FILLED_BYTES = 64 << 20
_PR_SET_THP_DISABLE = 41  # prctl(2)
_OWN = 3  # references to a block that only its list, the loop over that and the question for them hold


def pages(size: int, *, filled: bool = False) -> mmap.mmap:
    """At least one byte, all zero. `filled`: most of it will be written, so that it pays to be given it in huge
    pages where the system has them: a page fault for each 4 KiB took as long as reading the file did."""
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    memory = mmap.mmap(-1, max(1, size), **private)
    if filled and size >= HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        _admit_huge_pages()
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def _admit_huge_pages() -> None:
    """Arrow's allocator, which is to do without (`interpreter.settle`), has them refused to the whole process."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_THP_DISABLE, 0, 0, 0, 0)


class UsedPages:
    """Gives pages again that nobody refers to any longer: arrays, Arrow buffers and memoryviews hold on to theirs.

    What is given holds whatever it held before. Getting new pages for each window, and clearing them, took the system
    a tenth of the time of a load.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, bool], list[mmap.mmap]] = {}

    def take(self, size: int, *, filled: bool = False) -> mmap.mmap:
        """At least `size` bytes, of any content."""
        size = _rounded(size)
        blocks = self._blocks.setdefault((size, filled), [])
        for block in blocks:
            if sys.getrefcount(block) == _OWN:
                return block
        block = pages(size, filled=filled)
        if size <= (KEPT_FILLED_BYTES if filled else KEPT_BYTES):
            blocks.append(block)
        return block


def _rounded(size: int) -> int:
    """Up to an eighth more, so that windows of nearly one size share their memory."""
    step = 1 << max(12, size.bit_length() - 3)
    return -(-size // step) * step
