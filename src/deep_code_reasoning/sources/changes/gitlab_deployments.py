"""Deployments as GitLab's REST API and its deployment webhook tell them.

Source: GitLab REST API v4, "Deployments"; "Webhook events", deployment events. A deployment that failed or was
cancelled was not live; `success` is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.changes.deploy import (
    Deploy,
    change_nanos,
    inner,
    owner_and_name,
    repository_in,
    sha_in,
    text,
)
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.environment import split_environment
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_DEPLOYMENT = "JSON that is not a deployment of GitLab's API"
NO_TIME = "deployment without a time that can be read"
NOT_YET = "deployment that is only queued or running"

_ENVIRONMENT = re.compile(rb'"environment"\s*:')
_CLAIMS = (
    (re.compile(rb'"deployable"\s*:\s*(?:\{|null)'), _ENVIRONMENT),
    (re.compile(rb'"iid"\s*:\s*\d'), re.compile(rb'"sha"\s*:'), re.compile(rb'"environment"\s*:\s*\{')),
    (re.compile(rb'"object_kind"\s*:\s*"deployment"'), _ENVIRONMENT),
)
_KINDS = {"success": "deployed", "failed": "failed", "canceled": "failed"}


class GitLabDeployments:
    name = "gitlab-deployments"
    accepts = "deployments as JSON of GitLab's API or webhooks"

    def claims(self, sample: Sample) -> int:
        """Above commits, which stand inside of deployments too."""
        return 94 if any(names_all(sample, patterns) for patterns in _CLAIMS) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_deploys(stream, _deploys_of)


READER = GitLabDeployments()


def _deploys_of(entry: Entry) -> Iterator[Deploy | str]:
    value = entry.value
    if not isinstance(value, dict) or "status" not in value or "environment" not in value:
        yield NOT_A_DEPLOYMENT
        return
    job = inner(value, "deployable")
    commit, project = inner(job, "commit"), inner(value, "project")
    status = text(value.get("status"))
    kind = _KINDS.get(status or "")
    if kind is None:
        yield NOT_YET
        return
    time = change_nanos(
        *(value.get("finished_at"), job.get("finished_at"), value.get("status_changed_at")),
        *(value.get("updated_at"), value.get("created_at")),
    )
    if time is None:
        yield NO_TIME
        return
    urls = (commit.get("web_url"), job.get("web_url"), value.get("deployable_url"), value.get("commit_url"))
    place = next((found for url in urls if (found := owner_and_name(url, "(?:-/)?(?:commit|jobs)/"))), None)
    place = repository_in(project.get("path_with_namespace"), place)
    environment = inner(value, "environment")
    service, where = split_environment(text(environment.get("name"), value.get("environment")))
    ref = text(value.get("ref"), job.get("ref"))
    number = text(value.get("id"), value.get("deployment_id"))
    yield Deploy(
        f"{place or ''}#{number or f'@{entry.offset}'}",
        time,
        service,
        where,
        kind,
        ref if value.get("tag") is True or job.get("tag") is True else None,
        None,
        sha_in(value.get("sha"), commit.get("id"), value.get("short_sha")),
        place,
        None,
        text(commit.get("title"), value.get("commit_title"), job.get("name")),
        entry.offset,
    )
