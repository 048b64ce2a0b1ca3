"""Changes of plain columns on their way to the tables: deployments and flags to one, commits to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from deep_code_reasoning.sources.changes.commit_rows import CommitRows
from deep_code_reasoning.sources.changes.deploy import Deploy
from deep_code_reasoning.sources.changes.plain_changes import Commit
from deep_code_reasoning.sources.reader import Batch, Skipped


class ChangeRows:
    """`file`: its name is the repository of commits that tell none."""

    def __init__(self, file: str) -> None:
        from deep_code_reasoning.sources.arrow_tables import Rows

        self._deploys, self._commits = Rows("deploys"), CommitRows()
        self._unnamed = PurePath(file).name.split(".")[0]

    def put(self, made: Deploy | Commit | str, line: int, offset: int) -> Iterator[Batch | Skipped]:
        """Adds a row, or tells why there is none; gives the batch that is full with it."""
        from deep_code_reasoning.sources.arrow_tables import BATCH_ROWS

        if isinstance(made, str):
            yield Skipped(line, offset, made)
        elif isinstance(made, Commit):
            self._commits.add_commit(
                sha=made.sha,
                repository=made.repository or self._unnamed,
                author=made.author,
                authored=None,
                time=made.time_unix_nano,
                parents=[],
                message=made.message,
                offset=offset,
            )
            yield from self._commits.full()
        else:
            self._deploys.add(list(made))
            if len(self._deploys) >= BATCH_ROWS:
                yield self._deploys.take()

    def rest(self) -> Iterator[Batch]:
        if len(self._deploys):
            yield self._deploys.take()
        yield from self._commits.rest()
