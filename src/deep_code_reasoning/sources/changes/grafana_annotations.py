"""Annotations as Grafana's HTTP API gives them: flags that were switched, deploys, and other marks on the time line.

Source: Grafana HTTP API, "Annotations" (`GET /api/annotations`): `time` in milliseconds, `text`, `tags`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos
from deep_code_reasoning.sources.changes.entries import Entry, first_objects, read_deploys
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_ANNOTATION = "JSON that is not an annotation (time, text, tags)"
NO_TIME = "annotation without a time that can be read"

_FIELDS = {
    *("id", "uid", "alertId", "alertName", "dashboardId", "dashboardUID", "panelId", "userId", "userName", "login"),
    *("newState", "prevState", "created", "updated", "time", "timeEnd", "text", "tags", "email", "avatarUrl", "data"),
    *("isRegion", "regionId", "orgId", "type", "title"),
}
_KINDS = {
    "flag": re.compile(r"(feature[-_ ]?)?(flag|toggle)s?$|featureflag$|launchdarkly$|unleash$"),
    "rolledback": re.compile(r"roll(ed)?[-_ ]?back$|revert(ed)?$"),
    "deployed": re.compile(r"deploy(s|ed|ment)?$|release(d)?$|rollout$"),
    "config": re.compile(r"config(uration)?([-_ ]?change)?$|setting(s)?$"),
}
"""Kinds by a whole tag in lower case, the first that fits; what none fits is an `annotation`."""
_NOTHING_KNOWN = (None,) * 5  # version, artifact, sha, repository, previous_sha
_LABEL = re.compile(r"(service|app|component|env|environment)\s*[:=]\s*(.+)", re.IGNORECASE)


class GrafanaAnnotations:
    name = "grafana-annotations"
    accepts = "annotations as JSON of Grafana's API (time in ms, text, tags: flags switched, deploys, other marks)"

    def claims(self, sample: Sample) -> int:
        if b'"tags"' not in sample.head or b'"text"' not in sample.head:
            return 0
        first = next(iter(first_objects(sample)), None)
        return 85 if _is_annotation(first) and set(first or ()) <= _FIELDS else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        number = count()
        yield from read_deploys(stream, lambda entry: [_deploy(entry, next(number))])


READER = GrafanaAnnotations()


def _is_annotation(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str) and isinstance(value.get("tags"), list)


def _deploy(entry: Entry, number: int) -> Deploy | str:
    value = entry.value
    if not _is_annotation(value):
        return NOT_AN_ANNOTATION
    time = change_nanos(value.get("time"))
    if time is None:
        return NO_TIME
    tags = [tag for tag in value["tags"] if isinstance(tag, str) and tag.strip()]
    labels = {match[1].lower()[:3]: match[2] for tag in tags if (match := _LABEL.match(tag))}
    kinds = {tag: kind for tag in tags for kind, words in _KINDS.items() if words.match(tag.strip().lower())}
    plain = [tag for tag in tags if tag not in kinds and not _LABEL.match(tag)]
    service = labels.get("ser") or labels.get("app") or labels.get("com") or next(iter(plain), None)
    kind = next((kind for kind in _KINDS if kind in kinds.values()), "annotation")
    identity = f"annotation-{value.get('id') or value.get('uid') or number}"
    told = value["text"]
    return Deploy(identity, time, service, labels.get("env"), kind, *_NOTHING_KNOWN, told, entry.offset)
