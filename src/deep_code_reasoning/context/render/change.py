"""Commits with their diffs, and deploys, as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deep_code_reasoning.changes.candidates.same_file import same_file
from deep_code_reasoning.finding import RankedChange
from deep_code_reasoning.incident import iso

_LONGEST_LINE = 400
_PLAINLY = {"failed": "failed, did not go live:", "inactive": "no longer live, replaced by another:"}
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")


def commit(change: Mapping[str, Any], files: Sequence[Mapping[str, Any]], ranked: RankedChange | None = None) -> str:
    """With what the ranking says; the line where the change does what it did is marked in its diff."""
    lines = [f"{iso(change['time_unix_nano'])} by {change['author_name'] or '?'}"]
    place = ranked.location if ranked else None
    if ranked:
        lines += [f"ranked because: {reason}" for reason in ranked.reasons]
        lines += [f"less likely than the first: {reason}" for reason in ranked.why_not]
        if place:
            function = f" in {place.function}" if place.function else ""
            lines.append(f"does it at {place.file}:{place.line or '?'}{function}")
        if ranked.effect:
            lines.append(f"effect, by {ranked.effect.finding}: {ranked.effect.what}")
    lines += ["", *("    " + line for line in change["message"].rstrip().splitlines()), ""]
    for file in files:
        renamed = f" (was {file['old_path']})" if file["old_path"] else ""
        lines.append(f"{file['status']} {file['path']}{renamed} +{file['insertions'] or 0} -{file['deletions'] or 0}")
        if file["patch"]:
            here = place.line if place and same_file(file["path"], place.file) else None
            lines += _patch(file["patch"].rstrip().split("\n"), here)
    return "\n".join(lines) + "\n"


def _patch(lines: Sequence[str], marked: int | None) -> Iterator[str]:
    number = 0  # of the file afterwards
    for line in lines:
        if hunk := _HUNK.match(line):
            number = int(hunk[1])
            yield line[:_LONGEST_LINE]
            continue
        shown = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
        is_there = not line.startswith(("-", "\\"))
        yield shown + ("  ◄ here" if is_there and number == marked else "")
        number += is_there


def deploys(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        told = {**row, "sha": f"{row['previous_sha']} -> {row['sha'] or '?'}" if row["previous_sha"] else row["sha"]}
        named = ("environment", "version", "artifact", "repository", "sha", "description")
        known = [told[name] for name in named if told[name]]
        kind = _PLAINLY.get(row["kind"], row["kind"])
        lines.append(f"{iso(row['time_unix_nano'])} {kind} {row['service_name'] or '?'} · {' · '.join(known)}")
    return "\n".join(lines) + "\n"
