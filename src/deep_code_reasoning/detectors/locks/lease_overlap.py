"""Two holders had the same lease at once, because one renewed it too late or not at all.

## What it detects
Holds of one lock key by two holders that overlap, and the client whose lease ran out while it went on: how late its
renewals reached the lock service, why (its clock, a pause, the network), and how many overlaps would be left if its
clock were right.

## Why it matters
What a lease protects is no longer protected: two writers, double payments, lost updates. It shows under load only
(work must outlast the lease and someone else must want the key), leaves no error where it happens, and a test with
one clock cannot show it.

## How it is computed
Spans that name a lock (attribute names and words: leases.toml) are put together to holds: from the acquire's answer
or the critical section's start to the section's end or the release's start. Their times are moved to the lock
service's clock by the offset found from all calls between the two hosts, with its drift and error (TIME001 has the
method). A sweep over each key finds overlaps: certain when longer than both clocks' errors, possible when shorter or
apart by less (`overlaps_possible`); without the correction nothing is claimed. A renewal is late when its server span
starts after the expiry that the lock service gave out before, both by the lock service's own clock, so that needs no
correction.

A late renewal is split exactly: lateness = skew + delay + network - margin, with skew = -(client's clock - lock
service's), delay = how much later than planned the client sent it by its own clock, network = how long it was under
way. Whether the client plans by the expiry it was told (skew counts) or from the answer it got (skew does not) is
read off the renewals of skewed hosts: `deadline_basis`. A part is the cause when without it the renewal had been in
time: `late_by_skew`, `late_by_pause`, `late_by_network`, else `late_unexplained`. The counterfactual moves each
renewal by the offset, as if the clock were right (one that the holder's end came before, too), and counts the
overlaps whose first holder would still have lost its lease: `overlaps_without_skew`, give or take
`overlaps_without_skew_error` that lie within the clocks' error.

## Not this when
The lock is shared (mode read, several permits) or re-entered in the same trace. Spans that wrap the waiting for a
lock overlap as they should: only what lies between acquire and release counts, and without a span of the acquire
nothing does. A renewal that is granted although it was late harms nobody while no other comes in. Locks without a
key among their spans' attributes cannot be seen. Hosts whose clocks no call compares are left out.

## What to do
Count the lease from before the acquire was sent, on the client's monotonic clock, never from an absolute expiry of
another host; renew early (a third of the time to live); stop work when a renewal is refused; check a fencing token
where the protected data is written. Then mend the clock (TIME001), the pause (RUN001) or the network.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.clocks.by_host import ClockLine, Clocks
from deep_code_reasoning.detectors.locks import holders, vocabulary
from deep_code_reasoning.detectors.locks.holders import Holder
from deep_code_reasoning.detectors.locks.holds import Hold, overlaps
from deep_code_reasoning.detectors.locks.renewals import Renewal, habit
from deep_code_reasoning.finding import Finding, Location, Subject, Support

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

WORST_KEYS = 2_000


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    tables.register("lease_attributes", vocabulary.attributes())
    tables.execute(sql_beside(__file__, "calls"), **vocabulary.words())
    servers = tables.rows(sql_beside(__file__))
    if not servers:
        return []
    clocks = Clocks(tables)
    lock_service, lock_host = servers[0]
    lines = _lines_to(tables, clocks, lock_host)
    suspects = _holders(tables, lines)
    supports = _supports(tables, suspects)
    found = [
        _finding(clocks, holder, lock_service, lock_host, support)
        for holder, support in zip(suspects, supports, strict=True)
    ]
    return sorted(found, key=lambda one: (-int(one.numbers["overlaps"]), -int(one.numbers["late_renewals"])))


def _lines_to(tables: Tables, clocks: Clocks, lock_host: str | None) -> dict[str, ClockLine]:
    """Each holder host's clock - the lock service's; written to `clock_lines` for the SQL."""
    import pyarrow as pa

    hosts = [host for (host,) in tables.rows("SELECT DISTINCT host FROM lease_items WHERE host IS NOT NULL")]
    reference = lock_host or next((host for host in clocks.lines if host in hosts), hosts[0] if hosts else "")
    lines = {host: line for host in hosts if (line := clocks.between(host, reference)) is not None}
    columns = {"host": pa.array(list(lines), pa.string())}
    for name in ("offset_nano", "error_nano", "drift_ppm", "at_unix_nano"):
        kind = pa.int64() if name == "at_unix_nano" else pa.float64()
        columns[name] = pa.array([getattr(line, name) for line in lines.values()], kind)
    tables.register("clock_lines", pa.table(columns))
    return lines


def _holders(tables: Tables, lines: dict[str, ClockLine]) -> list[Holder]:
    """Those who held too long or renewed too late."""
    renewals = [Renewal(*row) for row in tables.rows(sql_beside(__file__, "renewals"))]
    by_service: dict[str | None, list[Renewal]] = defaultdict(list)
    for renewal in renewals:
        by_service[renewal.client_service].append(renewal)
    habits = {service: habit(some, lines) for service, some in by_service.items()}
    found: dict[tuple[str | None, str], Holder] = {}

    def holder(service: str | None, host: str) -> Holder:
        return found.setdefault((service, host), Holder(service, host, lines.get(host), habits.get(service)))

    rows = tables.rows(sql_beside(__file__, "holds"), worst_keys=WORST_KEYS)
    for overlap in overlaps([Hold(*row) for row in rows]):
        holder(overlap.first.service_name, overlap.first.host).overlaps.append(overlap)
    for renewal in renewals:
        holder(renewal.client_service, renewal.host).renewals.append(renewal)
    expiries = {
        (key, trace, host, hold): expiry
        for key, trace, host, hold, expiry in tables.rows(sql_beside(__file__, "expiries"))
    }
    for one in found.values():
        one.expiries = expiries
    return [one for one in found.values() if one.certain or one.late]


def _supports(tables: Tables, suspects: list[Holder]) -> list[Support | None]:
    """Per holder: of the traces with and without the symptom, how many were part of an overlap of its holds."""
    import pyarrow as pa

    part = [
        (number, trace)
        for number, holder in enumerate(suspects)
        for trace in {hold.trace_number for overlap in holder.certain for hold in (overlap.first, overlap.second)}
        | {renewal.trace_number for renewal in holder.late}
    ]
    columns = [pa.array([row[at] for row in part], pa.int64()) for at in (0, 1)]
    tables.register("lease_traces", pa.table(columns, names=["holder", "trace_number"]))
    counted = {row[0]: Support(*row[1:]) for row in tables.rows(sql_beside(__file__, "support"))}
    return [counted.get(number) for number in range(len(suspects))]


def _finding(
    clocks: Clocks, holder: Holder, lock_service: str | None, lock_host: str | None, support: Support | None
) -> Finding:
    numbers = holders.numbers(holder)
    if lock_host:
        numbers["lock_host"] = clocks.name(lock_host)
    worst = max(holder.late, key=lambda renewal: renewal.late_nano, default=None)
    keys = Counter(overlap.first.key for overlap in holder.certain)
    place = worst.code_file_path if worst else None
    return Finding(
        code=RULE.code,
        title=holders.title(clocks, holder, numbers, lock_service, lock_host),
        severity="critical" if holder.certain else "warning",
        role="cause",
        subject=Subject(
            service=holder.service,
            operation=worst.name if worst else None,
            resource=keys.most_common(1)[0][0] if keys else worst.key if worst else None,
            host=clocks.name(holder.host),
            peer=lock_service,
            location=Location(place, worst.code_line_number, worst.code_function_name) if worst and place else None,
        ),
        interval=holders.interval(holder),
        numbers=numbers,
        evidence=tuple(holders.evidence(clocks, holder)),
        support=support,
    )


RULE = Rule(
    code="LOCK001",
    name="lease-overlap",
    title="A lease ran out while its holder went on, and another holder came in.",
    severity="critical",
    role="cause",
    needs=("spans", "topology"),
    detect=detect,
)
