"""The critical path of every tree of spans: which part of whose own time made the root take as long as it did.

Follows Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures" (USENIX ATC 2022): a
span's time ends with its own work or with the child that returned last; before that child began, with the last child
that had returned by then; and so on to the span's start. A child that still ran when a later one on the path began
ran beside the path. What no child on the path covers is the span's own part. So the parts of a tree add up to the
duration of its root, whatever the spans say. Trees whose root is an orphan or lay on a cycle have a path of their own.

CRISP takes well-nested spans of one clock. Others are treated so:
- A child by another clock, no longer than its parent, is moved, with all below it that keeps its clock, by the least
  shift that puts it inside its parent.
- What still sticks out of its parent is cut off.
- A consumer span is not waited for, nor a child by the same clock that outlives its parent by more than a hundredth
  of the parent's duration and 2 microseconds (of rounding), unless it is a server span (its client gave up). They
  and what is below them are not on the path.
- Of children that end at the same time the one that began first returned last, then the one read first.

No step is a loop over spans: folds over ancestors by pointer doubling, and siblings sorted at once. The compiled
`topology_kernel` gives the same numbers.
"""

from __future__ import annotations

import numpy as np

Integers = np.ndarray  # of int64
OTHER_KIND, SERVER, CONSUMER = 0, 1, 2
ROUNDING = 2_000
OUTLIVES = 100  # this part of the parent's duration


def critical_path(parent: Integers, start: Integers, end: Integers, clock: np.ndarray, kind: np.ndarray) -> Integers:
    """Nanoseconds of each span's own time on the path; 0 beside it.

    `parent`: row index or -1, without cycles. 0 <= start <= end. `clock`: a number a host; `kind`: SERVER, CONSUMER.
    """
    child = np.flatnonzero(parent >= 0)
    low, high = _windows(parent, child, start, end, clock)
    waited = _waited_for(parent[child], child, end, end - start, clock, kind) & (high[child] > low[child])
    on_path = np.ones(len(parent), dtype=bool)
    on_path[child] = False
    on_path[_last_returning(parent, child[waited], low, high)] = True
    fold_ancestors(parent, (on_path, np.logical_and))
    own = np.where(on_path, high - low, 0)
    on_path &= parent >= 0
    np.subtract.at(own, parent[on_path], (high - low)[on_path])
    return own


def fold_ancestors(parent: Integers, *columns: tuple[np.ndarray, np.ufunc]) -> Integers:
    """Each column becomes the fold of its values from the span up to its root, by pointer doubling (Wyllie 1979).

    Returns the pointers: -1, or below a cycle, after enough rounds to reach every root, a node of the cycle.
    """
    jump = parent.copy()
    moving = np.flatnonzero(jump >= 0)
    for _ in range(max(1, len(parent)).bit_length() + 1):
        if not len(moving):
            break
        via = jump[moving]
        onward, gained = jump[via], [values[via] for values, _ in columns]  # read before any is written: all in step
        for (values, combine), more in zip(columns, gained, strict=True):
            values[moving] = combine(values[moving], more)
        jump[moving] = onward
        moving = moving[onward >= 0]
    return jump


def _windows(
    parent: Integers, child: Integers, start: Integers, end: Integers, clock: np.ndarray
) -> tuple[Integers, Integers]:
    """Begin and end of each span after its root's begin, clocks put right, cut to all its ancestors."""
    above = parent[child]
    room, length = (end - start)[above], (end - start)[child]
    place = start[child] - start[above]
    latest = np.where(length <= room, room - length, room)
    base = np.zeros(len(parent), dtype=np.int64)
    base[child] = np.where(clock[child] == clock[above], place, np.clip(place, 0, latest))
    fold_ancestors(parent, (base, np.add))
    low, high = base, base + (end - start)
    fold_ancestors(parent, (low, np.maximum), (high, np.minimum))
    return low, np.maximum(low, high)


def _waited_for(
    above: Integers, child: Integers, end: Integers, length: Integers, clock: np.ndarray, kind: np.ndarray
) -> np.ndarray:
    outlives = end[child] - end[above] > length[above] // OUTLIVES + ROUNDING
    detached = outlives & (clock[child] == clock[above]) & (kind[child] != SERVER)
    return ~detached & (kind[child] != CONSUMER)


def _last_returning(parent: Integers, child: Integers, low: Integers, high: Integers) -> Integers:
    """The children that their parents waited for, one before the other: all that the last returning one leads to.

    Each child points at the sibling that returned last before it began; all are found in one sorted sequence of ends
    and beginnings. Then whatever is reached from the last child of a family is taken, by pointer doubling.
    """
    alone = np.bincount(parent[child], minlength=len(parent))[parent[child]] == 1
    only, child = child[alone], child[~alone]  # most have no sibling: nothing to sort
    child = child[np.lexsort((-child, -low[child], high[child], parent[child]))]
    family = parent[child]
    last = np.ones(len(child), dtype=bool)
    last[:-1] = family[1:] != family[:-1]
    moment = np.concatenate([high[child], low[child]])
    sequence = np.lexsort((moment, np.tile(family, 2)))  # stable: an end comes before a beginning at the same time
    returned = np.maximum.accumulate(np.where(sequence < len(child), sequence, -1))
    before = np.empty(2 * len(child), dtype=np.int64)
    before[sequence] = returned
    jump = before[len(child) :]
    jump[(jump >= 0) & (family[jump] != family)] = -1
    taken = last
    while (jump >= 0).any():
        taken[jump[taken & (jump >= 0)]] = True
        jump = np.where(jump >= 0, jump[jump], -1)
    return np.concatenate([only, child[taken]])
