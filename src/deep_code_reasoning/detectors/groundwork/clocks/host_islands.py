"""Which hosts' clocks can be compared with one another: those that calls connect, directly or over others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.groundwork.clocks import clock_graph

if TYPE_CHECKING:
    import numpy as np

End = Mapping[tuple[str, str], tuple[float, float, int]]
"""client host, server host -> lower, upper bound of server's clock - client's at one end of the time, and calls."""


class Cycle(NamedTuple):
    """Hosts whose bounds contradict each other by `excess` ns; the pair refused for it."""

    hosts: tuple[str, ...]
    excess: float
    refused: tuple[str, str]


class Island(NamedTuple):
    """The first host is the reference; `bounds` a host: lower, upper of the first end of the time, then of the last."""

    hosts: list[str]
    bounds: list[tuple[float, ...]]
    cycles: list[Cycle]


def islands(hosts: Sequence[str], ends: Sequence[End]) -> Iterator[Island]:
    """Each host is in one island, at most; the reference of one is the first of its hosts in the order given.

    A contradiction costs a pair its say; hosts that only such pairs connect are islands by themselves.
    """
    for connected in _connected(hosts, ends[0]):
        left = connected
        while len(left) > 1:
            island = _island(left, ends)
            yield island
            left = [host for host in left if host not in set(island.hosts)]


def _connected(hosts: Sequence[str], pairs: End) -> list[list[str]]:
    above = {host: host for host in hosts}

    def top(host: str) -> str:
        while above[host] != host:
            above[host] = above[above[host]]
            host = above[host]
        return host

    for one, other in pairs:
        above[top(one)] = top(other)
    found: dict[str, list[str]] = {}
    for host in hosts:
        found.setdefault(top(host), []).append(host)
    return list(found.values())


def _island(hosts: Sequence[str], ends: Sequence[End]) -> Island:
    import numpy as np

    number = dict(zip(hosts, count(), strict=False))
    columns: list[np.ndarray] = []
    cycles: dict[tuple[str, str], Cycle] = {}
    for end in ends:
        constraints = [
            clock_graph.Constraint(number[one], number[other], *bounds)
            for (one, other), bounds in end.items()
            if one in number and other in number
        ]
        found = clock_graph.against(0, len(hosts), constraints)
        columns += [found.lower, found.upper]
        for one in found.refused:
            pair = hosts[one.refused.other], hosts[one.refused.host]
            if pair not in cycles or cycles[pair].excess < one.excess:
                cycles[pair] = Cycle(tuple(hosts[at] for at in one.hosts), one.excess, pair)
    reached = [at for at in range(len(hosts)) if not any(np.isnan(column[at]) for column in columns)]
    bounds = [tuple(float(column[at]) for column in columns) for at in reached]
    return Island([hosts[at] for at in reached], bounds, list(cycles.values()))
