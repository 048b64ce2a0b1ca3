"""Calls to a provider outside the system that fail there.

## What it detects
Calls to a host that is none of the system's own (a payment, mail, map or cloud provider) which fail with the host's own
failures (5xx), with silence, or with refusals for too many calls, and did not before the incident.

## Why it matters
A provider's outage looks like an error of the service that calls it, and that service's latest deploy stands beside it.
Rolling back costs an hour and mends nothing; a second provider or a queue would.

## How it is computed
Warning and error lines and failed spans that name a host with a public name and match the phrases of
`signatures.toml` are counted by host. A public name ends as the public's do (`endings`), names of code and of
attributes do not. A host is the system's own where its first label is a service of the evidence or its name ends as
names inside a cluster or a company do. Slices of time with that host, out of all in which the services that call it
fail, are compared with those of the baseline in which they wrote anything (Fisher's exact test, at most 1 % by
chance; at least three lines and a tenth of the failing slices). `calls` and `failed_calls` are those of client spans
to the host, where there are any.

## Not this when
The provider refuses what it is sent (4xx but 429): then what is sent may be wrong. The name is not found or the
certificate is not accepted: see dns-failure and certificate-failure. Silence and refusals for too many calls are told
as warnings, because a shorter timeout or more calls of one's own bring them about as well.

## What to do
Read the provider's status page and ask it with one call by hand. Fail over or queue, switch the feature off that needs
it, and tell those who run it; look at one's own changes only where it answers others well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.external.told import (
    HOST,
    Told,
    count,
    evidence_of,
    hosts_of,
    interval_of,
    is_public,
    pattern_of,
    services_of,
    sort_of,
    told,
    words_of,
)
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

MOST_HOSTS = 3
OWN_SUFFIXES = (
    ".local",
    ".svc",
    ".internal",
    ".intranet",
    ".lan",
    ".corp",
    ".home",
    ".localdomain",
    ".consul",
    ".test",
)
LEAST_FAILING = 1 / 3
"""Of a host's failures have to be its own answers (5xx), for silence alone does not tell whose it is."""


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    texts = told(tables, incident, "provider")
    own = {name.lower() for (name,) in tables.rows("SELECT DISTINCT service_name FROM resources") if name}
    by_host: dict[str, list[Told]] = defaultdict(list)
    for text in texts:
        if sort_of("dns", text.text) or sort_of("certificate", text.text):
            continue
        for host in set(HOST.findall(text.text)) & set(hosts_of([text])):
            if is_public(host) and not _is_own(host, own):
                by_host[host].append(text)
    often = sorted(by_host, key=lambda host: (-sum(text.after for text in by_host[host]), host))[:MOST_HOSTS]
    elsewhere = f"{pattern_of('dns')}|{pattern_of('certificate')}"
    counted = {
        host: count(tables, incident, "provider", by_host[host], containing=host, without=elsewhere) for host in often
    }
    sure = [host for host in often if counted[host].is_sure]
    calls = {row[0]: row[1:] for row in tables.rows(sql_beside(__file__), **bounds(incident))} if sure else {}
    for host in sure:
        of_host, sort = by_host[host], _sort(by_host[host])
        services = services_of(of_host)
        numbers: dict[str, float | int | str] = {"sort": sort, "services": len(services), **counted[host].numbers}
        if host in calls:
            numbers |= {"calls": calls[host][0], "failed_calls": calls[host][1], "failed_calls_before": calls[host][3]}
        yield Finding(
            code=RULE.code,
            title=f"{next(iter(services), 'a service')}: {host}, outside the system, {words_of('provider', sort)}",
            severity="critical" if sort == "failing" else "warning",
            role="cause",
            subject=Subject(service=services[0] if services else None, peer=host),
            interval=interval_of(of_host),
            numbers=numbers,
            evidence=evidence_of(of_host),
            support=counted[host].support,
        )


def _is_own(host: str, services: set[str]) -> bool:
    return host.endswith(OWN_SUFFIXES) or ".svc." in host or host.split(".")[0] in services


def _sort(texts: list[Told]) -> str:
    counts = Counter[str]()
    for text in texts:
        counts[text.sort] += text.after
    if counts["failing"] >= LEAST_FAILING * counts.total():
        return "failing"
    return counts.most_common(1)[0][0]


RULE = Rule(
    code="EXT003",
    name="provider-failure",
    title="Calls to a provider outside the system fail there.",
    severity="critical",
    role="cause",
    needs=("logs",),
    detect=detect,
)
