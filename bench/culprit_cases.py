"""Cases of which commit did it, made from the reverts of a git history, and the JSON lines they are kept in.

A revert names the commit it takes back and mostly says why. The reason is the query, without what names the commit;
the commits before the revert are the candidates, newest first; the one taken back is the truth.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deep_code_reasoning.sources.changes.git_command import run_git

CANDIDATES = 200
LEAST_REASON = 25
"""Characters: shorter reasons say nothing ("broken", "WIP")."""

_REVERTS = re.compile(r"\breverts?(?:\s+(?:the\s+)?(?:commits?|changes?))?:?\s+`?([0-9a-f]{7,40})\b", re.IGNORECASE)
_MERGE = re.compile(r"\breversing\s+changes\s+made\s+to\s+([0-9a-f]{7,40})\b\.?", re.IGNORECASE)
_QUOTED = re.compile(r"\b(revert(?:s|ed|ing)?:?\s+)[\"“](?:[^\"”]|\"(?=\w))*[\"”]", re.IGNORECASE)
_NAMES_ONE = [
    re.compile(r"^\W*this\s+reverts\s+commit\s+[0-9a-f]{7,40}\b[.,;]?", re.IGNORECASE | re.MULTILINE),
    _MERGE,
    re.compile(r"^\W*revert(?:s|ed|ing)?\W*$", re.IGNORECASE | re.MULTILINE),
    re.compile(r"https?://\S+"),
    re.compile(r"\b[0-9a-f]{7,40}\b"),
    re.compile(r"\(?(?:\b(?:GH|PR|pull request|issue)\s*)?#\d+\)?", re.IGNORECASE),
    re.compile(r"^\W*(?:signed-off-by|(?:co-)?authored-by|reviewed-by|acked-by|change-id|cc):.*$", re.I | re.MULTILINE),
    re.compile(r"\(cherry picked from commit[^)]*\)", re.IGNORECASE),
]


@dataclass(frozen=True)
class Case:
    repository: str
    symptom: str
    truth: str
    candidates: tuple[str, ...]  # newest first


@dataclass(frozen=True)
class Entry:
    """One commit of the walk, without its diff."""

    sha: str
    parents: tuple[str, ...]
    message: str


def read_cases(path: Path) -> list[Case]:
    """One JSON object a line. Raises ValueError with the line's number."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            cases.append(Case(found["repository"], found["symptom"], found["truth"], tuple(found["candidates"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: {error!r}") from error
    return cases


def write_cases(cases: Iterable[Case], path: Path) -> None:
    path.write_text("".join(json.dumps(asdict(case)) + "\n" for case in cases), encoding="utf-8")


def walk(git: str, directory: Path, revision: str = "HEAD") -> list[Entry]:
    """All commits of `revision`, newest first, merges too."""
    printed = run_git(git, directory, "log", "-z", "--encoding=UTF-8", "--format=%H%x00%P%x00%B", revision, "--") or ""
    fields = iter(printed.split("\0"))
    return [
        Entry(sha, tuple(parents.split()), message)
        for sha, parents, message in zip(fields, fields, fields, strict=False)
    ]


def build_cases(repository: str, entries: Sequence[Entry], candidates: int = CANDIDATES) -> tuple[list[Case], Counter]:
    """The cases of a walk, newest first, and how many reverts were skipped, by reason."""
    by_sha = {entry.sha: entry for entry in entries}
    by_start: dict[str, list[str]] = {}
    for entry in entries:
        by_start.setdefault(entry.sha[:7], []).append(entry.sha)
    line = [entry for entry in entries if len(entry.parents) < 2]
    cases: list[Case] = []
    skipped: Counter = Counter()
    taken_back: set[str] = set()
    for place, entry in enumerate(line):
        named = _REVERTS.search(entry.message)
        if not named:
            continue
        window = tuple(before.sha for before in line[place + 1 : place + 1 + candidates])
        try:
            truth = _truth(named[1].lower(), by_start, by_sha)
            reason = why(entry.message, by_sha[truth].message)
            _check(truth, reason, window, candidates, taken_back)
        except Unfit as unfit:
            skipped[str(unfit)] += 1
            continue
        taken_back.add(truth)
        cases.append(Case(repository, reason, truth, window))
    return cases, skipped


class Unfit(Exception):
    """A revert that makes no case; the message is why."""


def _check(truth: str, reason: str, window: Sequence[str], candidates: int, taken_back: set[str]) -> None:
    if len(reason) < LEAST_REASON:
        raise Unfit("no reason given")
    if truth in taken_back:
        raise Unfit("reverted twice")
    if truth not in window:
        raise Unfit(f"not among the {candidates} commits before")
    if len(window) < candidates:
        raise Unfit("history too short")


def _truth(named: str, by_start: dict[str, list[str]], by_sha: dict[str, Entry]) -> str:
    """The sha of the commit that was taken back; of a merge, that of the one commit it brought."""
    found = [sha for sha in by_start.get(named[:7], ()) if sha.startswith(named)]
    if len(found) != 1:
        raise Unfit("reverted commit not in the history")
    parents = by_sha[found[0]].parents
    if len(parents) < 2:
        return found[0]
    brought = by_sha.get(parents[1])
    is_one = len(parents) == 2 and brought is not None and len(brought.parents) == 1
    if brought and is_one and _is_ancestor(brought.parents[0], parents[0], by_sha):
        return brought.sha
    raise Unfit("reverted merge of several commits")


def _is_ancestor(sha: str, of: str, by_sha: dict[str, Entry], most: int = 500) -> bool:
    """Along first parents, which is where branches begin; not found within `most` commits counts as no."""
    for _ in range(most):
        if of == sha:
            return True
        entry = by_sha.get(of)
        if not entry or not entry.parents:
            return False
        of = entry.parents[0]
    return False


def why(message: str, reverted: str) -> str:
    """The reason in a revert's message: without shas, quoted subjects, numbers of issues, addresses and trailers."""
    subject = reverted.partition("\n")[0].strip()
    text = _QUOTED.sub(r"\1", message.replace("\r\n", "\n"))
    for known in (subject, re.sub(r"\s*\(#\d+\)$", "", subject)):
        if len(known) > 5:
            text = text.replace(known, " ")
    for pattern in _NAMES_ONE:
        text = pattern.sub(" ", text)
    text = re.sub(r"^\W*revert(?:s|ed|ing)?\W*$", "", text, flags=re.IGNORECASE | re.MULTILINE)
    text = re.sub(r"[ \t]+", " ", text)
    return re.sub(r"\n\s*\n+", "\n\n", text).strip(" \t\n.,;:")
