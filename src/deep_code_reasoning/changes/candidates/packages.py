"""The commit of a deploy, or of a version seen running, that names none: that of the package it put live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deep_code_reasoning.changes.candidates.deploys import image_name, image_tag
from deep_code_reasoning.changes.candidates.services import bare


def with_commits(rows: Iterable[Mapping[str, Any]], packages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """`rows` with the commit, and where they name none the repository, of the one package that each is of.

    By the artifact, else by image and tag, else by service and version; packages that disagree tell nothing.
    """
    made_of: dict[tuple[str, ...], dict[str, str | None]] = {}
    for package in packages:
        for key in _keys(package):
            repositories = made_of.setdefault(key, {})
            repositories[package["sha"]] = repositories.get(package["sha"]) or package["repository"]
    return [row if row["sha"] or not made_of else {**row, **_found(row, made_of)} for row in rows]


def _found(row: Mapping[str, Any], made_of: Mapping[tuple[str, ...], Mapping[str, str | None]]) -> dict[str, Any]:
    commits = next((made_of[key] for key in _keys(row) if key in made_of), {})
    if len(commits) != 1:
        return {}
    sha, repository = next(iter(commits.items()))
    return {"sha": sha, "repository": row["repository"] or repository}


def _keys(row: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The surest first."""
    artifact = row["artifact"]
    name, tag = image_name(artifact), image_tag(artifact)
    if artifact:
        yield "artifact", artifact.partition("?")[0]
    if name and tag:
        yield "image", name, tag
    for one in (row["service_name"], name):
        if one and row["version"]:
            yield "version", bare(one), row["version"]
