"""One row of `deploys`, and how the members of a feed's JSON become its columns: what is of another kind is nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from deep_code_reasoning.sources.instants import any_nanos

EARLIEST = 946_684_800_000_000_000  # 2000: what is older is a clock that was never set, or no time
LATEST = 4_102_444_800_000_000_000  # 2100
LONGEST_ADDRESS = 2_000  # characters
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Deploy(NamedTuple):
    """The columns of `deploys` in their order; what each means is told in store/schema/08_deploys.sql."""

    deploy_id: str
    time_unix_nano: int
    service_name: str | None
    environment: str | None
    kind: str
    version: str | None
    artifact: str | None
    sha: str | None
    repository: str | None
    previous_sha: str | None
    description: str | None
    source_offset: int


def inner(value: Any, *path: str) -> dict[str, Any]:
    """The object that lies under `path`; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the list `name`."""
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(*values: Any) -> str | None:
    """The first that is a text with something in it, or a whole number."""
    for value in values:
        if isinstance(value, str) and (plain := value.strip()):
            return plain
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def sha_in(*values: Any) -> str | None:
    """The first that can be a commit id: 7 to 64 hexadecimal digits, in lower case."""
    for value in values:
        if isinstance(value, str) and _SHA.fullmatch(value.strip()):
            return value.strip().lower()
    return None


def change_nanos(*values: Any) -> int | None:
    """Nanoseconds since 1970 of the first that can be read; epochs in s, ms, us or ns, and all of ISO 8601.

    A time without a zone is UTC, a day alone its first instant. Outside 2000 to 2100 it is no time of a change.
    """
    for value in values:
        found = any_nanos(value) or _any_nanos(value)
        if found and EARLIEST <= found[0] < LATEST:
            return found[0]
    return None


def _any_nanos(value: Any) -> tuple[int, bool] | None:
    """Forms that logs do not have: without seconds or separators, weeks, days alone; Go's; numbers with an exponent."""
    if not isinstance(value, str) or not 8 <= len(plain := value.strip()) <= 64:
        return None
    plain = re.sub(r" [+-]\d{4} [A-Z]{3,4}$", lambda zone: zone[0][1:6], plain)  # `+0000 UTC`
    try:
        moment = datetime.fromisoformat(plain)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000, True
    except (ValueError, OverflowError):
        pass
    try:
        return any_nanos(plain) or any_nanos(float(plain))
    except (ValueError, OverflowError):
        return None


def repository_in(*values: Any) -> str | None:
    """The first that names a repository: a URL without what stands for a user in it, or `owner/name`."""
    for value in values:
        if (found := text(value)) and len(found) <= LONGEST_ADDRESS:
            return re.sub(r"(?<=://)[^/@\s]*@", "", found)
    return None


def owner_and_name(url: Any, part: str = "") -> str | None:
    """`owner/name` of a repository's address, or of that of a `part` (a regular expression) of it."""
    if not isinstance(url, str) or len(url) > LONGEST_ADDRESS:
        return None
    end = f"/{part}" if part else "/?$"
    found = re.search(rf"://[^/]+/(?:api/v\d/)?(?:repos/)?([^?#]+?){end}", url)
    return found[1] if found else None
