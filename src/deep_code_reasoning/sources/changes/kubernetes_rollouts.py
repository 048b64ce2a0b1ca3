"""Rollouts as Kubernetes keeps them: ReplicaSets and ControllerRevisions, one a revision, and the workloads themselves.

Source: Kubernetes API, apps/v1 (Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision) and Argo Rollouts
(argoproj.io/v1alpha1 Rollout), as `kubectl get -o json` prints them. A revision begins when its ReplicaSet is created.
Going back to an older one takes its ReplicaSet up again: the time of that only the Deployment tells, by its condition
Progressing. What a revision replaced is told by their order, so not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos, inner, objects, repository_in, sha_in, text
from deep_code_reasoning.sources.changes.entries import Entry, names_all, read_deploys
from deep_code_reasoning.sources.changes.environment import environment_in
from deep_code_reasoning.sources.changes.image import commit_in_tag, image_of, main_image
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

OTHER_OBJECT = "Kubernetes object of a kind that tells of no rollout"
NOT_AN_OBJECT = "JSON that is not an object of Kubernetes"
NO_TIME = "rollout without a time that can be read"
NOT_DONE = "workload that does not say when its rollout was done"

MOST_WAITING = 65_536  # workloads of a file that wait for the revisions behind them, and revisions known
REVISIONS = frozenset({"ReplicaSet", "ControllerRevision"})
WORKLOADS = frozenset({"Deployment", "Rollout", "StatefulSet", "DaemonSet"})
_API = re.compile(rb'"apiVersion"\s*:\s*"(?:apps/|extensions/|argoproj\.io/)')
_KIND = re.compile(rb'"kind"\s*:\s*"(?:%s)(?:List)?"' % "|".join(sorted(REVISIONS | WORKLOADS)).encode())
_LIST = re.compile(rb'\s*\{\s*"apiVersion"\s*:\s*"v1"\s*,\s*"items"\s*:\s*\[')
_REVISION = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
_HISTORY = ("deployment.kubernetes.io/revision-history", "rollout.argoproj.io/revision-history")
_COMMITS = (
    *("org.opencontainers.image.revision", "app.kubernetes.io/commit", "vcs.ref.head.revision", "git-commit"),
    *("git-sha", "commit-sha", "commit", "git/commit", "app.gitlab.com/commit", "tags.datadoghq.com/git.commit.sha"),
)
_REPOSITORIES = ("org.opencontainers.image.source", "vcs.repository.url.full", "git-repository", "git/repository")
_TRACK = re.compile(r"-(?:v\d+|canary|stable|primary|blue|green)$")


class KubernetesRollouts:
    name = "kubernetes-rollouts"
    accepts = "rollout history as JSON of kubectl (replicasets, controllerrevisions, deployments, Argo's rollouts)"

    def claims(self, sample: Sample) -> int:
        if names_all(sample, (_API, _KIND)):
            return 90
        return 40 if _LIST.match(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        feed = _Feed()
        yield from read_deploys(stream, feed.deploys_of, feed.rest)


READER = KubernetesRollouts()

Key = tuple[str | None, str | None, str | None]  # namespace, workload, revision


class _Feed:
    """Workloads wait for their revisions, which tell the same better but for a return to an older one."""

    def __init__(self) -> None:
        self._told: dict[Key, bool] = {}  # whether the revision was taken up again
        self._waiting: list[tuple[Key, Deploy]] = []

    def deploys_of(self, entry: Entry) -> Iterator[Deploy | str]:
        value = entry.value
        kind = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(kind, str) or not inner(value, "metadata"):
            yield NOT_AN_OBJECT
        elif kind in REVISIONS:
            yield from self._revision(value, entry.offset)
        elif kind in WORKLOADS:
            yield from self._workload(value, entry.offset)
            if len(self._waiting) > MOST_WAITING:
                yield from self.rest()
        else:
            yield OTHER_OBJECT

    def _revision(self, value: dict[str, Any], offset: int) -> Iterator[Deploy | str]:
        metadata = inner(value, "metadata")
        time = change_nanos(metadata.get("creationTimestamp"))
        if time is None:
            yield NO_TIME
            return
        owner = next(iter(objects(metadata, "ownerReferences")), {})
        annotations = inner(metadata, "annotations")
        revision = text(*(annotations.get(key) for key in _REVISION), value.get("revision"))
        history = text(*(annotations.get(key) for key in _HISTORY))
        workload = text(owner.get("name")) or _without_hash(metadata)
        if len(self._told) < MOST_WAITING:
            self._told[text(metadata.get("namespace")), workload, revision] = history is not None
        first = history.split(",")[0] if history else revision
        template = inner(value, "spec", "template") or inner(value, "data", "spec", "template")
        kind = "deployed" if first in (None, "1") else "upgraded"
        yield _deploy(metadata, template, workload, (first, time, kind), offset)

    def _workload(self, value: dict[str, Any], offset: int) -> Iterator[Deploy | str]:
        metadata, status = inner(value, "metadata"), inner(value, "status")
        done = [one for one in objects(status, "conditions") if one.get("type") == "Progressing"]
        done = [one for one in done if one.get("status") == "True" and one.get("reason") == "NewReplicaSetAvailable"]
        revision = text(*(inner(metadata, "annotations").get(key) for key in _REVISION))
        if revision is None and metadata.get("generation") == 1:  # never changed since it was made
            revision = "1"
        first = metadata.get("creationTimestamp") if revision == "1" else None
        time = change_nanos(*(one.get("lastUpdateTime") for one in done), first)
        if time is None:
            yield NOT_DONE
            return
        workload = text(metadata.get("name"))
        kind = "deployed" if revision in (None, "1") else "upgraded"
        deploy = _deploy(metadata, inner(value, "spec", "template"), workload, (revision, time, kind), offset)
        self._waiting.append(((text(metadata.get("namespace")), workload, revision), deploy))

    def rest(self) -> Iterator[Deploy]:
        for key, deploy in self._waiting:
            is_return = self._told.get(key)
            if is_return is not False:
                yield deploy._replace(kind="rolledback") if is_return else deploy
        self._waiting.clear()


def _deploy(
    metadata: dict[str, Any],
    template: dict[str, Any],
    workload: str | None,
    told: tuple[str | None, int, str],
    offset: int,
) -> Deploy:
    revision, time, kind = told
    pod = inner(template, "metadata")
    labels = {**inner(metadata, "labels"), **inner(pod, "labels")}
    notes = {**inner(metadata, "annotations"), **inner(pod, "annotations"), **labels}
    service = _service(labels, notes, workload)
    images = [
        one["image"] for one in objects(inner(template, "spec"), "containers") if isinstance(one.get("image"), str)
    ]
    artifact = main_image(images, service)
    image = image_of(artifact) if artifact else None
    namespace = text(metadata.get("namespace"))
    version = text(labels.get("app.kubernetes.io/version"), labels.get("tags.datadoghq.com/version"))
    version = version or (image.version if image else None)
    sha = sha_in(*(notes.get(key) for key in _COMMITS)) or (image.sha if image else None) or commit_in_tag(version)
    return Deploy(
        f"{namespace or ''}/{workload or ''}#{revision or time}",
        time,
        service,
        text(notes.get("tags.datadoghq.com/env"), environment_in(namespace)),
        kind,
        version,
        artifact,
        sha,
        repository_in(*(notes.get(key) for key in _REPOSITORIES)),
        None,
        text(notes.get("kubernetes.io/change-cause")),
        offset,
    )


def _service(labels: dict[str, Any], notes: dict[str, Any], workload: str | None) -> str | None:
    """What was said for telemetry; else the label that the workload is called by; else the workload's own name.

    A label may name the whole application (`name: shop, component: cart` of `shop-cart`), so it counts only where the
    workload's name ends with it.
    """
    said = text(notes.get("resource.opentelemetry.io/service.name"), notes.get("tags.datadoghq.com/service"))
    if said or workload is None:
        return said or text(labels.get("app.kubernetes.io/name"), labels.get("app"))
    bare = _TRACK.sub("", workload)
    names = [text(labels.get(f"app.kubernetes.io/{part}")) for part in ("name", "component")]
    return next((name for name in (*names, text(labels.get("app"))) if name and bare.endswith(name)), bare)


def _without_hash(metadata: dict[str, Any]) -> str | None:
    """A ReplicaSet that has lost its owner is called by it, with the hash of the template behind."""
    name = text(metadata.get("name"))
    hashed = text(inner(metadata, "labels").get("pod-template-hash"))
    return name.removesuffix(f"-{hashed}") if name and hashed else name
