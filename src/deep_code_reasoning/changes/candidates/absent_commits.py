"""Commits that were put live and that no history of the evidence has: what such a deploy brought cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.changes.candidates.candidates import MOST_DELAY_NANO
from deep_code_reasoning.changes.candidates.deploys import SHOWN_DIGITS
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

MOST_TOLD = 8


def absent_commits(tables: Tables, onset: int) -> tuple[Unread, ...]:
    """Of the deploys that may have done it, the latest first; nothing where the evidence has no commits at all."""
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    rows = tables.dicts(sql, onset=onset, since=onset - MOST_DELAY_NANO)
    told = [
        Unread(
            f"deploy of {row['service_name'] or 'a service that is not named'}",
            f"commit {row['sha'][:SHOWN_DIGITS]} is in no history that was read (force-pushed, older, of another "
            "branch or repository): what it brought is known by version or date, if at all",
            row["deploys"],
        )
        for row in rows[:MOST_TOLD]
    ]
    if rest := rows[MOST_TOLD:]:
        count = sum(row["deploys"] for row in rest)
        told.append(Unread("deploys", "older ones of commits that are in no history that was read", count))
    return tuple(told)
