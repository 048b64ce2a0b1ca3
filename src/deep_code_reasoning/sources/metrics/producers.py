"""Which labels of a metric say who produced it, and which are the point's own (labels.toml)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from deep_code_reasoning.sources.otlp.resources import Producer, Resources

Labels = tuple[tuple[str, str], ...]

_SEPARATORS = str.maketrans(".- ", "___")
# What a ReplicaSet (hash and five characters of Kubernetes' safe alphabet) or a StatefulSet adds to a pod's name.
_POD_SUFFIX = re.compile(r"(?:-[bcdfghjklmnpqrstvwxz2456789]{5,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$|-\d{1,4}$")


@cache
def resource_labels() -> dict[str, list[str]]:
    """Resource attribute → labels, preferred first."""
    return _data()["resource"]


@cache
def known_labels() -> frozenset[str]:
    """Every label, normalised, that says something of the producer."""
    return frozenset(label for labels in resource_labels().values() for label in labels)


def normalised(label: str) -> str:
    """`Service.Name` → `service_name`."""
    return label.strip().lower().translate(_SEPARATORS)


class Producers:
    """Splits label sets; each distinct producer becomes one row of `resources`."""

    def __init__(self, registry: Resources, service: str | None = None) -> None:
        """`service`: what to call a producer that no label names; None leaves it unknown."""
        self._registry = registry
        self._service = service
        self._known: dict[Labels, Producer] = {}

    def split(self, labels: Labels, offset: int) -> tuple[Producer, Labels]:
        """(the producer, the labels that are left)."""
        found: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for label, value in labels:
            name = normalised(label)
            if value and name in known_labels() and name not in by_name:
                by_name[name] = label
        values = dict(labels)
        used: set[str] = set()
        for attribute, names in resource_labels().items():
            label = next((by_name[name] for name in names if name in by_name), None)
            if label is not None:
                found[attribute] = values[label]
                used.add(label)
        if "service.name" not in found and (service := self._fallback(by_name, values)):
            found["service.name"] = service
        producer = self._producer(tuple(found.items()), offset)
        return producer, tuple(pair for pair in labels if pair[0] not in used)

    def _fallback(self, by_name: dict[str, str], values: dict[str, str]) -> str | None:
        for name in _data()["pod"]["names"]:
            if name in by_name:
                pod = values[by_name[name]]
                return _POD_SUFFIX.sub("", pod) or pod
        return self._service

    def _producer(self, attributes: Labels, offset: int) -> Producer:
        known = self._known.get(attributes)
        if known is None:
            pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes]
            resource = msgspec.Raw(msgspec.json.encode({"attributes": pairs}))
            known = self._known[attributes] = self._registry.producer(resource, offset)
        return known


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("labels.toml").read_text(encoding="utf-8"))
