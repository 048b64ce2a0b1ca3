"""Commits as GitHub's REST API answers them ("List commits", "Get a commit", "Compare"), files and patches included.

Source: GitHub REST API, "Commits" (version 2022-11-28). A comparison tells its files once, for all of its commits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.changes.commit_rows import CommitRows, changed_lines, counted
from deep_code_reasoning.sources.changes.deploy import inner, objects, sha_in, text
from deep_code_reasoning.sources.changes.entries import entries, names_all
from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.changes.entries import Entry

NOT_A_COMMIT = "JSON that is not a commit of GitHub's API"
NO_TIME = "commit without a time that can be read"
NO_PATH = "changed file without a name (the commit is kept)"
WHOSE_FILES = "changed files of a comparison, which does not tell the commit of each"

_CLAIM = (re.compile(rb'"sha"\s*:\s*"[0-9a-fA-F]{7,64}"'), re.compile(rb'"commit"\s*:\s*\{'))
_START = rb'\{\s*"sha"\s*:\s*"[0-9a-f]{40,64}"\s*,\s*(?:"node_id"\s*:\s*"[^"]*"\s*,\s*)?"commit"\s*:\s*\{'
_REPOSITORY = re.compile(r"://[^/]+/(?:api/v3/)?(?:repos/)?([^/]+/[^/]+)/(?:git/)?commits?/")
_STATUS = {"added": "added", "removed": "deleted", "renamed": "renamed", "copied": "added"}


class GitHubCommits:
    name = "github-commits"
    accepts = "commits as JSON of GitHub's API (lists, single ones, a comparison's, with files and patches)"

    def claims(self, sample: Sample) -> int:
        return 90 if names_all(sample, _CLAIM) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        rows = CommitRows()
        unnamed = PurePath(stream.name).name.split(".")[0]
        for entry in entries(stream, _START):
            if isinstance(entry, Skipped):
                yield entry
                continue
            for problem in _add(entry, unnamed, rows):
                yield Skipped(entry.line, entry.offset, problem)
            yield from rows.full()
        yield from rows.rest()


READER = GitHubCommits()


def _add(entry: Entry, unnamed: str, rows: CommitRows) -> Iterator[str]:
    """What is missing of a commit, or of the commits of a comparison."""
    value = entry.value
    compared = objects(value, "commits") if isinstance(value, dict) and "commit" not in value else []
    if not compared:
        yield from _add_commit(value, entry.offset, unnamed, rows)
        return
    files = objects(value, "files")
    if files and len(compared) == 1 and "files" not in compared[0]:
        compared = [{**compared[0], "files": files}]
    elif files:
        yield WHOSE_FILES
    for commit in compared:
        yield from _add_commit(commit, entry.offset, unnamed, rows)


def _add_commit(commit: Any, offset: int, unnamed: str, rows: CommitRows) -> Iterator[str]:
    body = inner(commit, "commit")
    sha = sha_in(commit.get("sha")) if body else None
    if sha is None:
        yield NOT_A_COMMIT
        return
    author, committer = inner(body, "author"), inner(body, "committer")
    authored, committed = any_nanos(author.get("date")), any_nanos(committer.get("date"))
    time = committed or authored
    if time is None:
        yield NO_TIME
        return
    place = _REPOSITORY.search(str(commit.get("url") or commit.get("html_url") or ""))
    changes = [_file(change) for change in objects(commit, "files")]
    named = [change for change in changes if change]
    rows.add_commit(
        sha=sha,
        repository=place[1] if place else unnamed,
        author=text(author.get("name")),
        authored=authored[0] if authored else None,
        time=time[0],
        parents=[parent["sha"] for parent in objects(commit, "parents") if isinstance(parent.get("sha"), str)],
        message=str(body.get("message") or ""),
        files=named,
        repository_url=f"https://{place[0].split('/')[2].removeprefix('api.')}/{place[1]}" if place else None,
        offset=offset,
    )
    if len(named) < len(changes):
        yield NO_PATH


def _file(change: dict[str, Any]) -> list[Any] | None:
    """path, old_path, status, insertions, deletions and patch (without lines that only surround the change)."""
    path, patch = change.get("filename"), change.get("patch")
    if not isinstance(path, str) or not path:
        return None
    status = _STATUS.get(str(change.get("status")), "modified")
    lines = changed_lines(patch) if isinstance(patch, str) and patch else None
    counts = counted(change.get("additions"), change.get("deletions"))
    if counts[0] is None and lines is not None:
        counts = counted(*(sum(line[:1] == sign for line in lines) for sign in "+-"))
    old_path = text(change.get("previous_filename")) if status == "renamed" else None
    return [path, old_path, status, *counts, "\n".join(lines) if lines is not None else None]
