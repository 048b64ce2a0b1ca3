"""A node that fails, and with it what runs on it.

## What it detects
Reports of the orchestrator or of the kernel that a node is not ready, runs out of disk, memory or processes, or has a
failing device (`NodeNotReady`, evictions, `DiskPressure`, kernel panics, I/O errors), which came with the incident.

## Why it matters
Everything on the node fails or is moved at the same time. Seen from the services, several of them restart at once for
no reason of their own, and a deploy of any of them looks guilty.

## How it is computed
Warning and error lines of both windows are matched against the phrases of `signatures.toml` and counted by slices of
time, against those of the baseline in which their writers wrote anything (Fisher's exact test, at most 1 % by chance;
at least three lines and a tenth of the failing slices). The host is the one that the lines name, else that of the records. `services_on_host` counts the
services that failed on that host, `only_there` those that failed on no other one.

## Not this when
A container is killed for its own memory limit or fails its own probe: that is the service's, and no node is named. One
pod that is moved by a rollout is ordinary: fewer than three such lines say nothing.

## What to do
Drain and replace the node; see that the services on it have replicas elsewhere. Look at what filled the disk or the
memory before the node comes back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.external.told import (
    Told,
    count,
    evidence_of,
    interval_of,
    services_of,
    told,
    words_of,
)
from deep_code_reasoning.detectors.groundwork.windows import bounds
from deep_code_reasoning.finding import Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

NODE = re.compile(r"\b(?:node|host|instance|vm)[ =:/\"']+([a-z0-9][a-z0-9.-]*[a-z0-9])")
NO_NAMES = {"is", "not", "has", "was", "status", "condition", "ready", "name", "are", "under", "went", "in", "on"}


def detect(tables: Tables, incident: Incident) -> Iterator[Finding]:
    texts = [text for text in told(tables, incident, "node") if text.after]
    counted = count(tables, incident, "node", texts)
    if not counted.is_sure:
        return
    counts = Counter[str]()
    for text in texts:
        counts[text.sort] += text.after
    sort = counts.most_common(1)[0][0]
    host, services = _host(texts), services_of(texts)
    on_host = {row[0]: row[1:] for row in tables.rows(sql_beside(__file__), **bounds(incident))}
    numbers = {"sort": sort, "services": len(services), **counted.numbers}
    if host in on_host:
        numbers |= {"services_on_host": on_host[host][0], "only_there": on_host[host][1]}
    yield Finding(
        code=RULE.code,
        title=f"{host or 'a node'}: {words_of('node', sort)}",
        severity="critical",
        role="cause",
        subject=Subject(service=services[0] if services else None, host=host),
        interval=interval_of(texts),
        numbers=numbers,
        evidence=evidence_of(texts),
        support=counted.support,
    )


def _host(texts: list[Told]) -> str | None:
    named = Counter[str]()
    for text in texts:
        for name in set(NODE.findall(text.text)) - NO_NAMES:
            named[name] += text.after
    if named:
        return named.most_common(1)[0][0]
    return next((text.host for text in texts if text.host), None)


RULE = Rule(
    code="EXT004",
    name="node-failure",
    title="A node fails, and with it what runs on it.",
    severity="critical",
    role="cause",
    needs=("logs",),
    detect=detect,
)
