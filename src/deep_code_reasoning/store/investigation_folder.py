"""The folder of one investigation: its files, its lock, and the atomic step from one manifest to the next."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deep_code_reasoning.errors import InvestigationNotFoundError, UsageError
from deep_code_reasoning.store.attachment import FINDINGS
from deep_code_reasoning.store.catalogue import schema_fingerprint
from deep_code_reasoning.store.manifest import Manifest, read_manifest, write_manifest

FOLDER = "investigations"
LAST = "last"
_WRITER = re.compile(r"\.duckdb\.(\d+)-\d+\.tmp$")  # findings are written without the lock, under their writer's pid
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class InvestigationFolder:
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def manifest(self) -> Manifest:
        """Raises InvestigationNotFoundError where nothing was loaded."""
        manifest = read_manifest(self.path)
        if manifest is None:
            raise InvestigationNotFoundError(_not_found(self.path.parent, self.name))
        return manifest

    def manifest_to_extend(self) -> Manifest:
        """For a load, under the lock: the present one, or an empty one where there is none of this version."""
        manifest = read_manifest(self.path) or Manifest(self.name)
        self.clean(manifest)
        if manifest.schema != schema_fingerprint():
            return Manifest(self.name, generation=manifest.generation)
        return manifest

    def publish(self, manifest: Manifest) -> None:
        """From here on readers see `manifest`; what it no longer names is deleted."""
        write_manifest(self.path, manifest)
        self.clean(manifest)

    def clean(self, manifest: Manifest) -> None:
        """Removes what a killed load left behind. Only under the lock."""
        kept = {*manifest.segments, manifest.derived, FINDINGS}
        for file in (*self.path.glob("*.duckdb"), *self.path.glob("*.tmp"), *self.path.glob("*.wal")):
            writer = _WRITER.search(file.name)
            if file.name not in kept and not (writer and _alive(writer[1])):
                file.unlink(missing_ok=True)
        stems = {Path(name).stem for name in (*manifest.segments, manifest.derived or "")}
        for file in self.path.glob("*.parquet"):
            if file.name.split(".")[0] not in stems:
                file.unlink(missing_ok=True)
        for spill in self.path.glob("spill-*"):
            if not _alive(spill.name.split("-")[1]):
                shutil.rmtree(spill, ignore_errors=True)

    @contextmanager
    def loading(self, waiting: Callable[[], None] = lambda: None) -> Generator[None]:
        """Holds the load lock; calls `waiting` about five times a second while another process has it.

        The kernel frees the lock with its process, so a dead holder's is never in the way.
        """
        import fcntl
        import time

        for folder in (self.path.parent.parent, self.path):  # what is loaded is for the owner's eyes alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "load.lock").open("a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    waiting()
                    time.sleep(0.2)
            yield


def folder_of(
    state: Path, evidence: Sequence[str | Path] = (), investigation: str | None = None
) -> InvestigationFolder:
    """The folder of the investigation named; else of exactly this evidence; else of the last one loaded
    from the working directory, else of the last of all.

    The id of unnamed evidence is a hash of its sorted real paths, so the same command finds the same investigation.
    """
    parent = state / FOLDER
    if investigation:
        if not _NAME.fullmatch(investigation):
            raise UsageError(f"investigation {investigation!r}: expected letters, digits, '.', '_' and '-', at most 64")
        return InvestigationFolder(parent / investigation)
    if evidence:
        paths = sorted({os.path.realpath(path) for path in evidence})
        return InvestigationFolder(parent / hashlib.sha256(os.fsencode("\0".join(paths))).hexdigest()[:10])
    if here := last_loaded_here(state):
        return InvestigationFolder(parent / here)
    try:
        return InvestigationFolder(parent / (parent / LAST).read_text("utf-8").strip())
    except FileNotFoundError:
        raise InvestigationNotFoundError(_not_found(parent, None)) from None


def remember_last(folder: InvestigationFolder) -> None:
    """As the last one of all, and as the last one of the working directory."""
    for pointer in (LAST, _last_here()):
        temporary = folder.path.parent / f"{pointer}.{os.getpid()}.tmp"
        temporary.write_text(folder.name, "utf-8")
        temporary.replace(folder.path.parent / pointer)


def last_loaded_here(state: Path) -> str | None:
    """The investigation last loaded from the working directory, None where there is none."""
    try:
        name = (state / FOLDER / _last_here()).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return name if (state / FOLDER / name / "manifest.json").exists() else None


def _last_here() -> str:
    return f"{LAST}-{hashlib.sha256(os.fsencode(Path.cwd())).hexdigest()[:10]}"


def investigations(state: Path) -> list[str]:
    """Names of all that were loaded, most recently loaded first."""
    found = (state / FOLDER).glob("*/manifest.json")
    return [path.parent.name for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]


def _not_found(parent: Path, name: str | None) -> str:
    known = ", ".join(investigations(parent.parent)[:10]) or "none"
    what = f"no investigation {name!r}" if name else "no investigation yet"
    return f"{what} (loaded so far: {known}); load evidence first: dcr load PATH..."


def _alive(pid: str) -> bool:
    with suppress(ProcessLookupError, PermissionError, ValueError):
        os.kill(int(pid), 0)
        return True
    return False
