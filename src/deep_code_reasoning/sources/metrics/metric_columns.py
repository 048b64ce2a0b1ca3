"""The columns of a wide table as metrics: `cpu`, `cart_cpu`, `cart.latency-50`, `up{job="cart"}`."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from deep_code_reasoning.sources.metrics.exposition import parse_key
from deep_code_reasoning.sources.metrics.producers import Labels
from deep_code_reasoning.sources.metrics.table_layout import column_names

_SEPARATOR = re.compile(r"[._:/\- ]+")


class MetricColumn(NamedTuple):
    """`labels` has the service where the column's name tells it."""

    name: str
    labels: Labels = ()


def metric_columns(names: list[str], unnamed: str) -> list[MetricColumn]:
    """One for each; `unnamed` is what to call a column that is only called `value`, or has labels and no name."""
    services = _service_prefixes(names)
    found = []
    for name in names:
        if "{" in name and (parsed := parse_key(name)):
            found.append(MetricColumn(*parsed))
        elif name.startswith("{") and (parsed := parse_key(f"_{name}")):  # a legend of Grafana without a name
            found.append(MetricColumn(unnamed, parsed[1]))
        elif name in services:
            service, measure = services[name]
            found.append(MetricColumn(measure, (("service.name", service),)))
        else:
            found.append(MetricColumn(unnamed if name.lower() in column_names()["value"] else name))
    return found


def _service_prefixes(names: list[str]) -> dict[str, tuple[str, str]]:
    """Name → (service, measure), where the columns together show that they are named so."""
    splits = {name: split for name in names if (split := _split(name))}
    services = {service for service, _ in splits.values()}
    by_measure: defaultdict[str, set[str]] = defaultdict(set)
    for service, measure in splits.values():
        by_measure[measure].add(service)
    shared = any(len(having) > 1 for having in by_measure.values())
    return splits if len(services) > 1 and shared else {}


def _split(name: str) -> tuple[str, str] | None:
    told = column_names()["service_prefix"]
    for match in _SEPARATOR.finditer(name):
        service, measure = name[: match.start()], name[match.end() :]
        word = _SEPARATOR.split(measure, maxsplit=1)[0].lower()
        if word in told["measures"]:
            words = {part.lower() for part in _SEPARATOR.split(service)}
            known = words & {*told["subjects"], *told["measures"]}
            return None if not service or known == words else (service, measure)
    return None
