"""What each deploy brought: the commits between the one that ran before and the one it put live, by parents.

Dates decide only where parents cannot: a commit that is not in the history that was read (force-pushed, on a branch
that is not here, beyond a shallow clone's end), or lists of commits that name no parents. It is said then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from deep_code_reasoning.changes.candidates.deploys import SHOWN_DIGITS, Deploy
from deep_code_reasoning.changes.candidates.repositories import Repository

ANYONE = ""
"""The service of a deploy that names none."""


@dataclass(frozen=True)
class Ride:
    """How a commit got into a service.

    `live_at`: None where it may have been live before the first deploy that is known; `earliest` and `latest` are then
    all that is known, and None is when the commit was made. `until`: when a roll-back took it
    out again. `is_own`: this deploy is of this very commit.
    """

    service: str
    live_at: int | None
    latest: int
    words: str
    until: int | None = None
    is_own: bool = False
    earliest: int | None = None


Rides = dict[str, dict[str, Ride]]
"""sha -> service -> the last time it went live there."""


def rides_of(repository: Repository, deploys: Sequence[Deploy], feed_begins: int) -> Rides:
    """`deploys`: in order of time, of this repository alone. `feed_begins`: before that no deploy was written down."""
    streams: dict[tuple[str, str | None], list[Deploy]] = {}
    for deploy in deploys:
        streams.setdefault((deploy.service or ANYONE, deploy.environment), []).append(deploy)
    rides: Rides = {}
    for (service, _), stream in streams.items():
        for sha, ride in _rides_in(stream, repository, service, feed_begins).items():
            known = rides.setdefault(sha, {}).get(service)
            rides[sha][service] = min(known, ride, key=_first) if known else ride
    return rides


def _first(ride: Ride) -> tuple[bool, int]:
    """Of several environments the one where it is still live, and where it went live first."""
    return ride.until is not None, ride.live_at or ride.latest


def _rides_in(stream: Sequence[Deploy], repository: Repository, service: str, feed_begins: int) -> dict[str, Ride]:
    """sha -> the last time it went live, of the deploys of one service to one environment."""
    rides: dict[str, Ride] = {}
    before: Deploy | None = None
    for deploy in stream:
        if not repository.graph.is_known:
            _ride_by_date(rides, repository, service, deploy)
        elif deploy.sha is None:
            _ride_unknown(rides, repository, service, deploy, before)
        else:
            _ride(rides, repository, service, deploy, _seen_before(deploy, before), feed_begins)
        before = deploy
    return rides


def _seen_before(deploy: Deploy, before: Deploy | None) -> Deploy | None:
    """What ran before, by the deploy itself where it says so."""
    if deploy.told_previous is None or (before and before.sha and before.sha == deploy.previous):
        return before
    time = before.time if before else deploy.time
    return Deploy(time, deploy.service, None, None, deploy.told_previous, deploy.repository, deploy.previous)


def _ride(
    rides: dict[str, Ride],
    repository: Repository,
    service: str,
    deploy: Deploy,
    before: Deploy | None,
    feed_begins: int,
) -> None:
    assert deploy.sha
    old = before.sha if before else None
    brought = repository.graph.brought(deploy.sha, old)
    words = f"in {_step(service, before, deploy)}" + (", by its telemetry" if deploy.is_seen else "")
    if before is None:
        words += ", the first deploy known"
    elif old is None:
        words += f", by date, since {_absent(before)}"
        if before.time < deploy.time:
            until = max(deploy.time, repository.commits[deploy.sha].time)
            brought = brought & repository.by_date(before.time, until) | {deploy.sha}
    for sha in brought:
        is_own = sha == deploy.sha and not (deploy.is_seen and before is None)
        is_certain = before is not None or is_own or repository.commits[sha].time >= feed_begins
        rides[sha] = Ride(service, deploy.time if is_certain else None, deploy.time, words, None, is_own)
    if old is not None:
        for sha in repository.graph.brought(old, deploy.sha) & rides.keys():
            rides[sha] = replace(rides[sha], until=deploy.time, words=f"{rides[sha].words}, taken back")


def _ride_unknown(
    rides: dict[str, Ride], repository: Repository, service: str, deploy: Deploy, before: Deploy | None
) -> None:
    words = f"in {_step(service, before, deploy)}, by date, since {_absent(deploy)}"
    for sha in repository.by_date(before.time if before else None, deploy.time) & repository.merged:
        rides[sha] = Ride(service, deploy.time if before else None, deploy.time, words)


def _ride_by_date(rides: dict[str, Ride], repository: Repository, service: str, deploy: Deploy) -> None:
    """The first deploy, of a commit at least as new, takes a commit along."""
    made = repository.commits[deploy.sha].time if deploy.sha else deploy.time
    own = f"in {_step(service, None, deploy)}"
    for sha in repository.by_date(None, made):
        if sha == deploy.sha and not (sha in rides and rides[sha].is_own):
            rides[sha] = Ride(service, deploy.time, deploy.time, own, None, is_own=True)
        elif sha not in rides:
            words = f"{own}, by date, since the commits name no parents"
            rides[sha] = Ride(service, deploy.time, deploy.time, words)


def _step(service: str, before: Deploy | None, after: Deploy) -> str:
    label = f"{before.label} -> {after.label}" if before and before.label else after.label
    return " ".join(part for part in (service or "a deploy", label) if part)


def _absent(deploy: Deploy) -> str:
    if deploy.told is None:
        return "the deploy names no commit"
    return f"{deploy.told[:SHOWN_DIGITS]} is not in the history read (force-pushed, older, or of another branch)"


def by_repository(deploys: Iterable[Deploy]) -> dict[str, list[Deploy]]:
    found: dict[str, list[Deploy]] = {}
    for deploy in deploys:
        if deploy.repository is not None:
            found.setdefault(deploy.repository.name, []).append(deploy)
    return found
