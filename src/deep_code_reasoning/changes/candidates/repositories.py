"""The repositories of the evidence: their commits, their tags, and the names by which others speak of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deep_code_reasoning.changes.candidates.commit_graph import CommitGraph

_VERSION = re.compile(
    r"(?<![\d.])(\d{1,18}(?:\.\d{1,18})*)"
    r"((?:[-+._]?(?:alpha|beta|rc|cr|m|pre|preview|dev|snapshot|final|ga|release|post|sp|[abp])[.-]?\d{0,18}|[-+_]\d{1,18})*)$",
    re.IGNORECASE,
)
_VERSION_CHARACTERS = 80
_DESCRIBED = re.compile(r"(?:^|[-_.+@:/])g?([0-9a-f]{7,64})(?:-dirty)?$")


@dataclass(frozen=True)
class Commit:
    """`repository`: under which it was read. `service`: as the evidence itself names it; mostly None."""

    sha: str
    repository: str
    time: int
    parents: tuple[str, ...] = ()
    message: str = ""
    service: str | None = None


@dataclass
class Repository:
    """`name` as given to the load; `url` of its origin; `tags`: name -> sha; `heads`: what it stands at."""

    name: str
    url: str | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    heads: set[str] = field(default_factory=set)

    @cached_property
    def graph(self) -> CommitGraph:
        return CommitGraph({sha: commit.parents for sha, commit in self.commits.items()})

    @cached_property
    def merged(self) -> frozenset[str]:
        """Commits that are not on other branches alone: those are live only where a deploy says so."""
        if not self.heads or not self.graph.is_known:
            return frozenset(self.commits)
        return frozenset[str]().union(*(self.graph.brought(head, None) for head in self.heads))

    @cached_property
    def short_name(self) -> str:
        """The last part of its address or, without one, of its name."""
        return address_parts(self.url or self.name)[-1:][0] if address_parts(self.url or self.name) else self.name

    @cached_property
    def shown(self) -> str:
        return self.name.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git") or self.name

    @cached_property
    def _versions(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for tag, sha in self.tags.items():
            if version := version_in(tag):
                found.setdefault(version, set()).add(sha)
        return found

    def of_tag(self, version: str | None) -> str | None:
        """The commit that one tag, or several on one commit, give this version; `v1.8`, `order-1.8.0` are 1.8."""
        if not version:
            return None
        if version in self.tags and self.tags[version] in self.commits:
            return self.tags[version]
        shas = self._versions.get(version_in(version) or "", set())
        return next(iter(shas)) if len(shas) == 1 and shas <= self.commits.keys() else None

    def of_version(self, version: str | None) -> str | None:
        """The commit of a version, an image's tag or the like: a commit id in it, else by tag."""
        if not version:
            return None
        described = _DESCRIBED.search(version.lower())
        return (self.graph.find(described[1]) if described else None) or self.of_tag(version)

    def by_date(self, after: int | None, until: int) -> frozenset[str]:
        """Committed after `after` and not after `until`."""
        return frozenset(
            commit.sha
            for commit in self.commits.values()
            if commit.time <= until and (after is None or commit.time > after)
        )


def repositories_of(rows: Iterable[Mapping[str, Any]]) -> list[Repository]:
    """From rows of candidates_commits.sql. What was read twice (a clone and its API's answer) is one repository."""
    read: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        read.setdefault(row["repository"], []).append(row)
    found: list[Repository] = []
    holder: dict[str, Repository] = {}
    for name, commits in read.items():
        repository = next((holder[row["sha"]] for row in commits if row["sha"] in holder), None)
        if repository is None:
            repository = Repository(name)
            found.append(repository)
        for row in commits:
            sha = row["sha"]
            repository.url = repository.url or row["repository_url"]
            repository.tags.update(dict.fromkeys(row["tags"] or (), sha))
            if row["is_head"]:
                repository.heads.add(sha)
            if holder.setdefault(sha, repository) is repository and sha not in repository.commits:
                repository.commits[sha] = Commit(
                    sha, name, row["time_unix_nano"], tuple(row["parents"] or ()), row["message"], row["service_name"]
                )
    return found


def address_parts(address: str) -> list[str]:
    """`https://host:port/owner/name.git`, `git@host:owner/name`, `owner/name` -> [host, owner, name], in lower case."""
    plain = re.sub(r"^[a-z][a-z0-9+.-]*://", "", address.strip().lower())
    plain = re.sub(r"^[^/@]*@", "", plain).split("?")[0].split("#")[0]
    plain = re.sub(r"^([^/:]+):(?:\d+(?=/)|)", r"\1/", plain)
    return [part for part in plain.rstrip("/").removesuffix(".git").split("/") if part not in ("", ".", "..")]


def same_address(one: str | None, other: str | None) -> bool:
    """The same place however it is written; the shorter one (`owner/name`) has to end the longer one."""
    if not one or not other:
        return False
    left, right = address_parts(one), address_parts(other)
    shorter = min(len(left), len(right))
    return bool(shorter) and left[-shorter:] == right[-shorter:]


def version_in(text: str) -> str | None:
    """The version at the end of a tag or a requirement, in a form that can be compared: `v1.8`, `x-1.8.0` are `1.8`."""
    match = _VERSION.search(text.strip()[-_VERSION_CHARACTERS:])
    if not match:
        return None
    parts = [part.lstrip("0") or "0" for part in match[1].split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts) + re.sub(r"[-+._]", "", match[2].lower())
