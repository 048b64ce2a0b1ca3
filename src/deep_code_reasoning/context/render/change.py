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


def deploys(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        known = [row[name] for name in ("environment", "version", "artifact", "sha", "description") if row[name]]
        lines.append(f"{iso(row['time_unix_nano'])} {row['kind']} {row['service_name'] or '?'} · {' · '.join(known)}")
    return "\n".join(lines) + "\n"
