"""Which commits of a repository run in production, by the deploys of the evidence: the files on disk may be others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.changes.candidates.deploys import Deploy, joined
from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.manifest import Deployed
from deep_code_reasoning.context.source_trees import run

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_DEPLOYS = 2_000
MOST_SERVICES = 50
_SHA = re.compile(r"[0-9a-f]{7,64}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,80}")
_SHOWN = 12


def latest_deploys(tables: Tables) -> list[Deploy]:
    """The last one of each service in each environment that users depend on, the latest first."""
    rows = joined(tables.dicts(query("live_deploys"), most=MOST_DEPLOYS), [], {})
    latest: dict[tuple[str | None, str | None], Deploy] = {}
    for deploy in rows:
        latest.setdefault((deploy.service, deploy.environment), deploy)
    return list(latest.values())[:MOST_SERVICES]


def deployed_from(git: Path, deploys: Sequence[Deploy], services: Sequence[str]) -> Iterator[Deployed]:
    """Those whose commit is in this repository: by the id they name, else by a tag that is called as the version, for
    `services` alone, as other repositories have tags of that name too."""
    for deploy in deploys:
        commit = _commit(git, deploy, is_own=deploy.service in services)
        if commit:
            time = datetime.fromtimestamp(deploy.time / 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield Deployed(deploy.service or "", commit, deploy.version or "", time)


def _commit(git: Path, deploy: Deploy, *, is_own: bool) -> str | None:
    told = (deploy.told or "").lower()
    if _SHA.fullmatch(told):
        return _resolved(git, told)
    version = deploy.version or ""
    if not is_own or not _VERSION.fullmatch(version):
        return None
    return _resolved(git, f"refs/tags/{version}") or _resolved(git, f"refs/tags/v{version}")


def _resolved(git: Path, name: str) -> str | None:
    return run(git, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}") or None


def difference(git: Path, head: str, deployed: Sequence[Deployed]) -> str:
    """What to say where other commits than `head` are live: both, and how far apart they are. Empty where none is."""
    others: dict[str, list[Deployed]] = {}
    for one in deployed:
        if one.commit != head:
            others.setdefault(one.commit, []).append(one)
    if not others:
        return ""
    said = [f"{_runs(told)}, {_apart(git, commit, head)}" for commit, told in others.items()]
    return f"the code shown is of HEAD {head[:_SHOWN]}, but {'; '.join(said)}"


def _runs(told: Sequence[Deployed]) -> str:
    services = ", ".join(dict.fromkeys(one.service or "?" for one in told))
    version = f" as {told[0].version}" if told[0].version else ""
    return f"{services} went live at {told[0].commit[:_SHOWN]}{version} ({told[0].time})"


def _apart(git: Path, commit: str, head: str) -> str:
    counted = (run(git, "rev-list", "--left-right", "--count", f"{commit}...{head}") or "").split()
    if len(counted) != 2:
        return "no known number of commits apart"
    behind, ahead = (int(count) for count in counted)
    if behind and ahead:
        return f"which has {_commits(behind)} that HEAD has not; HEAD has {ahead} that it has not"
    return f"{_commits(ahead)} before HEAD" if ahead else f"{_commits(behind)} after HEAD"


def _commits(count: int) -> str:
    return f"{count:,} commit{'' if count == 1 else 's'}"
