"""Commits and their files on their way to the tables, from APIs that tell both in one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deep_code_reasoning.sources.reader import Batch

MOST_COUNT = 2**31


class CommitRows:
    """Rows of `commits` and `commit_files`; `full` and `rest` give them in batches."""

    def __init__(self) -> None:
        from deep_code_reasoning.sources.arrow_tables import Rows

        self._commits, self._files = Rows("commits"), Rows("commit_files")

    def add_commit(
        self,
        *,
        sha: str,
        repository: str,
        author: str | None,
        authored: int | None,
        time: int,
        parents: list[str],
        message: str,
        counts: tuple[int | None, int | None] = (None, None),
        files: Sequence[list[Any]] = (),
        repository_url: str | None = None,
        offset: int,
    ) -> None:
        """`files`: path, old_path, status, insertions, deletions and patch of each; by them counts that miss."""
        if counts[0] is None and files and all(file[3] is not None for file in files):
            counts = counted(sum(file[3] for file in files), sum(file[4] for file in files))
        row = [sha, repository, author, authored, time, parents, message, *counts, repository_url, None, offset]
        self._commits.add(row)
        for file in files:
            self._files.add([sha, repository, *file, offset])

    def full(self) -> Iterator[Batch]:
        from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS

        if max(len(self._commits), len(self._files)) >= BATCH_ROWS:
            yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        yield from (rows.take() for rows in (self._commits, self._files) if len(rows))


def changed_lines(patch: str) -> list[str]:
    """A patch without the names of its files in front, and without the lines that only surround the change."""
    lines = patch.splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("@@")), 0)
    return [line for line in lines[first:] if line[:1] in ("+", "-", "@")]


def counted(insertions: Any, deletions: Any) -> tuple[int | None, int | None]:
    """Both as they are where they are numbers of lines, else neither."""
    if all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < MOST_COUNT for n in (insertions, deletions)):
        return insertions, deletions
    return None, None
