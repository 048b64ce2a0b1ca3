"""What the lines of a Prometheus or OpenMetrics exposition say: names, labels, types, and which samples are one point.

Sources: "Exposition formats" of the Prometheus documentation, OpenMetrics 1.0, and Prometheus 3's quoted names.
"""

from __future__ import annotations

import math
import re
from enum import IntEnum
from typing import NamedTuple

from deep_code_reasoning.sources.metrics.producers import Labels, Producers
from deep_code_reasoning.sources.metrics.series import Series

_NAME = re.compile(r"[a-zA-Z_:][\w:.]*")
_LABEL = re.compile(r'\s*(?:([a-zA-Z_][\w.:]*)|"((?:[^"\\]|\\.)*)")\s*(?:=\s*"((?:[^"\\]|\\.)*)"\s*)?(,|$)', re.DOTALL)
_SAMPLE = re.compile(
    r'\s*([a-zA-Z_:][\w:.]*)?[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]*'
    r"([^\s{}#]+)(?:[ \t]+([^\s{}#]+))?[ \t]*(#.*)?"
)
_METADATA = re.compile(r'#[ \t]+(TYPE|UNIT)[ \t]+(?:"((?:[^"\\]|\\.)*)"|(\S+))[ \t]+(\S+)\s*')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}

_CUMULATIVE = "cumulative"
_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info")
_KINDS = {"histogram": "histogram", "gaugehistogram": "histogram", "summary": "summary", "counter": "sum"}


class Role(IntEnum):
    """What a sample is of its point."""

    VALUE, BUCKET, SUM, COUNT, CREATED = range(5)


_ROLES = {
    "_bucket": Role.BUCKET,
    "_sum": Role.SUM,
    "_gsum": Role.SUM,
    "_count": Role.COUNT,
    "_gcount": Role.COUNT,
    "_created": Role.CREATED,
}


class Part(NamedTuple):
    """`series` is a place in the table; `bound` the upper one of a bucket."""

    series: int
    role: Role
    bound: float = math.inf


class WrittenSample(NamedTuple):
    """A line's parts as text; `time` is None where it has none."""

    key: str
    value: str
    time: str | None


class Exposition:
    """The families and series of one source so far."""

    def __init__(self, producers: Producers) -> None:
        self.table: list[Series] = []
        self._producers = producers
        self._types: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._guessed: set[str] = set()  # histograms told by their buckets only
        self._places: dict[tuple[str, str, Labels], int] = {}
        self._parts: dict[str, Part | None] = {}

    def metadata(self, line: str) -> str | None:
        """Learns from a comment; the family's name where it gives a type."""
        match = _METADATA.fullmatch(line)
        if not match:
            return None
        what, quoted, plain, content = match.groups()
        family = unescaped(quoted) if quoted is not None else plain
        known = self._units if what == "UNIT" else self._types
        content = content if what == "UNIT" else content.lower()
        if known.get(family) != content:
            known[family] = content
            self._parts.clear()
        return family if what == "TYPE" else None

    @property
    def has_types(self) -> bool:
        return bool(self._types)

    def part(self, key: str, offset: int) -> Part | None:
        """Which sample `name{label="value"}` is; None where it is not well-formed."""
        if key not in self._parts:
            parsed = parse_key(key)
            self._parts[key] = self.part_of(*parsed, offset) if parsed else None
        return self._parts[key]

    def part_of(self, name: str, labels: Labels, offset: int) -> Part:
        family, kind, suffix = self._family(name, labels)
        role = _ROLES.get(suffix, Role.VALUE) if kind in ("histogram", "gaugehistogram", "summary") else Role.VALUE
        if kind == "counter" and suffix == "_created":
            role, name = Role.CREATED, f"{family}_total"
        bound = math.inf
        if role is Role.BUCKET:
            bound, labels = _without_bound(labels)
        if role is not Role.VALUE and kind != "counter":
            name = family
        return Part(self._place(name, family, kind, labels, offset), role, bound)

    def gauge(self, name: str, labels: Labels, offset: int) -> int:
        """The series of a name that says nothing of its type."""
        return self._place(name, name, "", labels, offset)

    def forget(self) -> None:
        """Begins a new table, where there were too many series to keep them all."""
        self.table = []
        self._places = {}
        self._parts = {}

    def __len__(self) -> int:
        return max(len(self.table), len(self._parts))

    def _family(self, name: str, labels: Labels) -> tuple[str, str, str]:
        """(family, type, suffix); without metadata only the names that mean one thing by convention are told."""
        if name in self._types:
            return name, self._types[name], ""
        suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
        base = name.removesuffix(suffix)
        if suffix and base in self._types:
            return base, self._types[base], suffix
        if suffix == "_total":
            return base, "counter", suffix
        if suffix == "_bucket" and any(label == "le" for label, _ in labels):
            self._guessed.add(base)
        if base in self._guessed and suffix in ("_bucket", "_sum", "_count", "_created"):
            return base, "histogram", suffix
        return name, "", ""

    def _place(self, name: str, family: str, kind: str, labels: Labels, offset: int) -> int:
        identity = (name, kind, labels)
        place = self._places.get(identity)
        if place is None:
            producer, attributes = self._producers.split(labels, offset)
            is_sum = kind == "counter"
            self.table.append(
                Series(
                    name=name,
                    producer=producer,
                    attributes=attributes,
                    kind=_KINDS.get(kind, "gauge"),
                    unit=self._units.get(family),
                    temporality=_CUMULATIVE if is_sum or kind == "histogram" else None,
                    is_monotonic=True if is_sum else None,
                )
            )
            place = self._places[identity] = len(self.table) - 1
        return place


def parse_key(key: str) -> tuple[str, Labels] | None:
    """`name{label="value",...}`, or `{"name",label="value"}` of names outside the classic alphabet."""
    match = _NAME.match(key)
    name = match[0] if match else ""
    rest = key[len(name) :].strip()
    if not rest:
        return (name, ()) if name else None
    if not (rest.startswith("{") and rest.endswith("}")):
        return None
    labels: dict[str, str] = {}
    inside, at = rest[1:-1].rstrip(), 0
    while at < len(inside):
        match = _LABEL.match(inside, at)
        if not match:
            return None
        plain, quoted, value, _ = match.groups()
        if value is None:
            if quoted is None or name:
                return None
            name = unescaped(quoted)
        else:
            labels[plain if plain is not None else unescaped(quoted)] = unescaped(value)
        at = match.end()
    return (name, tuple(labels.items())) if name else None


def parse_sample(line: str) -> WrittenSample | None:
    """A sample with anything that may be there: blanks, a time, an exemplar (which is left out)."""
    match = _SAMPLE.fullmatch(line)
    if not match or (match[1] is None and match[2] is None):
        return None
    return WrittenSample((match[1] or "") + (match[2] or ""), match[3], match[4])


def unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text) if "\\" in text else text


def _without_bound(labels: Labels) -> tuple[float, Labels]:
    bound = math.inf
    for label, value in labels:
        if label == "le":
            try:
                bound = float(value)
            except ValueError:
                return math.inf, labels
    return bound, tuple(pair for pair in labels if pair[0] != "le")
