"""DuckDB connections, configured in one place: no extensions from elsewhere, bounded memory, sealed for readers."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from deep_code_reasoning.errors import SettingsError

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

SPILL_PREFIX = "spill-"
ROW_GROUP = 61_440  # rows; half of DuckDB's default takes as long to write, half the memory, and is begun sooner


class Engine:
    """An in-memory DuckDB connection with its own spill folder, which `close` removes."""

    def __init__(self, settings: Settings | None = None, spill_parent: Path | None = None) -> None:
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,
                "preserve_insertion_order": True,
            },
        )
        # Joins run in the order in which they are written. For row files DuckDB has no counts of distinct values, took
        # ten services for half a million and joined by them first (hours); of tables its order took a sixth longer.
        self.connection.execute("SET disabled_optimizers = 'join_order'")
        self.connection.execute("SET parquet_metadata_cache = true")  # row files are never written again
        self._threads = max(1, int(settings.threads or _cores())) if settings else 1
        self._kept: list[Path] = []
        self._spill = _spill_folder(spill_parent)
        try:
            if settings:
                self._limit(settings)
        except BaseException:
            self.close()
            raise

    def _limit(self, settings: Settings) -> None:
        try:
            self.connection.execute(f"SET memory_limit = {quoted(settings.memory_limit)}")
        except duckdb.Error:
            raise SettingsError(
                f"memory_limit = {settings.memory_limit!r}: expected a number with a unit, as 2GiB or 500MB"
            ) from None
        self.connection.execute(f"SET threads = {self._threads}")
        self.connection.execute(f"SET temp_directory = {quoted(str(self._spill or ''))}")

    def begin_writing(self, threads: int) -> None:
        """Until `end_writing`, that many threads run a statement each, and rows come in no order."""
        self.connection.execute(f"SET threads = {threads}")
        self.connection.execute(f"SET external_threads = {threads}")
        self.connection.execute("SET preserve_insertion_order = false")
        # DuckDB 2.0 loses a row group that is committed while another commit writes a checkpoint.
        self.connection.execute("SET checkpoint_threshold = '1TB'")

    def end_writing(self) -> None:
        self.connection.execute("SET preserve_insertion_order = true")
        self.connection.execute("RESET external_threads")
        self.connection.execute(f"SET threads = {self._threads}")

    def attach(self, path: Path, name: str) -> None:
        self.connection.execute(f"ATTACH {quoted(str(path))} AS {name} (READ_ONLY)")

    def attach_new(self, path: Path, name: str) -> None:
        """A file to be written. It has no write-ahead log: until it is complete it is only a `.tmp` nobody reads."""
        self.connection.execute(
            f"ATTACH {quoted(str(path))} AS {name} (RECOVERY_MODE NO_WAL_WRITES, ROW_GROUP_SIZE {ROW_GROUP})"
        )

    def detach(self, name: str) -> None:
        """Closes an attached file; one that was written is complete on disk afterwards."""
        self.connection.execute(f"DETACH {name}")

    def keep(self, path: Path) -> Path:
        """Where a file can be read as long as this connection lasts, sealed or not, though it be deleted meanwhile."""
        if self._spill:
            kept = self._spill / path.name
            with suppress(OSError):  # a file system without links: what is deleted is then gone
                kept.hardlink_to(path)
                path = kept
        self._kept.append(path)
        return path

    def seal(self) -> None:
        """No other file, no network, extension or setting can be reached from SQL after this."""
        if self._kept:
            self.connection.execute(f"SET allowed_paths = [{', '.join(quoted(str(path)) for path in self._kept)}]")
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        self.connection.close()
        if self._spill:
            shutil.rmtree(self._spill, ignore_errors=True)


def _spill_folder(parent: Path | None) -> Path | None:
    """A folder of this process alone: DuckDB's spill files would collide with another reader's."""
    if parent is None or not os.access(parent, os.W_OK):
        return None
    return Path(tempfile.mkdtemp(prefix=f"{SPILL_PREFIX}{os.getpid()}-", dir=parent))


def _cores() -> int:
    """Those this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def one_line(error: BaseException) -> str:
    """An engine's message with its hint, without its echo of the statement."""
    text = str(error).split("\nLINE ", 1)[0]
    return " ".join(text.split())
