"""What a commit is, whatever the report says: its age, size and kind, and what became of it among the others."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from deep_code_reasoning.changes.relevance.commit_text import CommitText

HOUR = 3_600 * 10**9
LONG_AGO = 200.0
"""Commits after which age in commits counts no further, and the unit it is counted in."""
LINES = 3_000
"""Lines of a commit above which it is not larger."""
MOST_TOUCHES = 3
FILES = 50
FILES_READ = 1_000
"""Of a commit, when it is asked for a name."""
NAMES_READ = 200

_TAKEN_BACK_SHA = re.compile(r"\breverts?\s+(?:commits?\s+)?([0-9a-f]{7,40})\b", re.IGNORECASE)
_TAKEN_BACK_SUBJECT = re.compile(r'\brevert\w*:?\s+"(.+)"', re.IGNORECASE)
_NUMBER = re.compile(r"\s*\(#\d+\)$")
_NAMED_FILE = re.compile(r"[\w.-]{1,100}\.\w{1,5}\b|[\w/.-]{1,200}/[\w.-]{1,100}")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    patterns = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return re.compile(patterns[name], re.IGNORECASE)


def subject(commit: CommitText) -> str:
    return commit.message.partition("\n")[0][:500]


def ages(commits: Sequence[CommitText], at: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Of commits, newest first: how many are newer, and the hours from each to `at` or to the newest one. Commits made
    after `at` are as old as the newest before it."""
    times = np.array([np.nan if commit.time is None else commit.time for commit in commits], dtype=float)
    before = times if at is None else times[times <= at]
    end = at if at is not None else (np.nanmax(before) if np.isfinite(before).any() else 0.0)
    hours = np.maximum(end - times, 0) / HOUR
    oldest = np.nanmax(hours) if np.isfinite(hours).any() else 0.0
    later = 0 if at is None else int((times > at).sum())
    newer = np.maximum(np.arange(len(commits)) - later, 0).astype(float)
    return newer, np.nan_to_num(hours, nan=oldest)


def only_documents(commit: CommitText) -> bool:
    return bool(commit.files) and all(_pattern("documents").search(file.path) for file in commit.files)


def only_tests(commit: CommitText) -> bool:
    """Tests, perhaps with documents."""
    paths = [file.path for file in commit.files]
    return (
        not only_documents(commit)
        and bool(paths)
        and all(_pattern("tests").search(path) or _pattern("documents").search(path) for path in paths)
    )


def is_revert(commit: CommitText) -> bool:
    return bool(_pattern("revert").search(subject(commit)))


def log_lines(commit: CommitText) -> float:
    return float(np.log1p(min(sum(file.insertions + file.deletions for file in commit.files), LINES)))


def taken_back(commits: Sequence[CommitText]) -> dict[int, int]:
    """The place of a commit that a newer one reverts, and of that newer one."""
    by_sha = {commit.sha[:7]: place for place, commit in enumerate(commits)}
    by_subject: dict[str, list[int]] = {}
    for place, commit in enumerate(commits):
        by_subject.setdefault(_NUMBER.sub("", subject(commit)), []).append(place)
    found: dict[int, int] = {}
    for place, commit in enumerate(commits):
        message = commit.message[:5_000]
        places = [by_sha.get(sha[:7].lower(), -1) for sha in _TAKEN_BACK_SHA.findall(message)]
        for quoted in _TAKEN_BACK_SUBJECT.findall(message):
            places += by_subject.get(_NUMBER.sub("", quoted), ())
        for older in places:
            if older > place:
                found.setdefault(older, place)
    return found


def touched_again(commits: Sequence[CommitText]) -> np.ndarray:
    """log(1 + how often newer commits touched a commit's files, on average, each counted up to MOST_TOUCHES)."""
    touches: Counter[str] = Counter()
    found = np.zeros(len(commits))
    for place, commit in enumerate(commits):
        paths = [file.path for file in commit.files]
        if paths:
            found[place] = np.mean([min(touches[path], MOST_TOUCHES) for path in paths[:FILES]])
        touches.update(set(paths))
    return np.log1p(found)


def named_files(text: str) -> frozenset[str]:
    """What looks like a file's name or path in a report, in lower case."""
    found = dict.fromkeys(name.lower().strip("./") for name in _NAMED_FILE.findall(text[:20_000]))
    return frozenset(list(found)[:NAMES_READ])


def named_file(commit: CommitText, names: frozenset[str]) -> str | None:
    """The first of a commit's files that is among `names`, by its name or by the end of its path."""
    paths = [name for name in names if "/" in name]
    for file in commit.files[:FILES_READ]:
        path = file.path.lower()
        if path.rpartition("/")[2] in names or any(_ends(path, name) for name in paths):
            return file.path
    return None


def touched(commit: CommitText, known: frozenset[str]) -> list[str]:
    """Files of a commit that are known to be involved: by path, or by the end of one."""
    return [
        file.path
        for file in commit.files
        if any(_ends(path, name) for path in (file.path, file.old_path) if path for name in known)
    ]


def with_renames(files: Sequence[str], commits: Sequence[CommitText]) -> frozenset[str]:
    """The names that `files` had or got in `commits` as well."""
    names = {name.strip("/") for name in files if name.strip("/")}
    renames = {(file.path, file.old_path) for commit in commits for file in commit.files if file.old_path}
    while True:
        more = {
            name
            for path, old in renames
            if any(_ends(path, known) or _ends(old, known) for known in names)
            for name in (path, old)
        } - names
        if not more:
            return frozenset(names)
        names |= more


def _ends(path: str, name: str) -> bool:
    return path == name or path.endswith("/" + name)
