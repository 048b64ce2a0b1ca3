"""Deploy feeds as CDEvents, bare or in a CloudEvents envelope, one a line or in a document.

Source: CDEvents specification 0.1 to 0.5 ("Continuous Deployment Events", "Artifact Events") with its CloudEvents
binding, and the deployment events of the draft of 0.6. An artifact's events tell which commit it was made of, its
deployments often do not: those take it from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos, inner, repository_in, sha_in, text
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.image import purl_of
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_EVENT = "JSON that is not a CDEvent"
OTHER_EVENT = "CDEvent of a type that neither deploys nor packages anything"
NO_TIME = "deploy event without a time that can be read"

MOST_WAITING = 65_536  # deployments of a file that wait for their artifact's events
_TYPE = re.compile(rb'"(?:type|eventType)"\s*:\s*"dev\.cdevents\.')
_EVENT = re.compile(
    r"dev\.cdevents\.(?:(?P<service>service)\.(?P<kind>deployed|upgraded|rolledback|removed|published)"
    r"|(?P<artifact>artifact)\.(?:packaged|published)|(?P<rollout>deployment|targetrollout)\.finished)\b"
)
# Producers agree on no key for the commit; after dots and dashes became underscores, in lower case.
_SHA_KEYS = (
    *("commit_sha", "commitsha", "commit", "sha", "git_sha", "gitcommit", "git_commit", "revision", "vcs_ref"),
    *("commit_id", "commitid", "head_sha", "vcs_ref_head_revision"),
)
_PREVIOUS_KEYS = ("previous_sha", "previous_commit", "previous_commit_sha", "previous_revision", "base_sha", "from_sha")
_REPOSITORY_KEYS = ("repository", "repo", "repository_url", "repo_url", "git_url", "vcs_repository_url_full")


class CdEvents:
    name = "cdevents"
    accepts = "deploy feeds as CDEvents JSON (services deployed, artifacts packaged; an array, a document, one a line)"

    def claims(self, sample: Sample) -> int:
        return 95 if names_all(sample, (_TYPE,)) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        feed = _Feed()
        yield from read_deploys(stream, feed.deploys_of, feed.rest)


READER = CdEvents()


class _Feed:
    def __init__(self) -> None:
        self._made_of: dict[str, tuple[str, str | None]] = {}  # commit and repository by artifact
        self._waiting: list[Deploy] = []

    def deploys_of(self, entry: Entry) -> Iterator[Deploy | str]:
        deploy = _deploy(entry.value, entry.offset)
        if isinstance(deploy, str):
            yield deploy
            return
        artifact = _bare(deploy.artifact)
        if deploy.kind == "packaged" and deploy.sha and artifact and len(self._made_of) < MOST_WAITING:
            self._made_of.setdefault(artifact, (deploy.sha, deploy.repository))
        if deploy.sha or not artifact:
            yield deploy
            return
        self._waiting.append(deploy)
        if len(self._waiting) > MOST_WAITING:
            yield from self.rest()

    def rest(self) -> Iterator[Deploy]:
        for deploy in self._waiting:
            sha, repository = self._made_of.get(_bare(deploy.artifact) or "", (None, None))
            yield deploy._replace(sha=sha, repository=deploy.repository or repository)
        self._waiting.clear()


def _bare(artifact: str | None) -> str | None:
    """Without qualifiers, which say where it was fetched from."""
    return artifact.partition("?")[0] if artifact else None


def _deploy(event: Any, offset: int) -> Deploy | str:
    """The deploy, or the reason why the event is none."""
    body, envelope = _opened(event)
    context, subject = inner(body, "context"), inner(body, "subject")
    event_type = str(context.get("type") or context.get("eventType") or envelope.get("type") or "")
    if not event_type.startswith("dev.cdevents."):
        return NOT_AN_EVENT
    match = _EVENT.match(event_type)
    if not match:
        return OTHER_EVENT
    time = change_nanos(context.get("timestamp"), envelope.get("time"))
    if time is None:
        return NO_TIME
    content, told = inner(subject, "content"), _told(inner(body, "customData"))
    identity = text(subject.get("id")) or ""
    artifact = text(content.get("artifactId"), content.get("artifactID"), identity if match["artifact"] else None)
    package, change = purl_of(artifact), inner(content, "change")
    kind = match["kind"] or ("packaged" if match["artifact"] else _outcome(content))
    name = (identity.rstrip("/").rpartition("/")[2] or None) if match["service"] else None
    service = text(told.get("service"), told.get("service_name"), name)
    sha = sha_in(*(told.get(key) for key in _SHA_KEYS), package and package.sha, change.get("id"))
    return Deploy(
        text(context.get("id"), envelope.get("id")) or f"{kind}@{offset}",
        time,
        service or (package.name if package and match["rollout"] else None),
        text(inner(content, "environment").get("id"), told.get("environment")),
        kind,
        text(told.get("version")) or (package.version if package else None),
        artifact,
        sha,
        repository_in(*(told.get(key) for key in _REPOSITORY_KEYS), change.get("source") if change.get("id") else None),
        sha_in(*(told.get(key) for key in _PREVIOUS_KEYS)),
        text(told.get("description"), told.get("message"), told.get("title")),
        offset,
    )


def _outcome(content: dict[str, Any]) -> str:
    return "deployed" if str(content.get("outcome") or "success").lower() in ("success", "succeeded") else "failed"


def _opened(event: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(CDEvent, CloudEvents envelope); in binary mode the envelope's data is the event."""
    if not isinstance(event, dict):
        return {}, {}
    data = event.get("data")
    if isinstance(data, dict) and ("context" in data or "subject" in data):
        return data, event
    return event, event if "specversion" in event and "context" not in event else {}


def _told(custom: dict[str, Any]) -> dict[str, Any]:
    """What a producer adds, by keys in lower case with underscores; of objects about the commit, their members too."""
    flat = {_key(key): value for key, value in custom.items()}
    known = {*_SHA_KEYS, *_PREVIOUS_KEYS, *_REPOSITORY_KEYS}
    for part in ("git", "vcs", "source", "commit"):
        members = {_key(key): value for key, value in inner(custom, part).items()}
        flat |= {key if key in known else f"{part}_{key}": value for key, value in members.items()}
    return flat


def _key(key: Any) -> str:
    return str(key).lower().replace("-", "_").replace(".", "_")
