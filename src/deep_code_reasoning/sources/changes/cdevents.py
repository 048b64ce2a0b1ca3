"""Deploy feeds: CDEvents of the service kind, bare or in a CloudEvents envelope, one a line or in a document.

Source: CDEvents specification 0.4 ("Continuous Deployment Events"), its CloudEvents binding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.json_documents import records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_EVENT = "JSON that is not a CDEvent"
OTHER_EVENT = "CDEvent of a type other than a service's deployment"
NO_TIME = "deploy event without a time that can be read"

_TYPE = re.compile(rb'"type"\s*:\s*"dev\.cdevents\.')
_SERVICE_TYPE = re.compile(r"dev\.cdevents\.service\.(deployed|upgraded|rolledback|removed|published)\b")
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")
# Producers agree on no key for the commit; after dots and dashes became underscores, in lower case.
_SHA_KEYS = (
    *("commit_sha", "commitsha", "commit", "sha", "git_sha", "gitcommit", "git_commit", "revision", "vcs_ref"),
    *("commit_id", "commitid", "head_sha"),
)


class CdEvents:
    name = "cdevents"
    accepts = "deploy feeds as CDEvents JSON (dev.cdevents.service.*, an array, a document or one a line)"

    def claims(self, sample: Sample) -> int:
        return 90 if sample.head.lstrip()[:1] in (b"{", b"[") and _TYPE.search(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows

        rows = Rows("deploys")
        for record in records(stream):
            if isinstance(record, Skipped):
                yield record
                continue
            row = _row(record.value, record.offset)
            if isinstance(row, str):
                yield Skipped(record.line, record.offset, row)
            else:
                rows.add(row)
            if len(rows) >= BATCH_ROWS:
                yield rows.take()
        if len(rows):
            yield rows.take()


READER = CdEvents()


def _row(event: Any, offset: int) -> list[Any] | str:
    """A row of deploys, or the reason why the event is none."""
    body, envelope = _opened(event)
    context, subject = _object(body, "context"), _object(body, "subject")
    event_type = str(context.get("type") or context.get("eventType") or envelope.get("type") or "")
    if not event_type.startswith("dev.cdevents."):
        return NOT_AN_EVENT
    match = _SERVICE_TYPE.match(event_type)
    if not match:
        return OTHER_EVENT
    time = any_nanos(context.get("timestamp") or envelope.get("time"))
    if time is None:
        return NO_TIME
    content, custom = _object(subject, "content"), _object(body, "customData")
    artifact = _text(content.get("artifactId") or content.get("artifactID"))
    version, qualifiers = _purl(artifact)
    identity = _text(subject.get("id")) or ""
    return [
        _text(context.get("id") or envelope.get("id")) or f"{match[1]}@{offset}",
        time[0],
        _text(custom.get("service") or custom.get("service_name")) or identity.rstrip("/").rpartition("/")[2] or None,
        _text(_object(content, "environment").get("id") or custom.get("environment")),
        match[1],
        _text(custom.get("version")) or version,
        artifact,
        _sha(custom, qualifiers, version),
        None,
        None,
        _text(custom.get("description") or custom.get("message") or custom.get("title")),
        offset,
    ]


def _opened(event: Any) -> tuple[dict, dict]:
    """(CDEvent, CloudEvents envelope); in binary mode the envelope's data is the event."""
    if not isinstance(event, dict):
        return {}, {}
    data = event.get("data")
    if isinstance(data, dict) and ("context" in data or "subject" in data):
        return data, event
    return event, event if "specversion" in event and "context" not in event else {}


def _object(value: dict, key: str) -> dict:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _purl(artifact: str | None) -> tuple[str | None, dict[str, list[str]]]:
    """Version and qualifiers of a package URL, `pkg:oci/name@version?key=value` (purl specification)."""
    if not artifact or not artifact.startswith("pkg:"):
        return None, {}
    path, _, query = artifact.partition("#")[0].partition("?")
    head, _, version = path.rpartition("@")
    return (unquote(version) or None) if head else None, parse_qs(query)


def _sha(custom: dict, qualifiers: dict[str, list[str]], version: str | None) -> str | None:
    """A commit named as one; else a version that can be nothing but a full commit id."""
    flat = {str(key).lower().replace("-", "_").replace(".", "_"): value for key, value in custom.items()}
    for part in ("git", "vcs", "source", "commit"):
        flat |= {key.lower(): value for key, value in _object(custom, part).items() if key.lower() in _SHA_KEYS}
    candidates = [flat.get(key) for key in _SHA_KEYS]
    candidates += [value for key, values in qualifiers.items() if key.lower() in _SHA_KEYS for value in values]
    candidates += [value.rpartition("@")[2] for value in qualifiers.get("vcs_url", [])]
    if version and len(version) == 40:
        candidates.append(version)
    for candidate in candidates:
        if isinstance(candidate, str) and _SHA.fullmatch(candidate.strip()):
            return candidate.strip().lower()
    return None
