"""Clocks of all hosts against one of them, from bounds between pairs.

`clock_B - clock_A <= upper` and `>= lower` are difference constraints; the tightest bound between any two hosts is a
shortest path (Bellman 1958; Cormen et al., "Introduction to Algorithms", section 24.4). A negative cycle means that
the bounds contradict each other: the pair with the fewest samples on it is left out, and the cycle is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Constraint(NamedTuple):
    """lower <= clock of `host` - clock of `other` <= upper, ns; `samples` calls say so."""

    other: int
    host: int
    lower: float
    upper: float
    samples: int


class Contradiction(NamedTuple):
    """Bounds that cannot all hold: going round `hosts` a clock would be `excess` ns ahead of itself."""

    hosts: tuple[int, ...]
    excess: float
    refused: Constraint


class Offsets(NamedTuple):
    """Bounds a host against the reference, nan where no path leads; `refused` are what contradicted the rest."""

    lower: np.ndarray
    upper: np.ndarray
    refused: tuple[Contradiction, ...]


def against(reference: int, hosts: int, constraints: list[Constraint]) -> Offsets:
    """Tightest bounds on clock - clock of `reference`, for hosts numbered 0 .. hosts - 1."""
    import numpy as np

    kept = list(constraints)
    refused = []
    while True:
        upper, cycle = _shortest(reference, hosts, kept)
        if cycle is None:
            lower, cycle = _shortest(reference, hosts, [_mirrored(edge) for edge in kept])
            if cycle is None:
                bound = [np.where(np.isinf(distance), np.nan, distance) for distance in (-lower, upper)]
                return Offsets(bound[0], bound[1], tuple(refused))
        weakest = min(cycle.constraints, key=lambda number: kept[number].samples)
        refused.append(Contradiction(cycle.hosts, cycle.excess, kept.pop(weakest)))


class _Cycle(NamedTuple):
    constraints: tuple[int, ...]
    hosts: tuple[int, ...]
    excess: float


def _mirrored(edge: Constraint) -> Constraint:
    return edge._replace(lower=-edge.upper, upper=-edge.lower)


def _shortest(source: int, nodes: int, constraints: list[Constraint]) -> tuple[np.ndarray, _Cycle | None]:
    """Distances from the source over the constraints, or a negative cycle of them."""
    import numpy as np

    tails = np.array([e.other for e in constraints] + [e.host for e in constraints], dtype=np.int64)
    heads = np.array([e.host for e in constraints] + [e.other for e in constraints], dtype=np.int64)
    weights = np.array([e.upper for e in constraints] + [-e.lower for e in constraints])
    distance = np.full(nodes, np.inf)
    distance[source] = 0.0
    through = np.full(nodes, -1)
    for turn in range(nodes + 1):
        candidate = distance[tails] + weights
        better = candidate < distance[heads] - 1e-6
        if not better.any():
            return distance, None
        order = np.flatnonzero(better)[np.argsort(-candidate[better], kind="stable")]
        distance[heads[order]] = candidate[order]
        through[heads[order]] = order
        if turn >= 2 or turn == nodes:
            cycle = _cycle(through, tails, heads[order])
            if cycle:
                numbers = tuple(sorted({edge % len(constraints) for edge in cycle}))
                passed = tuple(int(tails[edge]) for edge in reversed(cycle))
                return distance, _Cycle(numbers, passed, -float(weights[cycle].sum()))
    return distance, None


def _cycle(through: np.ndarray, tails: np.ndarray, starts: np.ndarray) -> list[int] | None:
    """Edges of a cycle among the predecessors that the starts lead back to; it is a negative one."""
    clear: set[int] = set()
    for start in starts:
        path: dict[int, int] = {}
        node = int(start)
        while node not in clear and through[node] >= 0:
            if node in path:
                places = list(path)
                return [path[place] for place in places[places.index(node) :]]
            path[node] = int(through[node])
            node = int(tails[through[node]])
        clear.update(path)
    return None
