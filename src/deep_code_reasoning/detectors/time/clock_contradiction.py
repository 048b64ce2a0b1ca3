"""Calls between hosts contradict each other: a clock was stepped, or one host key names several machines.

## What it detects
A clock that was set by hand, by NTP or after a machine was resumed, with the moment and the size of the jump; a host
key under which several clocks write (replicas that give no instance id); and hosts whose clocks contradict each other
only in a circle.

## Why it matters
A stepped clock breaks what a steady skew does not: leases and timeouts run out at once or never, durations come out
negative, and the same moment is written twice. A host key that covers several machines spoils every comparison by
host, this program's included: what is said of that host's clock, pauses and load is then said of a mixture.

## How it is computed
Every call bounds the difference of two clocks (TIME001 has the method). Where no steady drift within 200 ppm fits the
calls of a pair, even without the fifth of each slice of time that says most, the slices are joined from the left as
long as one line fits. Up to four steady stretches are a clock stepped between them: the jump is bounded by both
stretches' lines, told for the moment between. Slices that contradict themselves are several clocks, apart by
`apart_ms` at least. Were one call in a hundred false, a pair would be reported by chance at most once in a million
(binomial test). The host named is the one that most of the contradicting pairs share, and that the fewest steady ones
do; with a single pair either may be it.

Over all pairs the bounds are constraints on a graph (Bellman 1958): a negative cycle means that the bounds of its
pairs cannot all hold. The pair of it with the fewest calls is then left out, and the circle is told.

Reported from 1 ms on, what NTP holds on a local network (ntp.org); a warning from 10 ms, its accuracy over the public
Internet. A jump can be the cause when it is certainly larger than the shortest time limit that spans of that host
carry.

## Not this when
The clock drifts (TIME001), calls are few, or clients go on before their server has begun (one-way calls recorded as
client and server; a few do no harm). Hosts that only messages connect are not compared at all.

## What to do
A step: look at the host's `chronyc tracking`, the hypervisor's log (suspend, migration) and who set the time; let NTP
slew instead (`makestep` for the first updates only). Several clocks: give each replica its own `host.id` or
`service.instance.id` in the resource.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.clocks.by_host import Clocks
from deep_code_reasoning.detectors.time import time_limits
from deep_code_reasoning.detectors.wording import measured, milliseconds
from deep_code_reasoning.finding import Evidence, Finding, Subject, Support
from deep_code_reasoning.incident import TimeWindow

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

LOCAL_ACCURACY_NANO = 1_000_000
NTP_ACCURACY_NANO = 10_000_000


class Break(NamedTuple):
    """A row of host_clock_breaks: the jump is of server's clock - client's."""

    client_host: str
    server_host: str
    kind: str
    low_nano: int
    high_nano: int
    begin: int
    end: int
    against: int
    calls: int

    @property
    def hosts(self) -> tuple[str, str]:
        return self.client_host, self.server_host

    @property
    def certain_nano(self) -> int:
        return max(0, self.low_nano, -self.high_nano)

    def jump_of(self, host: str) -> tuple[int, int]:
        """Bounds of the jump of the host's clock."""
        return (self.low_nano, self.high_nano) if host == self.server_host else (-self.high_nano, -self.low_nano)


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    rows = tables.rows(
        "SELECT client_host, server_host, kind, low_nano, high_nano, begin_unix_nano, end_unix_nano, against, calls"
        " FROM host_clock_breaks ORDER BY client_host, server_host, begin_unix_nano"
    )
    broken = [found for found in (Break(*row) for row in rows) if found.certain_nano >= LOCAL_ACCURACY_NANO]
    clocks = Clocks(tables)
    found = list(_breaks(tables, clocks, broken)) if broken else []
    found += _circles(tables, clocks)
    return sorted(found, key=lambda one: (one.role != "cause", -_size(one)))


def _size(finding: Finding) -> float:
    return max(abs(float(finding.numbers.get(name, 0))) for name in ("jump_ms", "apart_ms", "excess_ms"))


def _breaks(tables: Tables, clocks: Clocks, broken: Sequence[Break]) -> Iterator[Finding]:
    """A finding a host and moment, the hosts that explain most pairs first."""
    limits = time_limits.shortest(tables)
    named = {(one.kind, one.hosts) for one in broken}
    steady = Counter(host for pair in clocks.pairs if pair not in {hosts for _, hosts in named} for host in pair)
    left = list(broken)
    while left:
        shared = Counter(host for one in left for host in set(one.hosts))
        host = max(shared, key=lambda name: (shared[name], -steady[name], name))
        first = max((one for one in left if host in one.hosts), key=lambda one: (one.calls, -one.begin))
        same = [one for one in left if host in one.hosts and _is_same(one, first)]
        left = [one for one in left if one not in same]
        peers = [other for one in same for other in one.hosts if other != host]
        is_either = len(same) == 1 and steady[host] == steady[peers[0]]
        make = _step if first.kind == "step" else _several
        yield make(tables, clocks, host, peers, same, is_either, limits.get(host))


def _is_same(one: Break, other: Break) -> bool:
    return one.kind == other.kind and (one.kind != "step" or (one.begin <= other.end and other.begin <= one.end))


def _step(
    tables: Tables,
    clocks: Clocks,
    host: str,
    peers: list[str],
    same: list[Break],
    is_either: bool,
    limit: tuple[float, str] | None,
) -> Finding:
    low, high = max(one.jump_of(host)[0] for one in same), min(one.jump_of(host)[1] for one in same)
    if low > high:
        low, high = same[0].jump_of(host)
    jump, error, certain = (low + high) / 2, (high - low) / 2, max(0, low, -high)
    exceeds = limit is not None and certain > limit[0] * 1e6
    when = TimeWindow(max(one.begin for one in same), max(max(one.begin for one in same), min(one.end for one in same)))
    numbers = _counted(same) | {"jump_ms": round(jump / 1e6, 3), "jump_error_ms": round(error / 1e6, 3)}
    if limit:
        numbers |= {"shortest_limit_ms": limit[0], "shortest_limit": limit[1]}
    way = "forwards" if jump > 0 else "backwards"
    who = clocks.name(host) + (f" (or the other way, of {clocks.name(peers[0])})" if is_either else "")
    return _finding(
        f"the clock of {who} was stepped {way} by {measured(abs(jump), error)}",
        "critical" if exceeds else "warning" if certain >= NTP_ACCURACY_NANO else "info",
        "cause" if exceeds else "context",
        Subject(_service(tables, host), host=clocks.name(host), peer=clocks.name(peers[0])),
        when,
        numbers | {"kind": "step"},
        tuple(_witnesses(tables, clocks, same[0])),
        _support(tables, host, when.start),
    )


def _several(
    tables: Tables,
    clocks: Clocks,
    host: str,
    peers: list[str],
    same: list[Break],
    is_either: bool,
    limit: tuple[float, str] | None,
) -> Finding:
    apart = max(one.low_nano for one in same)
    who = clocks.name(host) + (f" or {clocks.name(peers[0])}" if is_either else "")
    return _finding(
        f"several clocks write as {who}, at least {milliseconds(apart)} apart: one host key names several machines",
        "warning" if apart >= NTP_ACCURACY_NANO else "info",
        "context",
        Subject(_service(tables, host), host=clocks.name(host), peer=clocks.name(peers[0])),
        None,
        _counted(same) | {"apart_ms": round(apart / 1e6, 3), "kind": "several clocks"},
        tuple(_witnesses(tables, clocks, same[0])),
    )


def _counted(same: Sequence[Break]) -> dict[str, float | int | str]:
    return {
        "pairs_of_hosts": len(same),
        "contradicting_calls": sum(one.against for one in same),
        "calls": sum(one.calls for one in same),
    }


def _circles(tables: Tables, clocks: Clocks) -> Iterator[Finding]:
    """A finding a negative cycle: which of its clocks is wrong cannot be told from it alone."""
    cycles: dict[int, list[tuple[str, int, str, str]]] = {}
    for number, *row in tables.rows(
        "SELECT cycle, host, excess_nano, client_host, server_host FROM host_clock_cycles ORDER BY cycle, place"
    ):
        cycles.setdefault(number, []).append(tuple(row))
    for rows in cycles.values():
        _, excess, client, server = rows[0]
        if excess < LOCAL_ACCURACY_NANO:
            continue
        names = [clocks.name(host) for host, *_ in rows]
        pair = Break(client, server, "cycle", 0, 0, 0, 0, 0, 0)
        yield _finding(
            f"the clocks of {', '.join(names)} contradict each other by {milliseconds(excess)} in a circle:"
            " one was stepped or its key names several machines",
            "warning" if excess >= NTP_ACCURACY_NANO else "info",
            "context",
            Subject(host=clocks.name(server), peer=clocks.name(client)),
            None,
            {"excess_ms": round(excess / 1e6, 3), "hosts": len(names), "kind": "circle"},
            tuple(_witnesses(tables, clocks, pair)),
        )


def _finding(title, severity, role, subject, interval, numbers, evidence, support=None) -> Finding:
    return Finding(RULE.code, title, severity, role, subject, interval, numbers, evidence, support)


def _service(tables: Tables, host: str) -> str | None:
    services = [
        name for (name,) in tables.rows("SELECT DISTINCT service_name FROM spans WHERE host = $host", host=host)
    ]
    return services[0] if len(services) == 1 else None


def _support(tables: Tables, host: str, since: int) -> Support:
    return Support(*tables.rows(sql_beside(__file__), host=host, since=since)[0])


def _witnesses(tables: Tables, clocks: Clocks, one: Break) -> Iterator[Evidence]:
    """The calls that leave theta the least room from above and from below: they cannot both be right."""
    hosts = {"client_host": one.client_host, "server_host": one.server_host}
    for trace, client, server, lower, upper in tables.rows(sql_beside(__file__, "witnesses"), **hosts):
        sides = f"{clocks.name(one.server_host)} - {clocks.name(one.client_host)}"
        least = "…" if lower is None else f"{lower / 1e6:,.3f}"
        note = f"{sides} in [{least}, {upper / 1e6:,.3f}] ms"
        yield Evidence(f"span:{trace}/{client}", f"client: {note}")
        yield Evidence(f"span:{trace}/{server}", f"server: {note}")


RULE = Rule(
    code="TIME002",
    name="clock-contradiction",
    title="A clock was stepped, or one host key names several machines.",
    severity="warning",
    role="context",
    needs=("spans", "topology"),
    detect=detect,
)
