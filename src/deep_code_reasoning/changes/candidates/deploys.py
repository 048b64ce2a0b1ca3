"""The deploys of the evidence, each joined to the repository and the commit that it put live."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.changes.candidates.repositories import Repository, same_address

SHOWN_DIGITS = 12
_TRIAL = re.compile(
    r"(?:^|[-_/])(?:staging|stage|stg|dev|development|test|testing|qa|sandbox|preview|local|ci|uat|preprod)(?:$|[-_/])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Deploy:
    """`sha` and `previous` are of `repository`, None where they cannot be found in it; `told` is the id as given."""

    time: int
    service: str | None
    environment: str | None
    version: str | None
    told: str | None
    repository: Repository | None = None
    sha: str | None = None
    previous: str | None = None
    told_previous: str | None = None
    artifact: str | None = None
    named_repository: bool = False
    """The deploy itself names its repository."""
    is_seen: bool = False
    """No feed tells of it: the version was first seen running then."""

    @property
    def label(self) -> str:
        """The version, else the commit."""
        return self.version or (self.sha or self.told or "")[:SHOWN_DIGITS]


def joined(
    rows: Iterable[Mapping[str, Any]],
    repositories: Sequence[Repository],
    of_service: Mapping[str, Sequence[Repository]],
    environments: frozenset[str] = frozenset(),
) -> list[Deploy]:
    """In order of time. `of_service`: the repositories that a service is known to be built from.

    By the commit that the deploy names, else by its version or its image's tag in those repositories. Where the
    telemetry names its `environments` and deploys went there, deploys to other ones are left out; else those to
    environments that are called as if nobody depended on them.
    """
    rows = list(rows)
    if any(row["environment"] in environments for row in rows):
        rows = [row for row in rows if row["environment"] is None or row["environment"] in environments]
    elif any(not _is_trial(row) for row in rows):
        rows = [row for row in rows if not _is_trial(row)]
    return [_joined(row, repositories, of_service) for row in rows]


def _is_trial(row: Mapping[str, Any]) -> bool:
    return bool(_TRIAL.search(row["environment"] or ""))


def _joined(
    row: Mapping[str, Any], repositories: Sequence[Repository], of_service: Mapping[str, Sequence[Repository]]
) -> Deploy:
    own = of_service.get(row["service_name"] or "", ())
    named = [one for one in repositories if is_named(one, row["repository"])]
    found = [(one, sha) for one in named or repositories if (sha := one.graph.find(row["sha"]))]
    if len(found) > 1:
        found = [(one, sha) for one, sha in found if one in own] or found
    if not found:
        versions = (row["version"], image_tag(row["artifact"]))
        found = [(one, sha) for one in named or own for version in versions if (sha := one.of_version(version))][:1]
    repository, sha = found[0] if len(found) == 1 else (None, None)
    if repository is None and len(named or own) == 1:
        repository = (named or own)[0]
    previous = repository.graph.find(row["previous_sha"]) if repository else None
    return Deploy(
        row["time_unix_nano"],
        row["service_name"],
        row["environment"],
        row["version"],
        row["sha"],
        repository,
        sha,
        previous,
        row["previous_sha"],
        row["artifact"],
        repository in named,
        bool(row.get("is_seen")),
    )


def unfed(resources: Iterable[Mapping[str, Any]], feed: Iterable[Mapping[str, Any]]) -> list[str]:
    """Services of which no deploy is known and that ran more than one version: telemetry tells when each came."""
    fed = {row["service_name"] for row in feed}
    ran: dict[str, set[tuple]] = {}
    for row in resources:
        version = (row["service_version"], row["vcs_ref_head_revision"])
        if row["service_name"] not in fed and any(version):
            ran.setdefault(row["service_name"], set()).add(version)
    return sorted(service for service, versions in ran.items() if len(versions) > 1)


def is_named(repository: Repository, address: str | None) -> bool:
    return same_address(address, repository.url) or same_address(address, repository.name)


def image_name(artifact: str | None) -> str | None:
    """`pkg:oci/shop/order@4.3.0?x=y`, `registry:5000/shop/order:4.3.0` -> `order`."""
    plain = re.split(r"[?#]", artifact or "", maxsplit=1)[0].rsplit("/", 1)[-1]
    return re.split(r"[@:]", plain, maxsplit=1)[0].lower() or None


def image_tag(artifact: str | None) -> str | None:
    """`pkg:oci/shop/order@4.3.0?x=y`, `registry:5000/shop/order:4.3.0` -> `4.3.0`; None for digests."""
    plain = re.split(r"[?#]", artifact or "", maxsplit=1)[0].rsplit("/", 1)[-1]
    tag = re.split(r"[@:]", plain, maxsplit=1)[1] if re.search(r"[@:]", plain) else ""
    return tag if tag and not tag.startswith("sha256:") else None
