"""Names that can no longer be looked up.

## What it detects
Failures that say that a host name could not be resolved (`no such host`, `ENOTFOUND`, `UnknownHostException`, `SERVFAIL`,
`EAI_AGAIN`, time-outs of a name server), which the time before the incident does not know.

## Why it matters
When the resolver is down, everything that calls by name fails at once, in services that have nothing in common and
that nobody has deployed. The first error reported is that of the busiest caller, and its latest deploy is blamed.

## How it is computed
Warning and error lines and failed spans of both windows are matched against the phrases of `signatures.toml`. The
services hit are counted together, by slices of time (a twentieth of the time it lasts): those with such a phrase out of
all in which they fail, against those of the baseline in which they wrote anything, by Fisher's exact test (at most 1 %
by chance); at least three lines and a tenth of the failing slices. `names` counts the host names that could not be found. Metrics of name servers whose median has at
least doubled are named as evidence. The finding is critical where the resolver itself fails or several names do.

## Not this when
A single name is not found and no resolver complains: then that name may just be wrong, as after a change of an address;
it is told as a warning and not as a cause from outside. Nothing is told where the baseline has as many such lines.

## What to do
Look up one of the names from the host that failed and from another one. If the resolver is at fault, tell those who run
it, raise cached lifetimes, or point to another resolver; nothing of one's own has to be rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.external.told import (
    count,
    evidence_of,
    hosts_of,
    interval_of,
    services_of,
    told,
    words_of,
)
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.finding import Evidence, Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

DOUBLED = 2.0


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    texts = told(tables, incident, "dns")
    counted = count(tables, incident, "dns", texts)
    if not counted.is_sure:
        return
    services, hosts = services_of(texts), hosts_of(texts)
    is_resolver = any(text.sort == "resolver" and text.after for text in texts)
    sort = "resolver" if is_resolver or len(hosts) > 1 else "name"
    metrics = _moved(tables, incident)
    where = f"{services[0]} and {len(services) - 1} more" if len(services) > 1 else (services or ["a service"])[0]
    yield Finding(
        code=RULE.code,
        title=f"{where} cannot look up {hosts[0] if len(hosts) == 1 else 'host names'}: "
        f"{words_of('dns', 'resolver' if is_resolver else 'name')}",
        severity="critical" if sort == "resolver" else "warning",
        role="cause",
        subject=Subject(service=services[0] if services else None, peer=hosts[0] if len(hosts) == 1 else None),
        interval=interval_of(texts),
        numbers={"sort": sort, "services": len(services), "names": len(hosts), **counted.numbers},
        evidence=(*evidence_of(texts), *metrics),
        support=counted.support,
    )


def _moved(tables: Tables, incident: Incident) -> list[Evidence]:
    rows = tables.rows(sql_beside(__file__), **bounds(incident))
    return [
        Evidence(f"metric:{service or ''}/{name}", f"median {before:g} before, {after:g} in the incident")
        for service, name, before, after in rows
        if before is not None and after is not None and after > DOUBLED * max(before, 0.0) and after > 0
    ]


RULE = Rule(
    code="EXT001",
    name="dns-failure",
    title="Host names can no longer be looked up.",
    severity="critical",
    role="cause",
    needs=("logs",),
    detect=detect,
)
