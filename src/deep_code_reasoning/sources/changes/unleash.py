"""Unleash's events: flags enabled, disabled and configured, an environment each.

Source: Unleash, OpenAPI `eventSchema` (`/api/admin/events`, `/api/admin/search/events`). Events about projects, users,
tokens, tags and the like are told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos, inner, text
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.flag_change import difference, switched
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_EVENT = "JSON that is not an event of Unleash"
OTHER_EVENT = "event of Unleash that changes no flag"
NO_TIME = "flag event without a time that can be read"

_CLAIM = (
    re.compile(
        rb'"type"\s*:\s*"(?:feature|segment|strategy|project|change-request|environment|api-token|user)-[a-z-]+"'
    ),
    re.compile(rb'"createdBy"\s*:'),
    re.compile(rb'"createdAt"\s*:'),
)
_CHANGES = re.compile(
    r"feature-(?:environment-(?:enabled|disabled|variants-updated)|created|updated|deleted|archived|revived"
    r"|strategy-(?:add|update|remove)|variants-updated|environment-variants-updated|import|dependency-(?:added|removed)"
    r"|enabled|disabled)|segment-(?:created|updated|deleted)|strategy-order-changed"
)


class Unleash:
    name = "unleash"
    accepts = "feature flags switched, as JSON of Unleash's events"

    def claims(self, sample: Sample) -> int:
        return 91 if names_all(sample, _CLAIM) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_deploys(stream, lambda entry: [_deploy(entry)])


READER = Unleash()


def _deploy(entry: Entry) -> Deploy | str:
    value = entry.value
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or "createdAt" not in value:
        return NOT_AN_EVENT
    if not _CHANGES.fullmatch(kind):
        return OTHER_EVENT
    time = change_nanos(value.get("createdAt"))
    if time is None:
        return NO_TIME
    data, before = inner(value, "data"), inner(value, "preData")
    key = text(value.get("featureName"), data.get("featureName"), data.get("name"), before.get("name"))
    told = (
        difference(before, data) or switched(kind.rpartition("-")[2]) or text(value.get("summary"), value.get("label"))
    )
    identity = f"unleash-{text(value.get('id')) or entry.offset}"
    who = (None, key, None, None, None)  # version, flag key, sha, repository, previous_sha
    return Deploy(identity, time, None, text(value.get("environment")), "flag", *who, told, entry.offset)
