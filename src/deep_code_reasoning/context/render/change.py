"""Commits with their diffs, and deploys, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deep_code_reasoning.incident import iso


def commit(change: Mapping[str, Any], files: Sequence[Mapping[str, Any]], reasons: Sequence[str]) -> str:
    lines = [f"{iso(change['time_unix_nano'])} by {change['author_name'] or '?'}"]
    lines += [f"ranked because: {reason}" for reason in reasons]
    lines += ["", *("    " + line for line in change["message"].rstrip().splitlines()), ""]
    for file in files:
        renamed = f" (was {file['old_path']})" if file["old_path"] else ""
        lines.append(f"{file['status']} {file['path']}{renamed} +{file['insertions'] or 0} -{file['deletions'] or 0}")
        if file["patch"]:
            lines += file["patch"].rstrip().splitlines()
    return "\n".join(lines) + "\n"


_PLAINLY = {"failed": "failed, did not go live:", "inactive": "no longer live, replaced by another:"}


def deploys(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        told = {**row, "sha": f"{row['previous_sha']} -> {row['sha'] or '?'}" if row["previous_sha"] else row["sha"]}
        named = ("environment", "version", "artifact", "repository", "sha", "description")
        known = [told[name] for name in named if told[name]]
        kind = _PLAINLY.get(row["kind"], row["kind"])
        lines.append(f"{iso(row['time_unix_nano'])} {kind} {row['service_name'] or '?'} · {' · '.join(known)}")
    return "\n".join(lines) + "\n"
