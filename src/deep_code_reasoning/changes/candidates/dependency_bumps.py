"""Versions of dependencies that a commit raised, read from its patch whatever the language of the manifest.

A line taken out and one put in are the same dependency when they differ in versions alone; what else stands on the line
is its name. So one rule reads JSON, TOML, XML, Gradle, go.mod, Gemfiles, requirements and pointers of submodules.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SEPARATORS = re.compile(r"[\s\"'`<>=(){}\[\],;:^~!|]+|@(?=[\w^~<>=])")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.][\w.+-]*|(?:rc|[ab])\d+)?|(?=[a-f]*\d)[0-9a-f]{7,64}", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"\d")
_IN_ADDRESS = re.compile(r"/\S*-(\d+(?:\.\d+)+)[\w.+-]*$")
_SUBMODULE = re.compile(r"^([-+])Subproject commit ([0-9a-f]{7,64})", re.MULTILINE)
_VERSION_SUFFIX = re.compile(r"[-._]?version$", re.IGNORECASE)
_OWN_NAME = re.compile(
    r"^\+\s*(?:\"name\"\s*:|name\s*=|module\s+|rootProject\.name\s*=|<artifactId>|<PackageId>|[a-z]+\.name\s*=)"
    r"\s*[\"']?([\w@./-]+)",
    re.MULTILINE,
)
_OWN_VERSION = re.compile(
    r"^\+\s*(?:\"version\"\s*:|version\s*[=:]|<version>|<Version>|[a-z]+\.version\s*=|\w*VERSION\w*\s*=)"
    r"\s*[\"']?(v?\d[\w.+-]*)",
    re.MULTILINE,
)
MOST_LINES = 2_000
_LINE_CHARACTERS = 500


@dataclass(frozen=True)
class Bump:
    """`names`: words of the line that may name the dependency, empty where the line holds the version alone.

    `old` is None for a dependency that was added. `at_commit`: the versions are commit ids, of a submodule's pointer.
    """

    repository: str
    sha: str
    path: str
    names: tuple[str, ...]
    old: str | None
    new: str
    at_commit: bool = False


@cache
def manifests() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("manifests.toml").read_text(encoding="utf-8"))


@cache
def _keywords() -> frozenset[str]:
    return frozenset(manifests()["keywords"].split())


def bumps_in(repository: str, sha: str, path: str, patch: str) -> list[Bump]:
    pointers = dict(_SUBMODULE.findall(patch))
    if "+" in pointers:
        return [Bump(repository, sha, path, (path,), pointers.get("-"), pointers["+"], at_commit=True)]
    lines = [line for line in patch.splitlines()[:MOST_LINES] if _HAS_DIGIT.search(line)]
    before: dict[tuple[str, ...], list[str]] = {}
    for names, versions in (_read(line[1:]) for line in lines if line.startswith("-")):
        before.setdefault(names, versions)
    found: dict[tuple[str, ...], Bump] = {}
    for names, versions in (_read(line[1:]) for line in lines if line.startswith("+")):
        old, new = _step(before.get(names, []), versions)
        if new and (names or old):
            found.setdefault(names, Bump(repository, sha, path, names, old, new))
    return list(found.values())


def _step(before: list[str], after: list[str]) -> tuple[str | None, str | None]:
    """The first version that differs, of lines that hold as many; what an added line holds first."""
    if len(before) != len(after):
        return (before[0] if before else None), (after[0] if after else None)
    return next(((old, new) for old, new in zip(before, after, strict=True) if old != new), (None, None))


def _read(line: str) -> tuple[tuple[str, ...], list[str]]:
    """Words of a line that are no version and no keyword, and its versions."""
    names: list[str] = []
    versions: list[str] = []
    for word in _SEPARATORS.split(line.strip()[:_LINE_CHARACTERS]):
        if _VERSION.fullmatch(word):
            versions.append(word)
            continue
        if archive := _IN_ADDRESS.search(word):  # `.../validation-1.7.0.tgz`
            versions.append(archive[1])
            word = word[: archive.start(1) - 1]
        plain = _VERSION_SUFFIX.sub("", word).strip("/.-_")
        if plain and plain.lower() not in _keywords() and plain not in names:
            names.append(plain)
    return tuple(names), versions


def own_names(patch: str) -> frozenset[str]:
    """What a manifest calls its own package."""
    return frozenset(_OWN_NAME.findall(patch))


def own_versions(patch: str) -> frozenset[str]:
    """The versions that a manifest gives its own package."""
    return frozenset(_OWN_VERSION.findall(patch))


def declared_services(patches: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Service -> path, of the names that files give services: OTEL_SERVICE_NAME and the like, in (path, patch)."""
    pattern = re.compile(
        f"(?:{manifests()['service_name']})[\"']?(?:\\s*[:=]\\s*|\\s+value:\\s*)[\"']?([A-Za-z][\\w.-]*)"
    )
    found: dict[str, str] = {}
    for path, patch in patches:
        added = "\n".join(line[1:].strip() for line in patch.splitlines()[:MOST_LINES] if line.startswith("+"))
        for service in pattern.findall(added):
            found.setdefault(service, path)
    return found
