"""LaunchDarkly's audit log and its webhooks: which flag was switched where, from what to what.

Source: LaunchDarkly REST API v2, "Audit log"; a webhook's payload is one entry. Entries about anything but flags and
segments change nothing that runs and are told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos, inner, objects, text
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.flag_change import difference, switched
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_ENTRY = "JSON that is not an entry of LaunchDarkly's audit log"
OTHER_KIND = "audit entry about something else than a flag or a segment"
NO_TIME = "audit entry without a time that can be read"

_CLAIMS = (
    (re.compile(rb'"titleVerb"\s*:'), re.compile(rb'"(?:_id|accesses|target|kind)"\s*:')),
    (re.compile(rb'"accesses"\s*:\s*\['), re.compile(rb'"resource"\s*:\s*"proj/')),
)
_RESOURCE = re.compile(r"proj/[^:;]*(?::env/(?P<env>[^:;]*))?:(?:flag|segment)/(?P<key>[^:;]+)")
_KINDS = ("flag", "segment")


class LaunchDarkly:
    name = "launchdarkly"
    accepts = "feature flags switched, as JSON of LaunchDarkly's audit log or webhooks"

    def claims(self, sample: Sample) -> int:
        return 92 if any(names_all(sample, patterns) for patterns in _CLAIMS) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_deploys(stream, lambda entry: [_deploy(entry)])


READER = LaunchDarkly()


def _deploy(entry: Entry) -> Deploy | str:
    value = entry.value
    if not isinstance(value, dict) or "date" not in value or not ("kind" in value or "accesses" in value):
        return NOT_AN_ENTRY
    key, environment = _subject(value)
    if (text(value.get("kind")) or "flag") not in _KINDS or key is None:
        return OTHER_KIND
    time = change_nanos(value.get("date"))
    if time is None:
        return NO_TIME
    previous, current = (inner(value, f"{which}Version") for which in ("previous", "current"))
    if environment:  # a flag's state lies under each of its environments
        previous, current = (inner(one, "environments", environment) or one for one in (previous, current))
    verb = text(value.get("titleVerb"))
    told = difference(previous, current) or switched(verb) or text(value.get("description"), verb, value.get("title"))
    identity = f"launchdarkly-{text(value.get('_id')) or entry.offset}"
    who = (None, key, None, None, None)  # version, flag key, sha, repository, previous_sha
    return Deploy(identity, time, None, environment, "flag", *who, told, entry.offset)


def _subject(value: dict[str, Any]) -> tuple[str | None, str | None]:
    """Key and environment by the resource specifiers, `proj/web:env/production:flag/new-cart;...`; else the name."""
    resources = inner(value, "target").get("resources")
    told = [*(resources if isinstance(resources, list) else ())]
    told += [access.get("resource") for access in objects(value, "accesses")]
    for one in told:
        if isinstance(one, str) and (found := _RESOURCE.match(one)):
            return found["key"], found["env"] if found["env"] != "*" else None
    return text(inner(value, "currentVersion").get("key"), value.get("name")), None
