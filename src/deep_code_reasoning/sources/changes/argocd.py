"""What Argo CD rolled out: Applications with the history of their syncs, or such a history alone.

Source: Argo CD, `Application` (argoproj.io/v1alpha1): `status.history[]` holds successful syncs. A revision is a commit
of the repository that holds the manifests, which need not be that of the code; of a Helm repository it is a version.
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
    repository_in,
    sha_in,
    text,
)
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.environment import environment_in, split_environment
from deep_code_reasoning.sources.changes.image import commit_in_tag, image_of, main_image
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_APPLICATION = "JSON that is not an Application of Argo CD, nor a sync of one"
NO_HISTORY = "Application without a history of syncs"
NO_TIME = "sync without a time that can be read"

_SOURCE = re.compile(rb'"repoURL"\s*:')
_CLAIMS = (
    (re.compile(rb'"kind"\s*:\s*"Application(?:List)?"'), re.compile(rb'"argoproj\.io/')),
    (re.compile(rb'"deployedAt"\s*:'), _SOURCE),
    (re.compile(rb'"destination"\s*:\s*\{'), _SOURCE, re.compile(rb'"targetRevision"\s*:')),
)
_TAG = re.compile(r"(?:.*\.)?(?:image\.tag|tag|version|imageTag)")


class ArgoCd:
    name = "argocd"
    accepts = "Applications of Argo CD as JSON, with the history of their syncs"

    def claims(self, sample: Sample) -> int:
        return 93 if any(names_all(sample, patterns) for patterns in _CLAIMS) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from read_deploys(stream, _deploys_of)


READER = ArgoCd()


def _deploys_of(entry: Entry) -> Iterator[Deploy | str]:
    value = entry.value
    if isinstance(value, dict) and "deployedAt" in value:
        yield from _sync({}, value, [], entry.offset)
        return
    if not isinstance(value, dict) or not ("spec" in value or "status" in value):
        yield NOT_AN_APPLICATION
        return
    history = objects(inner(value, "status"), "history")
    if not history:
        yield NO_HISTORY if "repoURL" in str(inner(value, "spec")) else NOT_AN_APPLICATION
        return
    images = inner(value, "status", "summary").get("images")
    current = [one for one in images if isinstance(one, str)] if isinstance(images, list) else []
    latest = max(history, key=lambda sync: change_nanos(sync.get("deployedAt")) or 0)
    for sync in history:
        yield from _sync(value, sync, current if sync is latest else [], entry.offset)


def _sync(application: dict[str, Any], sync: dict[str, Any], images: list[str], offset: int) -> Iterator[Deploy | str]:
    """The manifests that were synced, and the code where its image tells another commit.

    `images`: what runs now, which is known of the latest sync alone; the others tell theirs in their source.
    """
    time = change_nanos(sync.get("deployedAt"), sync.get("deployStartedAt"))
    if time is None:
        yield NO_TIME
        return
    sources = [inner(sync, "source"), *objects(sync, "sources")]
    source, revision = _revision(sources, sync)
    metadata, spec = inner(application, "metadata"), inner(application, "spec")
    name = text(metadata.get("name"))
    service, environment = split_environment(name)
    image = main_image(images, service) or _image_in(sources)
    tag = (image_of(image).version if image else None) or _tag_in(sources)
    sha, code = sha_in(revision), commit_in_tag(tag)
    by = inner(sync, "initiatedBy")
    who = "automated sync" if by.get("automated") is True else text(by.get("username"))
    synced = Deploy(
        f"{name or ''}#{text(sync.get('id')) or f'{time}'}",
        time,
        service,
        environment or environment_in(text(inner(spec, "destination").get("namespace"), spec.get("project"))),
        "deployed",
        tag or (text(revision) if sha is None else None),
        image,
        sha or code,
        repository_in(source.get("repoURL")) if sha else None,
        None,
        f"by {who}" if who else None,
        offset,
    )
    yield synced
    if sha and code and not sha.startswith(code):
        yield synced._replace(deploy_id=f"{synced.deploy_id}:image", sha=code, repository=None)


def _revision(sources: list[dict[str, Any]], sync: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The first source that is of a git repository, with its commit; else the first, with what it tells."""
    revisions = sync.get("revisions")
    several = zip(sources[1:], revisions if isinstance(revisions, list) else (), strict=False)
    told = [(sources[0], sync.get("revision")), *several] if sources[0] else [*several]
    return next((one for one in told if sha_in(one[1])), told[0] if told else ({}, sync.get("revision")))


def _image_in(sources: list[dict[str, Any]]) -> str | None:
    """The image that a kustomization sets: `name=registry/name:tag` or `registry/name:tag`."""
    for source in sources:
        images = inner(source, "kustomize").get("images")
        for image in images if isinstance(images, list) else ():
            if isinstance(image, str) and image:
                return image.rpartition("=")[2]
    return None


def _tag_in(sources: list[dict[str, Any]]) -> str | None:
    """The tag among a chart's parameters."""
    for source in sources:
        for parameter in objects(inner(source, "helm"), "parameters"):
            if _TAG.fullmatch(str(parameter.get("name"))) and (tag := text(parameter.get("value"))):
                return tag
    return None
