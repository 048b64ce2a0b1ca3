"""A library's commits go live with the deploys that took the library at a new version, and not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deep_code_reasoning.changes.candidates.deployed_ranges import Ride, Rides
from deep_code_reasoning.changes.candidates.services import ServiceMap
from deep_code_reasoning.changes.candidates.shared_libraries import Taken

MOST_STEPS = 4
"""A service takes a library that takes a library: so many steps are followed."""


def with_libraries(
    rides: Mapping[str, Rides],
    deployed: Mapping[str, frozenset[str]],
    taken: Sequence[Taken],
    services: ServiceMap,
    onset: int,
) -> frozenset[str]:
    """Adds to `rides`, by repository, what libraries' commits rode on; `deployed` has an entry where deploys are known.

    Gives the libraries whose way into production is known: what no bump took along was not live.
    """
    known: set[str] = set()
    for _ in range(MOST_STEPS):
        before = len(known)
        known |= {
            one.library.name for one in taken if one.bump.repository in known or deployed.get(one.bump.repository)
        }
        added = 0
        for one in taken:
            is_told = one.bump.repository in known or bool(deployed.get(one.bump.repository))
            by = list(rides[one.bump.repository].get(one.bump.sha, {}).values())
            if not is_told and not by and one.at <= onset:
                by = _undeployed(one, services, onset)
            added += _ride_along(rides[one.library.name], by, one)
        if not added and len(known) == before:
            break
    return frozenset(known)


def _ride_along(rides: Rides, by: Sequence[Ride], one: Taken) -> int:
    """How many went live in a service later than was known before."""
    added = 0
    for sha in one.commits:
        on = rides.setdefault(sha, {})
        for ride in by:
            known = on.get(ride.service)
            if known is None or (not known.is_own and (ride.live_at or 0) > (known.live_at or 0)):
                words = f"in the library {one.library.shown} that {ride.words.removeprefix('in ')} took along"
                on[ride.service] = replace(ride, words=f"{words} ({one.words})", is_own=False)
                added += 1
    return added


def _undeployed(one: Taken, services: ServiceMap, onset: int) -> list[Ride]:
    """The services of a repository of which no deploy is known: not before they took it."""
    names = services.of_repository(one.bump.repository).services
    return [Ride(service, None, onset, f"in {service}", earliest=one.at) for service in sorted(names)]
