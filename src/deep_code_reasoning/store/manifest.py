"""The manifest of an investigation: which evidence is in which file, and which files count."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deep_code_reasoning.store.catalogue import schema_fingerprint

FILE_NAME = "manifest.json"


@dataclass
class UnreadRecord:
    place: str
    reason: str
    count: int


@dataclass
class EvidenceRecord:
    """One file or repository. `source` is its number in every table; `bytes` counts after decompression."""

    source: int
    path: str
    real_path: str
    size: int
    mtime_ns: int
    fingerprint: str
    reader: str
    state: Literal["loaded", "unread"]
    bytes: int = 0
    segment: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    unread: list[UnreadRecord] = field(default_factory=list)

    def add_unread(self, place: str, reason: str, count: int = 1) -> None:
        """Equal reasons are counted together, under the place of the first."""
        for part in self.unread:
            if part.reason == reason:
                part.count += count
                return
        self.unread.append(UnreadRecord(place, reason, count))


@dataclass
class _Stamp:
    """The part of every version's manifest that every version can read."""

    schema: str
    generation: int = 0


@dataclass
class Manifest:
    """`withdrawn`: sources, by segment, whose rows still lie there and are not shown: their file changed, or its load
    was cut short. `evidence` is by real path. `repeated_spans` counts the rows of that table.

    `next_numbers` are the counters that make span_number, log_number, resource_number and source unique.
    """

    investigation: str
    schema: str = field(default_factory=schema_fingerprint)
    segments: list[str] = field(default_factory=list)
    derived: str | None = None
    repeated_spans: int = 0
    withdrawn: dict[str, list[int]] = field(default_factory=dict)
    next_numbers: dict[str, int] = field(default_factory=dict)
    generation: int = 0
    evidence: dict[str, EvidenceRecord] = field(default_factory=dict)

    def new_segment(self) -> str:
        self.generation += 1
        return f"segment-{self.generation:04d}.duckdb"

    def new_derived(self) -> str:
        self.generation += 1
        return f"derived-{self.generation:04d}.duckdb"

    def new_record(self, real_path: str, path: str, size: int, mtime_ns: int, reader: str) -> EvidenceRecord:
        """Takes the next source number; the record counts once it is given to `replace`."""
        source = self.next_numbers.get("source", 0)
        self.next_numbers["source"] = source + 1
        return EvidenceRecord(source, path, real_path, size, mtime_ns, "", reader, "loaded")

    def replace(self, record: EvidenceRecord) -> None:
        """Adds `record`; what was known under its path before is withdrawn."""
        if old := self.evidence.pop(record.real_path, None):
            self.withdraw(old)
        self.evidence[record.real_path] = record

    def withdraw(self, record: EvidenceRecord) -> None:
        """Hides the rows of a record that does not count, or no longer."""
        if record.segment:
            self.withdrawn.setdefault(record.segment, []).append(record.source)

    def forget_unused(self, present: set[int]) -> None:
        """Drops segments in which no source counts any longer, and what could not be read and is gone.

        `present`: the sources of the evidence given to this load; they stay.
        """
        self.evidence = {
            path: record
            for path, record in self.evidence.items()
            if record.state == "loaded" or record.source in present or _file_of(path).exists()
        }
        used = {record.segment for record in self.evidence.values()}
        self.segments = [name for name in self.segments if name in used]
        self.withdrawn = {name: sources for name, sources in self.withdrawn.items() if name in used}


def _file_of(path: str) -> Path:
    """What lies on disk: of a member, `bundle.zip!/logs/app.log`, the archive."""
    whole = Path(path)
    end = path.find("!/")
    while end >= 0 and not whole.exists():
        if (archive := Path(path[:end])).is_file():
            return archive
        end = path.find("!/", end + 1)
    return whole


def read_manifest(folder: Path) -> Manifest | None:
    """None where nothing was ever loaded. One of another version gives nothing but its `schema` and `generation`."""
    import msgspec

    try:
        text = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        stamp = msgspec.json.decode(text, type=_Stamp)
        if stamp.schema == schema_fingerprint():
            return msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError:
        return Manifest(folder.name, schema="damaged")
    return Manifest(folder.name, schema=stamp.schema, generation=stamp.generation)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replaces the old one at once: a reader sees either, never a part."""
    import msgspec

    temporary = folder / f"{FILE_NAME}.tmp"
    with temporary.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE_NAME)
