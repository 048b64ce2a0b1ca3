"""Zeroed memory straight from the operating system: what is never written takes none."""

from __future__ import annotations

import mmap

HUGE_PAGE = 2 << 20


def pages(size: int, *, filled: bool = False) -> mmap.mmap:
    """At least one byte, all zero. `filled`: most of it will be written, so that it pays to be given it in huge
    pages where the system has them: a page fault for each 4 KiB took as long as reading the file did."""
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    memory = mmap.mmap(-1, max(1, size), **private)
    if filled and size >= HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
