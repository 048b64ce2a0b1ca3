"""Deployments and their statuses as GitHub's REST API and webhooks tell them.

Source: GitHub REST API, "Deployments" and "Deployment statuses" (version 2022-11-28), webhook events `deployment` and
`deployment_status`. A deployment is a request; whether it went live its statuses say: `success` that it did, `failure`
and `error` that it did not, `inactive` that something else has taken its place. One without any status is taken for
what its creator asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.changes.deploy import (
    Deploy,
    change_nanos,
    inner,
    objects,
    owner_and_name,
    repository_in,
    sha_in,
    text,
)
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.environment import split_environment
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_DEPLOYMENT = "JSON that is neither a deployment of GitHub's API nor a status of one"
NO_TIME = "deployment without a time that can be read"
NOT_YET = "deployment that is only queued or running"

MOST_WAITING = 131_072  # deployments and statuses of a file that wait for one another
_CLAIMS = (
    (re.compile(rb'"statuses_url"\s*:\s*"[^"]*/deployments/\d+/statuses"'),),
    (re.compile(rb'"deployment_url"\s*:\s*"[^"]*/deployments/\d+"'), re.compile(rb'"state"\s*:')),
    (re.compile(rb'"deployment(?:_status)?"\s*:\s*\{'), re.compile(rb'"repository"\s*:\s*\{'), re.compile(rb'"task"')),
)
_STATES = {"success": "deployed", "active": "deployed", "failure": "failed", "error": "failed", "inactive": "inactive"}
_WEIGHT = {"deployed": 3, "failed": 2, "inactive": 1}
_RELEASE = re.compile(r"(?:[A-Za-z][A-Za-z-]*[-_@])?v?\d[\w.+-]*")  # a tag of a version; other refs are branches
_NUMBER = re.compile(r"/deployments/(\d+)")


class GitHubDeployments:
    name = "github-deployments"
    accepts = "deployments and deployment statuses as JSON of GitHub's API or webhooks"

    def claims(self, sample: Sample) -> int:
        return 92 if any(names_all(sample, patterns) for patterns in _CLAIMS) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        feed = _Feed()
        yield from read_deploys(stream, feed.deploys_of, feed.rest)


READER = GitHubDeployments()


class _Feed:
    """Deployments wait for their statuses, which may stand anywhere in the file."""

    def __init__(self) -> None:
        self._waiting: dict[str, Deploy] = {}
        self._states: dict[str, tuple[str, int]] = {}  # by deployment: kind, and since when
        self._alone: dict[str, Deploy] = {}  # told by a status only

    def deploys_of(self, entry: Entry) -> Iterator[Deploy | str]:
        value = entry.value
        status = inner(value, "deployment_status")
        deployment = inner(value, "deployment") or (value if _is_deployment(value) else {})
        embedded = [status] if status else objects(deployment, "statuses")
        if deployment:
            made = _deploy(deployment, inner(value, "repository"), entry.offset)
            if isinstance(made, str):
                yield made
                return
            self._waiting[made.deploy_id] = made
            for one in embedded:
                yield from self._note(one, made.deploy_id, entry.offset)
        elif _is_status(value):
            yield from self._note(value, _identity(value, {}, "deployment_url"), entry.offset)
        else:
            yield NOT_A_DEPLOYMENT
        if len(self._waiting) + len(self._states) > MOST_WAITING:
            yield from self.rest()

    def _note(self, status: dict[str, Any], identity: str | None, offset: int) -> Iterator[str]:
        """The state that says most wins; of equal ones the first in time."""
        state = (text(status.get("state")) or "").lower()
        kind = _STATES.get(state)
        time = change_nanos(status.get("created_at"), status.get("updated_at"))
        if identity is None:
            yield NOT_A_DEPLOYMENT
        elif time is None:
            yield NO_TIME
        elif kind:
            known = self._states.get(identity)
            if known is None or (-_WEIGHT[kind], time) < (-_WEIGHT[known[0]], known[1]):
                self._states[identity] = kind, time
            if identity not in self._waiting:
                self._alone[identity] = _from_status(status, identity, kind, time, offset)
        elif identity not in self._waiting:
            yield NOT_YET

    def rest(self) -> Iterator[Deploy]:
        for identity, deploy in self._waiting.items():
            kind, time = self._states.get(identity, (deploy.kind, deploy.time_unix_nano))
            yield deploy._replace(kind=kind, time_unix_nano=time)
        for identity, deploy in self._alone.items():
            if identity not in self._waiting:
                kind, time = self._states[identity]
                yield deploy._replace(kind=kind, time_unix_nano=time)
        self._waiting, self._alone, self._states = {}, {}, {}


def _is_deployment(value: Any) -> bool:
    return isinstance(value, dict) and bool(sha_in(value.get("sha"))) and ("task" in value or "statuses_url" in value)


def _is_status(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("state"), str) and "deployment_url" in value


def _identity(value: dict[str, Any], repository: dict[str, Any], *urls: str) -> str | None:
    """`owner/name#number`, equal for a deployment and its statuses."""
    for name in urls:
        url = value.get(name)
        if isinstance(url, str) and (number := _NUMBER.search(url)):
            place = text(repository.get("full_name")) or owner_and_name(url, "deployments/")
            return f"{place or ''}#{number[1]}"
    return None


def _deploy(value: dict[str, Any], repository: dict[str, Any], offset: int) -> Deploy | str:
    time = change_nanos(value.get("created_at"), value.get("updated_at"))
    if time is None:
        return NO_TIME
    place = repository_in(repository.get("full_name"), owner_and_name(value.get("repository_url")))
    place = place or owner_and_name(value.get("url") or value.get("statuses_url"), "deployments/")
    identity = _identity(value, repository, "url", "statuses_url") or f"{place or ''}#{text(value.get('id')) or offset}"
    payload = inner(value, "payload")
    service, environment = split_environment(text(value.get("environment"), value.get("original_environment")))
    ref = (text(value.get("ref")) or "").removeprefix("refs/tags/")
    return Deploy(
        identity,
        time,
        text(payload.get("service"), payload.get("service_name"), payload.get("app"), service),
        environment or text(payload.get("environment")),
        "deployed" if (text(value.get("task")) or "deploy") != "rollback" else "rolledback",
        text(payload.get("version")) or (ref if _RELEASE.fullmatch(ref) and not sha_in(ref) else None),
        text(payload.get("image"), payload.get("artifact")),
        sha_in(value.get("sha")),
        place,
        sha_in(payload.get("previous_sha"), payload.get("previous_commit")),
        text(value.get("description")),
        offset,
    )


def _from_status(status: dict[str, Any], identity: str, kind: str, time: int, offset: int) -> Deploy:
    service, environment = split_environment(text(status.get("environment")))
    place = repository_in(owner_and_name(status.get("repository_url")), identity.rpartition("#")[0])
    told = text(status.get("description"))
    return Deploy(identity, time, service, environment, kind, None, None, None, place, None, told, offset)
