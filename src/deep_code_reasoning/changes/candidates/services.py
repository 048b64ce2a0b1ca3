"""Which service a repository is, or a folder of one, and how that is known. The most trusted source that says anything
decides; where it names several services, all of them stand, and where none says anything, none does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from deep_code_reasoning.changes.candidates.deploys import Deploy, image_name, is_named
from deep_code_reasoning.changes.candidates.repositories import Repository, address_parts

SET = "set in .deep-code-reasoning.toml"
FEED = "the deploy feed"
REPOSITORY = "the name of the repository"
DIRECTORY = "the name of the directory"

Claims = Iterator[tuple[str, str, str]]
"""Repository (its name), service, how that is known."""

_HOLD_SERVICES = ("services/", "apps/", "cmd/")


@dataclass(frozen=True)
class Belonging:
    """`services`: empty where nothing tells, several where the evidence does not tell them apart. `how`: in words."""

    services: frozenset[str] = frozenset()
    how: str = ""

    @property
    def only(self) -> str | None:
        return next(iter(self.services)) if len(self.services) == 1 else None


@dataclass(frozen=True)
class Evidence:
    """What the mapping is found from. `resources`: rows of candidates_resources.sql. `names`: services that are known.

    `declared`: repository -> the services that its manifests name, each with the file.
    """

    repositories: Sequence[Repository]
    resources: Sequence[Mapping[str, Any]] = ()
    deploys: Sequence[Deploy] = ()
    names: Sequence[str] = ()
    setting: Mapping[str, str] | None = None
    declared: Mapping[str, Mapping[str, str]] | None = None


class ServiceMap:
    def __init__(self, evidence: Evidence) -> None:
        self._by_bare: dict[str, str] = {}
        for name in evidence.names:
            self._by_bare.setdefault(bare(name), name)
        self._folders = _set_folders(evidence)
        self._of: dict[str, Belonging] = {}
        for level in _LEVELS:
            found: dict[str, dict[str, str]] = {}
            for repository, service, how in level(evidence):
                found.setdefault(repository, {}).setdefault(service, how)
            for repository, services in found.items():
                self._of.setdefault(repository, Belonging(frozenset(services), ", ".join(sorted({*services.values()}))))

    def of_repository(self, repository: str) -> Belonging:
        return self._of.get(repository, Belonging())

    def of_paths(self, repository: str, paths: Collection[str]) -> Belonging:
        """Of a commit that touches these files."""
        if told := {service for at, service in self._folders if _touches(at, repository, paths)}:
            return Belonging(frozenset(told), SET)
        whole = self.of_repository(repository)
        if whole.how not in (FEED, REPOSITORY, ""):
            apart = self._in(f"{folder}/" for folder in _folders_of_services(paths))
            return Belonging(frozenset(apart), DIRECTORY) if apart else whole
        in_folders = self._in(paths)
        if whole.only is None or (whole.how == FEED and self._names_another(paths, whole.services)):
            whole = Belonging()
        if not in_folders:
            return whole
        return Belonging(frozenset(in_folders) | (whole.services if whole.how == FEED else frozenset()), DIRECTORY)

    def repositories_by_service(self, repositories: Iterable[Repository]) -> dict[str, list[Repository]]:
        found: dict[str, list[Repository]] = {}
        for repository in repositories:
            for service in self.of_repository(repository.name).services:
                found.setdefault(service, []).append(repository)
        return found

    def _in(self, paths: Iterable[str]) -> set[str]:
        parts = {part for folder in {path.rpartition("/")[0] for path in paths} for part in folder.split("/")}
        return {self._by_bare[name] for part in parts if (name := bare(part)) in self._by_bare}

    @staticmethod
    def _names_another(paths: Iterable[str], services: Iterable[str]) -> bool:
        """One service deployed from a repository of many folders of services says nothing about the others."""
        folders = {bare(folder) for folder in _folders_of_services(paths)}
        return bool(folders) and not folders & {bare(name) for name in services}


@lru_cache(maxsize=65_536)
def bare(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(service|svc|api)$", "", letters) or letters


def _folders_of_services(paths: Iterable[str]) -> set[str]:
    held = (path.split("/", 2) for path in paths if path.startswith(_HOLD_SERVICES))
    return {parts[1] for parts in held if len(parts) == 3 and parts[1]}


def _by_setting(evidence: Evidence) -> Claims:
    for pattern, service in (evidence.setting or {}).items():
        for repository in evidence.repositories:
            if _is_meant(pattern, repository):
                yield repository.name, service, SET


def _is_meant(pattern: str, repository: Repository) -> bool:
    """By address, name, or the end of either (`order`, `shop/order`, `*/order-*`)."""
    if is_named(repository, pattern):
        return True
    for address in (repository.url, repository.name):
        parts = address_parts(address or "")
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        if any(fnmatchcase(end, pattern.lower().strip("/")) for end in ends):
            return True
    return False


def _set_folders(evidence: Evidence) -> list[tuple[tuple[Repository | None, str], str]]:
    """(repository or None for any, folder) -> service, of the entries that name no repository."""
    found: list[tuple[tuple[Repository | None, str], str]] = []
    for pattern, service in (evidence.setting or {}).items():
        if any(_is_meant(pattern, repository) for repository in evidence.repositories):
            continue
        name, colon, folder = pattern.partition(":")
        if colon:
            found += [((one, folder.strip("/")), service) for one in evidence.repositories if _is_meant(name, one)]
        else:
            found.append(((None, pattern.strip("/")), service))
    return found


def _touches(place: tuple[Repository | None, str], repository: str, paths: Iterable[str]) -> bool:
    of, folder = place
    return (of is None or of.name == repository) and any(
        path.startswith(folder + "/") or fnmatchcase(path, f"{folder}/*") for path in paths
    )


def _by_vcs(evidence: Evidence) -> Claims:
    for row in evidence.resources:
        url, name = row["vcs_repository_url_full"], _attributes(row).get("vcs.repository.name")
        named = [one for one in evidence.repositories if name and address_parts(name)[-1:] == [one.short_name]]
        for one in evidence.repositories:
            if url and is_named(one, url):
                yield one.name, row["service_name"], "vcs.repository.url.full of its telemetry"
            elif not url and named == [one]:
                yield one.name, row["service_name"], "vcs.repository.name of its telemetry"
            elif one.graph.find(row["vcs_ref_head_revision"]):
                yield one.name, row["service_name"], "vcs.ref.head.revision of its telemetry"


def _by_version(evidence: Evidence) -> Claims:
    """A tag counts where one service runs this version and one repository has it: 1.0.0 are many."""
    runs: dict[str, set[str]] = {}
    for row in evidence.resources:
        runs.setdefault(row["service_version"] or "", set()).add(row["service_name"])
    runs.pop("", None)
    for version, services in sorted(runs.items()):
        tagged = {}
        for one in evidence.repositories:
            if (sha := one.of_version(version)) and sha != one.of_tag(version):
                for service in services:
                    yield one.name, service, "service.version is one of its commits"
            elif sha:
                tagged[one.name] = "service.version is one of its tags"
        for deploy in evidence.deploys:
            if deploy.version == version and deploy.sha and deploy.repository and not deploy.service:
                tagged[deploy.repository.name] = "service.version is that of a deploy of one of its commits"
        if len(services) == 1 and len(tagged) == 1:
            ((repository, how),) = tagged.items()
            yield repository, next(iter(services)), how


def _by_image(evidence: Evidence) -> Claims:
    for row in evidence.resources:
        attributes = _attributes(row)
        told = (attributes.get(key, "") for key in ("container.image.tags", "container.image.tag"))
        tags = re.findall(r"[\w.+-]+", " ".join(told))
        image = attributes.get("container.image.name")
        for one in evidence.repositories:
            if any((sha := one.of_version(tag)) and sha != one.of_tag(tag) for tag in tags):
                yield one.name, row["service_name"], "its container image's tag is one of its commits"
            elif image_name(image) == one.short_name:
                yield one.name, row["service_name"], "the name of its container image"
    for deploy in evidence.deploys:
        for one in evidence.repositories:
            if deploy.service and image_name(deploy.artifact) == one.short_name:
                yield one.name, deploy.service, "the name of the image deployed"


def _by_feed(evidence: Evidence) -> Claims:
    for deploy in evidence.deploys:
        if deploy.service and deploy.repository and (deploy.sha or deploy.named_repository):
            yield deploy.repository.name, deploy.service, FEED
    for one in evidence.repositories:
        for commit in one.commits.values():
            if commit.service:
                yield one.name, commit.service, FEED


def _by_manifest(evidence: Evidence) -> Claims:
    for repository, services in (evidence.declared or {}).items():
        for service, path in services.items():
            if service in evidence.names:
                yield repository, service, f"the service name in its {path}"


def _by_name(evidence: Evidence) -> Claims:
    for one in evidence.repositories:
        plain = {bare(one.short_name), bare(one.shown)}
        for name in evidence.names:
            if bare(name) in plain:
                yield one.name, name, REPOSITORY


def _attributes(row: Mapping[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in row["attributes"] or () if pair["value"]}


_LEVELS: tuple[Callable[[Evidence], Claims], ...] = (
    *(_by_setting, _by_vcs, _by_version, _by_image, _by_feed, _by_manifest, _by_name),
)
"""In order of trust."""
