"""The one SQLite database for what is written while others read: decisions, escalations, conversations, answers.

Write-ahead logging, so that readers and one writer do not wait for each other; `synchronous = FULL`, so that what was
committed outlives `kill -9` and a power cut; a busy timeout, so that several processes take turns. A connection lives
for one transaction: nothing is shared between threads, and no lock is held while anybody thinks. The threads of one
process take turns by a lock of their own: SQLite's waiting is by chance, and one of fifty could wait for too long.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from deep_code_reasoning.errors import DcrError, UsageError

FILE_NAME = "ledger.sqlite"
BUSY_SECONDS = 60.0
_HERE = Path(__file__).parent
_writing: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
os.register_at_fork(after_in_child=_writing.clear)  # a lock that another thread held at the fork is never let go


class Database:
    """`ledger.sqlite` in the state directory; made, and brought to the newest schema, on first use."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE_NAME
        self._is_current = False

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """A write transaction: committed at the end, rolled back on any error.

        Raises DcrError on one line where the file cannot be used.
        """
        with _said_in_one_line():
            connection = self._connect()
            try:
                with _writing[self.path]:
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
                    connection.execute("COMMIT")
            finally:
                connection.close()  # an open transaction is rolled back with it

    def run(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """One statement of sql/ by its name, in a transaction of its own; its rows. Reading waits for nobody."""
        text = sql(statement)
        if not _reads(text):
            with self.transaction() as connection:
                return [dict(row) for row in connection.execute(text, values)]
        with _said_in_one_line():
            connection = self._connect()
            try:
                return [dict(row) for row in connection.execute(text, values)]
            finally:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._is_current:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)  # requests may quote private code: for the owner's eyes
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if not self._is_current:
                _use_write_ahead_log(connection)
                _migrate(connection)
                self._is_current = True
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def _said_in_one_line() -> Generator[None, None, None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DcrError(
            f"{FILE_NAME}: {error}; the state directory must be writable and hold an intact ledger"
        ) from error


@cache
def _reads(text: str) -> bool:
    return next(line for line in text.splitlines() if line and not line.startswith("--")).startswith("SELECT")


@cache
def sql(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (_HERE / "sql" / f"{name}.sql").read_text("utf-8")


def new_id(prefix: str) -> str:
    """A short name nobody has yet, as `esc-9f8b2c61d0`."""
    return f"{prefix}-{secrets.token_hex(5)}"


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Switching the mode ignores the busy timeout, so processes that start together take turns here.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _migrate(connection: sqlite3.Connection) -> None:
    """Runs the files of schema/ that the database has not seen; `user_version` is the number of the last one run."""
    steps = sorted((_HERE / "schema").glob("*.sql"))
    if _version(connection) == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)  # again: another process may have been faster
    if version > len(steps):
        raise UsageError(
            f"{FILE_NAME}: written by a newer version (schema {version}, this one knows {len(steps)}); "
            "upgrade, or set DCR_STATE_DIR to another folder"
        )
    for step in steps[version:]:
        for statement in _statements(step.read_text("utf-8")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _statements(script: str) -> Iterator[str]:
    # Not executescript: it commits first, and the migration must be one transaction.
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
