"""Commits as GitHub's REST API gives them: an array of objects, one object, or one a line; with files where told.

Source: GitHub REST API, "Commits" (`GET /repos/{owner}/{repo}/commits` and `/commits/{ref}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.json_documents import records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.arrow_tables import Rows

NOT_A_COMMIT = "JSON that is not a commit (sha, and commit with a message)"
NO_TIME = "commit without a time that can be read"
LARGE_PATCH = "patch larger than 256 KiB (the change is kept without it)"
PATCH_CHARACTERS = 256 << 10

_SHA = re.compile(r"[0-9a-fA-F]{7,64}")
_MARKS = re.compile(rb'"sha"\s*:\s*"[0-9a-fA-F]{7,64}"')
_OBJECT = re.compile(rb'"commit"\s*:\s*\{')
_REPOSITORY = re.compile(r"^https?://[^/]+/(?:api/v3/)?(?:repos/)?([^/]+/[^/]+)/commits?/")
_STATUS = {"added": "added", "removed": "deleted", "renamed": "renamed", "copied": "added"}


class GithubCommits:
    name = "github-commits"
    accepts = "commits as GitHub's REST API gives them (JSON: sha, commit, files with patches)"

    def claims(self, sample: Sample) -> int:
        if sample.head.lstrip()[:1] not in (b"{", b"["):
            return 0
        return 85 if _MARKS.search(sample.head) and _OBJECT.search(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.arrow_tables import BATCH_INPUT_BYTES, BATCH_ROWS, Rows

        commits, files = Rows("commits"), Rows("commit_files")
        held = 0
        for record in records(stream):
            if isinstance(record, Skipped):
                yield record
                continue
            problem = _not_readable(record.value)
            if problem:
                yield Skipped(record.line, record.offset, problem)
                continue
            repository = _repository(record.value) or stream.name
            size = _add(record.value, repository, commits, files, record.offset)
            if size is None:
                yield Skipped(record.line, record.offset, LARGE_PATCH)
            held += size or 0
            if max(len(commits), len(files)) >= BATCH_ROWS or held >= BATCH_INPUT_BYTES:
                held = 0
                yield from (rows.take() for rows in (commits, files) if len(rows))
        yield from (rows.take() for rows in (commits, files) if len(rows))


READER = GithubCommits()


def _not_readable(value: Any) -> str | None:
    commit = value.get("commit") if isinstance(value, dict) else None
    if not isinstance(commit, dict) or not isinstance(commit.get("message"), str):
        return NOT_A_COMMIT
    if not isinstance(value.get("sha"), str) or not _SHA.fullmatch(value["sha"]):
        return NOT_A_COMMIT
    return None if _time(commit, "committer", "author") is not None else NO_TIME


def _add(value: dict, repository: str, commits: Rows, files: Rows, offset: int) -> int | None:
    """Adds the commit and its files; the size of its patches, None where one was too large to keep."""
    commit, sha = value["commit"], value["sha"].lower()
    author = commit.get("author") if isinstance(commit.get("author"), dict) else {}
    parents = [p["sha"] for p in _list(value, "parents") if isinstance(p, dict) and isinstance(p.get("sha"), str)]
    stats = value.get("stats") if isinstance(value.get("stats"), dict) else {}
    commits.add(
        [
            sha,
            repository,
            author.get("name") if isinstance(author.get("name"), str) else None,
            _time(commit, "author"),
            _time(commit, "committer", "author"),
            parents,
            commit["message"],
            _count(stats.get("additions")),
            _count(stats.get("deletions")),
            offset,
        ]
    )
    size, all_kept = 0, True
    for file in _list(value, "files"):
        if not isinstance(file, dict) or not isinstance(file.get("filename"), str):
            continue
        patch = _without_context(file.get("patch"))
        if patch is not None and len(patch) > PATCH_CHARACTERS:
            patch, all_kept = None, False
        size += len(patch or "")
        files.add(
            [
                sha,
                repository,
                file["filename"],
                file.get("previous_filename") if isinstance(file.get("previous_filename"), str) else None,
                _STATUS.get(str(file.get("status")), "modified"),
                _count(file.get("additions")),
                _count(file.get("deletions")),
                patch,
                offset,
            ]
        )
    return size if all_kept else None


def _without_context(patch: Any) -> str | None:
    """The hunks as `commit_files.patch` keeps them: their headers and what was taken out and put in."""
    if not isinstance(patch, str) or not patch:
        return None
    kept = [line for line in patch.splitlines() if line[:1] in ("+", "-") or line.startswith("@@")]
    kept = [line for line in kept if not line.startswith(("--- a/", "+++ b/", "--- /dev/null", "+++ /dev/null"))]
    return "\n".join(kept) + "\n" if kept else None


def _repository(value: dict) -> str | None:
    """`owner/name` of the commit's own address."""
    for key in ("html_url", "url"):
        match = _REPOSITORY.match(value[key]) if isinstance(value.get(key), str) else None
        if match:
            return match[1]
    return None


def _time(commit: dict, *whose: str) -> int | None:
    for name in whose:
        person = commit.get(name)
        found = any_nanos(person.get("date")) if isinstance(person, dict) else None
        if found:
            return found[0]
    return None


def _list(value: dict, key: str) -> list:
    inner = value.get(key)
    return inner if isinstance(inner, list) else []


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
