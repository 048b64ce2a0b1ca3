"""The commits in production when the incident began: what each changed, whose it is, since when it was live."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.changes import words
from deep_code_reasoning.changes.delta import Delta, delta_of
from deep_code_reasoning.changes.kinds import Kind, kinds_of

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_CANDIDATES = 400


@dataclass(frozen=True)
class Candidate:
    """`services`: as which it was deployed, or whose folders it touches; empty for code that is nobody's or everyone's.

    `rides`: services that took shared code along: their deploys of later commits of the repository.
    """

    sha: str
    repository: str
    service: str | None
    time: int
    live_at: int | None
    message: str
    paths: tuple[str, ...] = ()
    patch: str = ""
    is_later: bool = False
    services: frozenset[str] = frozenset()
    rides: frozenset[str] = frozenset()

    @cached_property
    def delta(self) -> Delta:
        return delta_of(self.patch)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        return kinds_of(self.delta, self.paths)

    @cached_property
    def told(self) -> frozenset[str]:
        """Stems of the message."""
        return words.stems(self.message)

    @cached_property
    def placed(self) -> frozenset[str]:
        """Stems of the paths."""
        return words.stems(" ".join(self.paths))

    @property
    def is_inert(self) -> bool:
        """Documentation, tests, formatting, comments and log lines, staging's settings: nothing that runs changes."""
        if not self.paths:
            return words.is_inert_message(self.message)
        return not words.runs(self.paths) or self.delta.is_empty

    @property
    def is_presentation(self) -> bool:
        return bool(self.paths) and all(map(words.is_presentation, words.runs(self.paths)))

    @property
    def since(self) -> int:
        return self.live_at or self.time


def _sql(part: str = "") -> str:
    path = Path(__file__)
    return path.with_name(f"{path.stem}{part and '_' + part}.sql").read_text(encoding="utf-8")


def candidates_of(tables: Tables, onset: int) -> tuple[list[Candidate], list[Candidate]]:
    """Those that were live at `onset`, and all others of the evidence, which are innocent."""
    everything = [
        Candidate(
            row["sha"],
            row["repository"],
            row["service_name"],
            row["time_unix_nano"],
            row["deployed_at"],
            row["message"],
            tuple(row["paths"] or ()),
            row["patch"] or "",
            bool(row["is_later"]),
        )
        for row in tables.dicts(_sql(), onset=onset, most=MOST_CANDIDATES)
    ]
    names = [name for (name,) in tables.rows(_sql("services"))]
    placed = _placed(_with_service(everything), names, tables.rows(_sql("deploys"), onset=onset))
    live = _live([one for one in placed if not one.is_later])
    told = {(one.repository, one.sha) for one in live}
    return live, [one for one in placed if (one.repository, one.sha) not in told]


def bare(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(service|svc|api)$", "", letters) or letters


def _with_service(candidates: Sequence[Candidate]) -> list[Candidate]:
    """A commit that no deploy names is of the service that its repository's other commits were deployed as."""
    services: dict[str, set[str]] = {}
    for candidate in candidates:
        if candidate.service is not None:
            services.setdefault(candidate.repository, set()).add(candidate.service)
    only = {repository: next(iter(names)) for repository, names in services.items() if len(names) == 1}
    return [
        replace(c, service=c.service or (only.get(c.repository) if not _names_another(c, services) else None))
        for c in candidates
    ]


def _names_another(candidate: Candidate, services: dict[str, set[str]]) -> bool:
    """One service deployed from a repository of many folders of services says nothing about the others."""
    folders = {match[1] for path in candidate.paths if (match := re.match(r"(?:services|apps|cmd)/([^/]+)/", path))}
    known = {bare(name) for names in services.values() for name in names}
    return bool(folders) and not {bare(folder) for folder in folders} & known


def _placed(candidates: Sequence[Candidate], names: Sequence[str], deploys: Sequence[tuple]) -> list[Candidate]:
    by_bare: dict[str, str] = {}
    for name in names:
        by_bare.setdefault(bare(name), name)
    heads = _heads(candidates, deploys)
    placed = []
    for one in candidates:
        folders = {bare(part) for path in one.paths for part in path.split("/")[:-1]}
        repository = bare(one.repository.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"))
        services = {by_bare[part] for part in folders if part in by_bare}
        services |= {by_bare[repository]} if not services and repository in by_bare else set()
        services |= {one.service} if one.service else set()
        rides = [head for head in heads.get(one.repository, ()) if head[1] >= one.time and head[2] >= one.time]
        live_at = one.live_at or min((head[2] for head in rides), default=None)
        placed.append(
            replace(
                one,
                live_at=live_at,
                services=frozenset(services),
                rides=frozenset(head[0] for head in rides if head[0]),
            )
        )
    return placed


def _heads(candidates: Sequence[Candidate], deploys: Sequence[tuple]) -> dict[str, list[tuple[str | None, int, int]]]:
    """By repository: service deployed, when the commit deployed was made, when it was deployed."""
    heads: dict[str, list[tuple[str | None, int, int]]] = {}
    by_sha = {one.sha: one for one in candidates}
    for service, sha, at in deploys:
        one = by_sha.get(sha) or next((c for c in candidates if len(sha) >= 7 and c.sha.startswith(sha)), None)
        if one:
            heads.setdefault(one.repository, []).append((service, one.time, at))
    return heads


def _live(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without commits that are newer than the newest deployed one of their repository: those were not live."""
    newest: dict[str, int] = {}
    for candidate in candidates:
        if candidate.live_at is not None:
            newest[candidate.repository] = max(newest.get(candidate.repository, 0), candidate.time)
    return [c for c in candidates if c.time <= newest.get(c.repository, c.time)]
