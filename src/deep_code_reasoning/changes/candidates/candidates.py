"""The commits in production when the incident began: those that the deploys before it brought, and how.

A commit is a candidate when a service took it along before the onset and no longer than MOST_DELAY_NANO before it: by a
deploy of its repository, or as part of a library that a deploy took at a new version. Of a repository of which no
deploy is known its commits up to the onset are. With a regressed path only services on it count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.candidates.dependency_bumps import declared_services, manifests
from deep_code_reasoning.changes.candidates.deployed_ranges import ANYONE, Ride, Rides, by_repository, rides_of
from deep_code_reasoning.changes.candidates.deploys import Deploy, joined, unfed
from deep_code_reasoning.changes.candidates.library_rides import with_libraries
from deep_code_reasoning.changes.candidates.packages import with_commits
from deep_code_reasoning.changes.candidates.regressed_path import RegressedPath
from deep_code_reasoning.changes.candidates.repositories import Commit, Repository, repositories_of
from deep_code_reasoning.changes.candidates.services import FEED, Belonging, Evidence, ServiceMap
from deep_code_reasoning.changes.candidates.shared_libraries import SharedLibraries

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_COMMITS = 2_000
"""So many are looked at unless told otherwise, those that went live last first."""

MOST_OF_ONE = 5_000
"""Older commits of a repository are taken for not read: ancestry costs the square of their number."""

MOST_DELAY_NANO = 30 * 86_400_000_000_000
"""What has been live for longer did no harm for longer. A guess, not calibrated; the prior falls with age before it."""


@dataclass(frozen=True)
class _Known:
    """What is known of the commits of all repositories."""

    repositories: Sequence[Repository]
    services: ServiceMap
    rides: Mapping[str, Rides]
    deployed: Mapping[str, frozenset[str]]
    """Repository -> the services that its own deploys name."""
    libraries: frozenset[str]
    """Repositories that a deployed one took at a version of which the commits are known."""
    raised: Mapping[str, Sequence[str]]
    """Commit -> what it raised, in words."""


def candidates_of(
    tables: Tables,
    onset: int,
    *,
    path: RegressedPath | None = None,
    repositories: Mapping[str, str] | None = None,
    delay: int = MOST_DELAY_NANO,
    most: int = MOST_COMMITS,
) -> tuple[list[Candidate], list[Candidate]]:
    """Those that may be to blame for what began at `onset`, and all others of the evidence, which are innocent.

    `repositories`: which service a repository or folder is, as set by the user. `delay`: in nanoseconds.
    `most`: commits in all, those that went live last first.
    """
    known = _known(tables, onset, repositories)
    chosen = _chosen(known, onset)[:most]
    shas = [commit.sha for _, commit in chosen]
    contents = {(row["repository"], row["sha"]): row for row in tables.dicts(_sql(), shas=shas)} if shas else {}
    live, others = [], []
    for repository, commit in chosen:
        row = contents.get((commit.repository, commit.sha), {})
        paths = tuple(row.get("paths") or ())
        belonging = _belonging(known, repository, paths)
        one = _candidate(known, repository, commit, belonging, paths, row.get("patch") or "")
        placed = _live(one, known, repository, belonging, onset, delay, path)
        (others if placed is None else live).append(placed or replace(one, is_later=commit.time > onset))
    live.sort(key=lambda one: (-one.since, one.sha))
    return live, others


def _sql(part: str = "") -> str:
    path = Path(__file__)
    return path.with_name(f"{path.stem}{part and '_' + part}.sql").read_text(encoding="utf-8")


def _known(tables: Tables, onset: int, setting: Mapping[str, str] | None) -> _Known:
    repositories = repositories_of(tables.dicts(_sql("commits"), most_of_one=MOST_OF_ONE))
    holder = {commit.repository: one for one in repositories for commit in one.commits.values()}
    resources, feed = tables.dicts(_sql("resources")), tables.dicts(_sql("deploys"), onset=onset)
    if services_seen := unfed(resources, feed):
        seen = tables.dicts(_sql("versions"), services=services_seen, onset=onset)
        feed += [row | {"artifact": None, "previous_sha": None, "is_seen": True} for row in seen]
    feed = with_commits(feed, tables.dicts(_sql("packages")))
    changed = tables.dicts(_sql("manifests"), **manifests())
    environments = frozenset(row["deployment_environment_name"] for row in resources) - {None}
    evidence = Evidence(
        repositories,
        resources,
        joined(feed, repositories, {}, environments),
        [name for (name,) in tables.rows(_sql("services"))],
        setting,
        _declared(changed, holder),
    )
    services = ServiceMap(evidence)
    deploys = evidence.deploys
    if any(deploy.sha is None for deploy in deploys):  # by version, now that the repositories of services are known
        deploys = joined(feed, repositories, services.repositories_by_service(repositories), environments)
    libraries = SharedLibraries(
        repositories,
        [
            (holder[row["repository"]].name, row["sha"], row["path"], row["patch"])
            for row in changed
            if len(repositories) > 1
            and row["repository"] in holder
            and (row["names_dependencies"] or "Subproject commit" in row["patch"])
        ],
    ).taken()
    begins = min((row["time_unix_nano"] for row in feed if not row.get("is_seen")), default=onset)
    of = by_repository(_with_service(deploy, services) for deploy in deploys)
    rides = {one.name: rides_of(one, of.get(one.name, ()), begins) for one in repositories}
    deployed = {name: frozenset(deploy.service or ANYONE for deploy in told) for name, told in of.items()}
    on_the_way = with_libraries(rides, deployed, libraries, services, onset)
    raised: dict[str, list[str]] = {}
    for taken in libraries:
        raised.setdefault(taken.bump.sha, []).append(f"{taken.library.shown} {taken.words}")
    return _Known(repositories, services, rides, deployed, on_the_way, raised)


def _with_service(deploy: Deploy, services: ServiceMap) -> Deploy:
    if deploy.service or not deploy.repository:
        return deploy
    return replace(deploy, service=services.of_repository(deploy.repository.name).only)


def _declared(changed: Iterable[Mapping], holder: Mapping[str, Repository]) -> dict[str, dict[str, str]]:
    patches: dict[str, list[tuple[str, str]]] = {}
    for row in changed:
        if not row["names_dependencies"] and row["repository"] in holder:
            patches.setdefault(holder[row["repository"]].name, []).append((row["path"], row["patch"]))
    return {name: declared_services(told) for name, told in patches.items()}


def _chosen(known: _Known, onset: int) -> list[tuple[Repository, Commit]]:
    """Those that rode along first, the latest deploy first, then those made before the onset, then the rest: later ones
    and those of other branches."""

    def order(pair: tuple[Repository, Commit]) -> tuple[int, int, str]:
        repository, commit = pair
        rides = known.rides[repository.name].get(commit.sha, {}).values()
        at = max((ride.live_at or ride.earliest or commit.time for ride in rides), default=commit.time)
        is_out = commit.time > onset or commit.sha not in repository.merged
        return (0 if rides else 2 if is_out else 1), -at, commit.sha

    everything = [(repository, commit) for repository in known.repositories for commit in repository.commits.values()]
    return sorted(everything, key=order)


def _belonging(known: _Known, repository: Repository, paths: tuple[str, ...]) -> Belonging:
    """A folder of a library may be called like a service and is not one."""
    whole = known.services.of_repository(repository.name)
    if repository.name in known.libraries and not whole.services:
        return whole
    return known.services.of_paths(repository.name, paths)


def _candidate(
    known: _Known, repository: Repository, commit: Commit, belonging: Belonging, paths: tuple[str, ...], patch: str
) -> Candidate:
    rides = known.rides[repository.name].get(commit.sha, {})
    own = min((ride.service for ride in rides.values() if ride.is_own and ride.service), default=None)
    service = commit.service or own or belonging.only
    services = belonging.services | ({service} if service else frozenset())
    return Candidate(
        commit.sha,
        commit.repository,
        service,
        commit.time,
        None,
        commit.message,
        paths,
        patch,
        services=services,
        rides=frozenset(service for service in rides if service != ANYONE),
    )


def _live(
    one: Candidate,
    known: _Known,
    repository: Repository,
    belonging: Belonging,
    onset: int,
    delay: int,
    path: RegressedPath | None,
) -> Candidate | None:
    """The candidate with since when and why, or None where it cannot be to blame."""
    deployed = known.deployed.get(repository.name, frozenset())
    rides = list(known.rides[repository.name].get(one.sha, {}).values())
    if not rides and not deployed and repository.name not in known.libraries:
        if (
            one.time > onset
            or one.sha not in repository.merged
            or (path and one.services and not one.services & path.services)
        ):
            return None
        return replace(one, because=_because(known, one, belonging, (), onset, path))
    if belonging.services & deployed:  # others that took the repository along do not count
        rides = [ride for ride in rides if ride.service in one.services or ride.service == ANYONE]
    rides = [ride for ride in rides if ride.latest >= onset - delay]
    if path:
        rides = [ride for ride in rides if ride.service == ANYONE or ride.service in path.services]
    if not rides:
        return None
    rides.sort(key=lambda ride: (not ride.is_own, ride.live_at is None, ride.live_at or 0, ride.service))
    unknown = rides[0].live_at is None
    return replace(
        one,
        live_at=rides[0].live_at,
        earliest=rides[0].earliest or min(one.time, rides[0].latest) if unknown else None,
        rides=frozenset(ride.service for ride in rides if ride.service != ANYONE),
        live_in=tuple((ride.service, ride.live_at) for ride in rides if ride.live_at is not None),
        because=_because(known, one, belonging, rides, onset, path),
    )


MOST_TOLD = 3


def _because(
    known: _Known,
    one: Candidate,
    belonging: Belonging,
    rides: Sequence[Ride],
    onset: int,
    path: RegressedPath | None,
) -> tuple[str, ...]:
    told = [f"{ride.words}, {_when(ride, onset)}" for ride in rides[:MOST_TOLD]]
    if not rides:
        made = ago(onset - one.time)
        told = [f"no deploy of {_short(one.repository)} is known; committed {made} before the onset"]
    if len(rides) > MOST_TOLD:
        told.append(f"and in {len(rides) - MOST_TOLD} other services")
    told += [f"raises {what}" for what in known.raised.get(one.sha, ())]
    if belonging.how and belonging.how != FEED:
        told.append(f"it is of {', '.join(sorted(belonging.services))} by {belonging.how}")
    if path:
        on_path = [ride.service for ride in rides] or sorted(one.services)
        told += [path.words(service) for service in on_path[:MOST_TOLD] if path.hops(service) is not None]
    return tuple(told)


def _when(ride: Ride, onset: int) -> str:
    if ride.live_at is None:
        return "live before or since then"
    back = f", until {ago(onset - ride.until)} before it" if ride.until is not None else ""
    return f"live {ago(onset - ride.live_at)} before the onset{back}"


def _short(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1]


def ago(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
