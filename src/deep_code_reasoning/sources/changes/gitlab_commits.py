"""Commits as GitLab's REST API answers them: lists, single ones, comparisons, with diffs where they were asked for.

Source: GitLab REST API v4, "Commits" and "Repositories" (compare). The diff of a commit is a list of its own
(`/repository/commits/:sha/diff`); a commit that holds it as `diffs` or `diff` has its files told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.changes.commit_rows import CommitRows, changed_lines, counted
from deep_code_reasoning.sources.changes.deploy import inner, objects, owner_and_name, sha_in, text
from deep_code_reasoning.sources.changes.entries import entries, names_all
from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.changes.entries import Entry

NOT_A_COMMIT = "JSON that is not a commit of GitLab's API"
NO_TIME = "commit without a time that can be read"
NO_PATH = "changed file without a name (the commit is kept)"
WHOSE_FILES = "changed files of a comparison, which does not tell the commit of each"

_CLAIM = (
    re.compile(rb'"id"\s*:\s*"[0-9a-f]{40,64}"'),
    re.compile(rb'"(?:short_id|parent_ids)"\s*:'),
    re.compile(rb'"(?:committed_date|authored_date|created_at)"\s*:'),
)


class GitLabCommits:
    name = "gitlab-commits"
    accepts = "commits as JSON of GitLab's API (lists, single ones, a comparison's, with diffs)"

    def claims(self, sample: Sample) -> int:
        return 91 if names_all(sample, _CLAIM) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        rows = CommitRows()
        unnamed = PurePath(stream.name).name.split(".")[0]
        for entry in entries(stream):
            if isinstance(entry, Skipped):
                yield entry
                continue
            for problem in _add(entry, unnamed, rows):
                yield Skipped(entry.line, entry.offset, problem)
            yield from rows.full()
        yield from rows.rest()


READER = GitLabCommits()


def _add(entry: Entry, unnamed: str, rows: CommitRows) -> Iterator[str]:
    """What is missing of a commit, or of the commits of a comparison."""
    value = entry.value
    compared = objects(value, "commits") if isinstance(value, dict) and "short_id" not in value else []
    if not compared:
        yield from _add_commit(value, entry.offset, unnamed, rows)
        return
    files = objects(value, "diffs")
    if files and len(compared) == 1:
        compared = [{**compared[0], "diffs": files}]
    elif files:
        yield WHOSE_FILES
    for commit in compared:
        yield from _add_commit(commit, entry.offset, unnamed, rows)


def _add_commit(commit: Any, offset: int, unnamed: str, rows: CommitRows) -> Iterator[str]:
    sha = sha_in(commit.get("id")) if isinstance(commit, dict) else None
    if sha is None or not isinstance(commit.get("message", commit.get("title")), str):
        yield NOT_A_COMMIT
        return
    authored, committed = any_nanos(commit.get("authored_date")), any_nanos(commit.get("committed_date"))
    time = committed or any_nanos(commit.get("created_at")) or authored
    if time is None:
        yield NO_TIME
        return
    diffs = objects(commit, "diffs") or objects(commit, "diff")
    files = [_file(diff) for diff in diffs]
    named = [file for file in files if file]
    stats = inner(commit, "stats")
    parents = commit.get("parent_ids")
    rows.add_commit(
        sha=sha,
        repository=owner_and_name(commit.get("web_url"), "(?:-/)?commit/") or unnamed,
        author=text(commit.get("author_name")),
        authored=authored[0] if authored else None,
        time=time[0],
        parents=[one for one in parents if isinstance(one, str)] if isinstance(parents, list) else [],
        message=str(commit.get("message", commit.get("title"))),
        counts=counted(stats.get("additions"), stats.get("deletions")),
        files=named,
        offset=offset,
    )
    if len(named) < len(files):
        yield NO_PATH


def _file(diff: dict[str, Any]) -> list[Any] | None:
    path, old_path = diff.get("new_path") or diff.get("old_path"), text(diff.get("old_path"))
    if not isinstance(path, str) or not path:
        return None
    renamed = diff.get("renamed_file") is True
    status = "deleted" if diff.get("deleted_file") is True else "added" if diff.get("new_file") is True else "modified"
    patch = diff.get("diff")
    lines = changed_lines(patch) if isinstance(patch, str) and patch and diff.get("too_large") is not True else None
    counts = counted(*(sum(line[:1] == sign for line in lines) for sign in "+-")) if lines else (None, None)
    return [
        path,
        old_path if renamed else None,
        "renamed" if renamed else status,
        *counts,
        "\n".join(lines) if lines else None,
    ]
