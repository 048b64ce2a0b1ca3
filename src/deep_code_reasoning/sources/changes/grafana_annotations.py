"""Annotations as Grafana keeps them: what was switched when (feature flags), and deployments noted by hand.

Source: Grafana HTTP API, "Annotations" (`time` and `timeEnd` in milliseconds, `text`, `tags`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.instants import MAX_NANOS
from deep_code_reasoning.sources.json_documents import records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_ANNOTATION = "JSON that is not an annotation (time in milliseconds, text, tags)"
NO_SWITCH = "annotation that tells neither of a feature flag nor of a deployment"

_FLAG = re.compile(r"\b(feature[-_ ]?)?(flags?|toggles?|switch(es)?)\b|->|→|\b(enabled|disabled)\b", re.IGNORECASE)
_DEPLOY = re.compile(r"\b(deploy(s|ed|ment)?|release[ds]?|roll(ed)?[-_ ]?out|roll(ed)?[-_ ]?back)\b", re.IGNORECASE)
_KIND = re.compile(
    r"^(feature[-_ ]?)?(flags?|toggles?)$|^(deploy(s|ed|ment)?|releases?|rollouts?|rollbacks?)$"
    r"|^(prod(uction)?|staging|dev(elopment)?)$",
    re.IGNORECASE,
)
_SHA = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")


class GrafanaAnnotations:
    name = "grafana-annotations"
    accepts = "annotations as Grafana keeps them (JSON: time, text, tags), of feature flags and deployments"

    def claims(self, sample: Sample) -> int:
        import msgspec

        if sample.head.lstrip()[:1] not in (b"{", b"["):
            return 0
        if not sample.complete:
            return 60 if all(f'"{key}"'.encode() in sample.head for key in ("time", "text", "tags")) else 0
        try:
            value = msgspec.json.decode(sample.head.strip())
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return 60 if _opens_annotation(sample.head) else 0
        listed = value if isinstance(value, list) else [value]
        return 85 if listed and all(_is_annotation(one) for one in listed) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows

        rows = Rows("deploys")
        for number, record in enumerate(records(stream)):
            if isinstance(record, Skipped):
                yield record
                continue
            if not _is_annotation(record.value):
                yield Skipped(record.line, record.offset, NOT_AN_ANNOTATION)
                continue
            row = _row(record.value, number, record.offset)
            if row is None:
                yield Skipped(record.line, record.offset, NO_SWITCH)
            else:
                rows.add(row)
            if len(rows) >= BATCH_ROWS:
                yield rows.take()
        if len(rows):
            yield rows.take()


READER = GrafanaAnnotations()


def _opens_annotation(head: bytes) -> bool:
    """One a line: then the first line has to be one."""
    import msgspec

    try:
        return _is_annotation(msgspec.json.decode(head.strip().split(b"\n", 1)[0]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _is_annotation(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str) or not isinstance(value.get("tags"), list):
        return False
    time = value.get("time")
    return isinstance(time, int | float) and not isinstance(time, bool) and 0 < time * 1e6 < MAX_NANOS


def _row(value: dict[str, Any], number: int, offset: int) -> list[Any] | None:
    text, tags = value["text"], [tag for tag in value["tags"] if isinstance(tag, str) and tag]
    told = " ".join([text, *tags])
    kind = _kind(told)
    if kind is None:
        return None
    named = [tag for tag in tags if not _KIND.match(tag)]
    service = next((tag.partition(":")[2] for tag in named if tag.startswith("service:")), None)
    sha = _SHA.search(text) if kind != "flag" else None
    return [
        str(value.get("id") or f"annotation-{number}@{offset}"),
        int(value["time"]) * 1_000_000,
        service or next(iter(named), None),
        None,
        kind,
        None,
        None,
        sha[0] if sha else None,
        text,
        offset,
    ]


def _kind(told: str) -> str | None:
    if _FLAG.search(told) and not re.search(r"\bdeploy", told, re.IGNORECASE):
        return "flag"
    if not _DEPLOY.search(told):
        return None
    return "rolledback" if re.search(r"roll(ed)?[-_ ]?back", told, re.IGNORECASE) else "deployed"
