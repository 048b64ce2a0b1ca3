"""Which repositories are libraries of which others, and which of their commits a raised version took along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from deep_code_reasoning.changes.candidates.dependency_bumps import Bump, bumps_in, own_names, own_versions
from deep_code_reasoning.changes.candidates.repositories import Repository, address_parts, version_in

SHORTEST_NAME = 3
_RELEASE = re.compile(r"\b(release|version|bump|prepare|tag)", re.IGNORECASE)


@dataclass(frozen=True)
class Taken:
    """`bump`, made at `at`, raised `library` to what these commits brought. `words`: from what to what."""

    library: Repository
    bump: Bump
    at: int
    commits: frozenset[str]
    words: str


@dataclass
class _Names:
    """By which a repository may stand in a manifest, letters and digits alone. `full`: with whom it belongs to."""

    own: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)
    owner: str = ""


class SharedLibraries:
    """`manifests`: (repository, sha, path, patch) of what commits changed in files that name dependencies."""

    def __init__(self, repositories: Sequence[Repository], manifests: Iterable[tuple[str, str, str, str]]) -> None:
        self._repositories = {one.name: one for one in repositories}
        self._names = {one.name: _names_of(one) for one in repositories}
        self._made: dict[str, dict[str, list[str]]] = {}
        self._mentioned: dict[tuple[str, str], set[str]] = {}
        self.bumps: list[Bump] = []
        for name, sha, path, patch in manifests:
            self.bumps += bumps_in(name, sha, path, patch)
            self._names[name].own |= {_plain(own) for own in own_names(patch)} - {""}
            for version in own_versions(patch):
                self._made.setdefault(name, {}).setdefault(version_in(version) or version, []).append(sha)
            self._mentioned.setdefault((name, path), set()).update(own_names(patch))

    def taken(self) -> list[Taken]:
        """Of every bump of a dependency that is one repository of the evidence, the oldest bump first."""
        made = ((one.name, commit) for one in self._repositories.values() for commit in one.commits.values())
        order = {(name, commit.sha): commit.time for name, commit in made}
        bumps = sorted(self.bumps, key=lambda bump: (order.get((bump.repository, bump.sha), 0), bump.path))
        before: dict[tuple[str, str], int] = {}
        found = []
        for bump in bumps:
            at = order.get((bump.repository, bump.sha))
            library = self._library(bump) if at is not None else None
            if library is None or at is None:
                continue
            commits, how = self._brought(library, bump, before.get((bump.repository, library.name)), at)
            before[bump.repository, library.name] = at
            found.append(Taken(library, bump, at, commits, f"{_shown(bump)} in {bump.path}{how}"))
        return found

    def _library(self, bump: Bump) -> Repository | None:
        """The one repository that fits best, None where several do."""
        others = {name: names for name, names in self._names.items() if name != bump.repository}
        if bump.at_commit:
            holding = [one for one in others if self._repositories[one].graph.find(bump.new)]
            return self._repositories[holding[0]] if len(holding) == 1 else None
        if not bump.names:
            return self._by_versions(bump, others)
        fits = {name: max(_fit(word, names) for word in bump.names) for name, names in others.items()}
        best = max(fits.values(), default=0)
        fitting = [name for name, fit in fits.items() if fit == best and best]
        return self._repositories[fitting[0]] if len(fitting) == 1 else None

    def _by_versions(self, bump: Bump, others: Mapping[str, _Names]) -> Repository | None:
        """Maven writes name and version on two lines: of those that the file names, the one with both versions."""
        mentioned = self._mentioned.get((bump.repository, bump.path), set())
        fitting = [
            self._repositories[name]
            for name, names in others.items()
            if any(_fit(word, names) for word in mentioned)
            and all(self._commit_of(self._repositories[name], version) for version in (bump.old, bump.new))
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _brought(self, library: Repository, bump: Bump, before: int | None, at: int) -> tuple[frozenset[str], str]:
        new, old = self._commit_of(library, bump.new), self._commit_of(library, bump.old)
        if new and library.graph.is_known:
            if old or bump.old is None:
                return library.graph.brought(new, old), ""
            brought = library.graph.brought(new, None)
            return (brought & library.by_date(before, at) if before else brought), f", {bump.old} is not known"
        until = library.commits[new].time if new else at
        after = library.commits[old].time if old else before
        return library.by_date(after, until) & library.merged, ", by date"

    def _commit_of(self, library: Repository, version: str | None) -> str | None:
        """By commit id or tag; else the commit that gave the library this version, or that says it released it."""
        if not version:
            return None
        if found := library.of_version(version):
            return found
        wanted = version_in(version)
        commits = library.commits
        made = [sha for sha in self._made.get(library.name, {}).get(wanted or version, ()) if sha in commits]
        if not made and wanted:
            made = [sha for sha, commit in commits.items() if _releases(commit.message, wanted)]
        return min(made, key=lambda sha: (commits[sha].time, sha), default=None)


def _releases(message: str, version: str) -> bool:
    line = message.split("\n", 1)[0]
    return bool(_RELEASE.search(line)) and version in map(version_in, line.split())


def _names_of(repository: Repository) -> _Names:
    names = _Names()
    for address in filter(None, (repository.url, repository.name)):
        parts = address_parts(address)
        if parts:
            names.last.add(_plain(parts[-1]))
        if len(parts) > 1 and address == repository.url:
            names.full.add(_plain("".join(parts[-2:])))
            names.owner = _plain(parts[-2])
    return names


@dataclass(frozen=True)
class _Word:
    """A word of a manifest as names are compared: all of it, its last two parts, its last one and whose that is."""

    whole: str
    ending: str
    last: str
    owner: str


@lru_cache(maxsize=16_384)
def _word(text: str) -> _Word | None:
    parts = [part for part in address_parts(text) if not re.fullmatch(r"v\d+|-", part)]
    plain = [part for part in dict.fromkeys(map(_plain, parts)) if part]
    if not plain or len(plain[-1]) < SHORTEST_NAME:
        return None
    return _Word(_plain("".join(parts)), "".join(plain[-2:]), plain[-1], plain[-2] if len(plain) > 1 else "")


def _fit(text: str, names: _Names) -> int:
    """3: what it calls itself, 2: owner and name, 1: its name alone, unless the word names another owner."""
    word = _word(text)
    if word is None:
        return 0
    if word.whole in names.own:
        return 3
    if word.ending in names.full or (word.owner and word.ending in names.own):
        return 2
    if word.last not in names.last:
        return 0
    foreign = word.owner and names.owner and names.owner not in word.owner and word.owner not in names.owner
    return 0 if foreign else 1


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _shown(bump: Bump) -> str:
    old, new = ((text or "")[:12] if bump.at_commit else text for text in (bump.old, bump.new))
    return f"{old} -> {new}" if old else f"{new}, new"
