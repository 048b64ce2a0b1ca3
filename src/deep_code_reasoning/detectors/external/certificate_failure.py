"""Connections that fail over a certificate.

## What it detects
Failures of TLS that the time before the incident does not know: a certificate that has run out or is not valid yet, one
that is not trusted or is for another name, and handshakes that agree on nothing.

## Why it matters
A certificate runs out at a second that was fixed a year before. Nothing was deployed then, but something was deployed
shortly before, and it often touched the very client that now fails.

## How it is computed
Warning and error lines and failed spans of both windows are matched against the phrases of `signatures.toml`; a line
counts for its gravest phrase. Slices of time with such a phrase, out of all in which the services hit fail, are
compared with those of the baseline in which they wrote anything (Fisher's exact test, at most 1 % by chance; at least
three lines and a tenth of the failing slices). `sort` is `expired` where any of them says so, or where a gauge of a certificate's remaining time fell
to nothing in between; else what most of them say. The peer is the host that is named most.

## Not this when
Lines that only tell when a certificate will run out are no failures. `untrusted` and `handshake` may come from a change
of ciphers, versions or trusted authorities as well as from outside; such findings are warnings, and a change that
touches these things may still be to blame.

## What to do
Open the certificate that the peer serves and read its dates and its issuer. Renew and load it, restart what keeps the
old one, and look for the other certificates of the same age. Rolling code back changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.external.told import (
    Told,
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


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    texts = told(tables, incident, "certificate")
    counted = count(tables, incident, "certificate", texts)
    if not counted.is_sure:
        return
    gauges = tables.rows(sql_beside(__file__), **bounds(incident))
    sort = "expired" if gauges else _sort(texts)
    services, hosts = services_of(texts), hosts_of(texts)
    service = services[0] if services else None
    peer = hosts[0] if hosts else None
    yield Finding(
        code=RULE.code,
        title=f"{service or 'a service'}{f' to {peer}' if peer else ''}: TLS fails, {words_of('certificate', sort)}",
        severity="critical" if sort == "expired" else "warning",
        role="cause",
        subject=Subject(service=service, peer=peer),
        interval=interval_of(texts),
        numbers={"sort": sort, "services": len(services), **counted.numbers},
        evidence=(
            *evidence_of(texts),
            *(Evidence(f"metric:{s or ''}/{name}", f"{before:g} before, {after:g} now") for s, name, before, after in gauges),
        ),
        support=counted.support,
    )


def _sort(texts: list[Told]) -> str:
    counts = Counter[str]()
    for text in texts:
        counts[text.sort] += text.after
    return "expired" if counts["expired"] else counts.most_common(1)[0][0]


RULE = Rule(
    code="EXT002",
    name="certificate-failure",
    title="Connections fail over a certificate that ran out or is not accepted.",
    severity="critical",
    role="cause",
    needs=("logs",),
    detect=detect,
)
