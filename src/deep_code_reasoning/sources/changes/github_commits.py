"""Commits as GitHub's REST API answers them ("List commits", "Get a commit", "Compare"), files and patches included.

Source: GitHub REST API, "Commits" (version 2022-11-28).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.json_documents import records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.arrow_tables import Rows

NOT_A_COMMIT = "JSON that is not a commit of GitHub's API"
NO_TIME = "commit without a time that can be read"
NO_PATH = "changed file without a name (the commit is kept)"

_SHA = re.compile(r"[0-9a-fA-F]{7,64}")
_CLAIM = (re.compile(rb'"sha"\s*:\s*"[0-9a-fA-F]{7,64}"'), re.compile(rb'"commit"\s*:\s*\{'))
_REPOSITORY = re.compile(r"://[^/]+/(?:api/v3/)?(?:repos/)?([^/]+/[^/]+)/(?:git/)?commits?/")
_STATUS = {"added": "added", "removed": "deleted", "renamed": "renamed", "copied": "added"}


class GitHubCommits:
    name = "github-commits"
    accepts = "commits as JSON of GitHub's API (lists, single ones, a comparison's, with files and patches)"

    def claims(self, sample: Sample) -> int:
        is_json = sample.head.lstrip()[:1] in (b"{", b"[")
        return 90 if is_json and all(part.search(sample.head) for part in _CLAIM) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS, Rows

        commits, files = Rows("commits"), Rows("commit_files")
        unnamed = PurePath(stream.name).name.split(".")[0]
        for record in records(stream):
            if isinstance(record, Skipped):
                yield record
                continue
            for commit in _commits_in(record.value):
                problem = _add(commit, record.offset, unnamed, commits, files)
                if problem:
                    yield Skipped(record.line, record.offset, problem)
            if max(len(commits), len(files)) >= BATCH_ROWS:
                yield from (rows.take() for rows in (commits, files) if len(rows))
        yield from (rows.take() for rows in (commits, files) if len(rows))


READER = GitHubCommits()


def _commits_in(value: Any) -> list[Any]:
    """A comparison holds its commits in a list."""
    inner = value.get("commits") if isinstance(value, dict) and "commit" not in value else None
    return inner if isinstance(inner, list) else [value]


def _add(commit: Any, offset: int, unnamed: str, commits: Rows, files: Rows) -> str | None:
    """Rows of a commit and of its files, or why something of it is missing."""
    body = commit.get("commit") if isinstance(commit, dict) else None
    sha = commit.get("sha") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(sha, str) or not _SHA.fullmatch(sha):
        return NOT_A_COMMIT
    author, committer = _object(body, "author"), _object(body, "committer")
    authored, committed = any_nanos(author.get("date")), any_nanos(committer.get("date"))
    time = committed or authored
    if time is None:
        return NO_TIME
    place = _REPOSITORY.search(str(commit.get("url") or commit.get("html_url") or ""))
    repository = place[1] if place else unnamed
    changes = [_file(change) for change in commit.get("files") or () if isinstance(change, dict)]
    named = [change for change in changes if change]
    counted = bool(named) and all(change[3] is not None for change in named)
    commits.add(
        [
            sha.lower(),
            repository,
            _text(author.get("name")),
            authored[0] if authored else None,
            time[0],
            [p["sha"] for p in commit.get("parents") or () if isinstance(p, dict) and isinstance(p.get("sha"), str)],
            str(body.get("message") or ""),
            sum(change[3] for change in named) if counted else None,
            sum(change[4] for change in named) if counted else None,
            f"https://{place[0].split('/')[2].removeprefix('api.')}/{repository}" if place else None,
            None,
            offset,
        ]
    )
    for change in named:
        files.add([sha.lower(), repository, *change, offset])
    return NO_PATH if len(named) < len(changes) else None


def _file(change: dict) -> list[Any] | None:
    """path, old_path, status, insertions, deletions and patch (without lines that only surround the change)."""
    path, patch = _text(change.get("filename")), _text(change.get("patch"))
    if path is None:
        return None
    status = _STATUS.get(str(change.get("status")), "modified")
    lines = [line for line in (patch or "").splitlines() if line[:1] in ("+", "-", "@")]
    counts = (change.get("additions"), change.get("deletions"))
    if not all(isinstance(count, int) and 0 <= count < 2**31 for count in counts):
        known = patch is not None
        counts = tuple(sum(line[:1] == sign for line in lines) if known else None for sign in "+-")
    old_path = _text(change.get("previous_filename")) if status == "renamed" else None
    return [path, old_path, status, *counts, "\n".join(lines) if patch is not None else None]


def _object(value: dict, key: str) -> dict:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
