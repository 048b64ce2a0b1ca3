"""Changes in columns of plain names, of a table or of flat JSON: which column is what, and the row that they make.

The names are in plain_columns.toml. A table is taken only where its cells say what its header promises: times that are
times, commits that are commit ids, or flags with what they became.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from deep_code_reasoning.sources.changes.deploy import Deploy, change_nanos, repository_in, sha_in
from deep_code_reasoning.sources.changes.image import commit_in_tag, image_of

NO_TIME = "change without a time that can be read"
NO_COMMIT = "commit without a commit id"
NOTHING_CHANGED = "change that names no service, version, commit, repository or flag"

_NOTHING = frozenset({"", "null", "none", "nil", "n/a", "na", "nan", "-", "undefined"})
_WORDS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
_FEW = 4  # rows from which on one commit in all of them is the build that writes, not what was deployed


class Commit(NamedTuple):
    sha: str
    repository: str | None
    author: str | None
    time_unix_nano: int
    message: str


@dataclass(frozen=True)
class Columns:
    """`places`: the columns of each role, the best first, by their name as the file has it."""

    places: Mapping[str, tuple[str, ...]]
    tells_commits: bool


@cache
def _names() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("plain_columns.toml").read_text(encoding="utf-8"))


def normalised(name: str) -> str:
    return "_".join(part for part in _WORDS.split(name) if part).lower()


@lru_cache(maxsize=1024)
def columns_of(names: tuple[str, ...]) -> Columns | None:
    """None where there is no time, or a column that only something else has."""
    plain = {normalised(name): name for name in reversed(names)}
    if plain.keys() & set(_names()["told"]["other"]):
        return None
    roles = {role: tuple(plain[one] for one in told if one in plain) for role, told in _names()["roles"].items()}
    places = {role: found for role, found in roles.items() if found}
    if "time" not in places:
        return None
    is_deploy = plain.keys() & set(_names()["told"]["deploy_times"]) or places.keys() & {
        *("version", "environment", "artifact", "previous_sha", "flag", "before", "after", "status", "kind")
    }
    return Columns(places, "sha" in places and "description" in places and "author" in places and not is_deploy)


def claim(names: tuple[str, ...], rows: Sequence[Mapping[str, str]]) -> int:
    """How sure it is that these are changes: 0, or 78 to 82."""
    columns = columns_of(names)
    if columns is None or not rows:
        return 0
    cells = {role: [_first(row, names) for row in rows] for role, names in columns.places.items()}
    if not _half([_time(row, columns) is not None for row in rows]):
        return 0
    has = cells.keys()
    commits = [sha_in(cell) for cell in cells.get("sha", ()) if cell]
    if _half([sha is not None for sha in commits]):
        varies = len(rows) < _FEW or len(set(commits)) * 4 >= len(rows)
        if varies and has & {"service", "version", "repository", "description", "author", "environment"}:
            return 82
    if any(cells.get("flag", ())) and has & {"before", "after", "kind", "description", "status"}:
        return 82
    if _measures(names, rows):
        return 0
    kinds = [_kind(cell) for cell in cells.get("kind", ()) if cell]
    if (
        kinds
        and _mostly([kind not in (None, "failed") for kind in kinds])
        and has & {"service", "repository", "description"}
    ):
        return 80
    is_deploy = {normalised(name) for name in columns.places["time"]} & set(_names()["told"]["deploy_times"])
    return 78 if "version" in has and "service" in has and (is_deploy or "description" not in has) else 0


def _measures(names: tuple[str, ...], rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether a column of another name holds numbers, as a table of metrics does."""
    columns = columns_of(names)
    known = {name for found in columns.places.values() for name in found} if columns else set()
    rest = [name for name in names if name not in known and normalised(name) not in _names()["told"]["numbers"]]
    filled = [[cell for row in rows if (cell := row.get(name, "").strip())] for name in rest]
    return any(cells and _mostly([bool(_NUMBER.fullmatch(cell)) for cell in cells]) for cells in filled)


def change_of(row: Mapping[str, str], columns: Columns, offset: int, number: int) -> Deploy | Commit | str:
    """The row that the cells make, or why they make none. `number` tells apart rows that have no id."""
    time = _time(row, columns)
    if time is None:
        return NO_TIME
    told = {role: _first(row, names) for role, names in columns.places.items()}
    sha = sha_in(*(row.get(name) for name in columns.places.get("sha", ())))
    repository = repository_in(told.get("repository"))
    if columns.tells_commits:
        message = told.get("description") or ""
        return Commit(sha, repository or told.get("service"), told.get("author"), time, message) if sha else NO_COMMIT
    version, artifact, flag = told.get("version"), told.get("artifact"), told.get("flag")
    image = image_of(artifact) if artifact else None
    if not any((told.get("service"), version, sha, repository, flag, artifact, told.get("description"))):
        return NOTHING_CHANGED
    version = version or (image.version if image else None)
    became = f"{told.get('before') or 'nothing'} -> {told.get('after') or 'nothing'}"
    return Deploy(
        told.get("id") or f"change-{number}",
        time,
        told.get("service"),
        told.get("environment"),
        _kind_of(told),
        version,
        flag or artifact,
        sha or (image.sha if image else None) or commit_in_tag(version),
        repository,
        sha_in(told.get("previous_sha")),
        became if told.get("before") or told.get("after") else told.get("description") or told.get("kind"),
        offset,
    )


def _kind_of(told: Mapping[str, str | None]) -> str:
    status, kind = _kind(told.get("status")), _kind(told.get("kind"))
    if "failed" in (status, kind):
        return "failed"
    if told.get("flag"):
        return "flag"
    return kind or ("deployed" if any(map(told.get, ("version", "sha", "artifact"))) else "annotation")


@lru_cache(maxsize=1024)
def _kind(cell: str | None) -> str | None:
    word = normalised(cell or "")
    parts = {word, word.partition("_")[0], word.rpartition("_")[2]}
    return next((kind for kind, words in _names()["kinds"].items() if parts & set(words)), None)


def _time(row: Mapping[str, str], columns: Columns) -> int | None:
    """Of the first column that holds one; a day and a time of day in two columns count together."""
    cells = {normalised(name): row.get(name, "") for name in columns.places["time"]}
    together = f"{cells['date']} {cells['time']}" if {"date", "time"} <= cells.keys() else None
    return change_nanos(together, *cells.values())


def _first(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    cells = (row.get(name, "").strip() for name in names)
    return next((cell for cell in cells if cell.lower() not in _NOTHING), None)


def _half(answers: Sequence[bool]) -> bool:
    return sum(answers) * 2 >= len(answers) > 0


def _mostly(answers: Sequence[bool]) -> bool:
    return sum(answers) * 10 >= len(answers) * 8 > 0
