"""What a reader of one evidence format is: it claims a sample by its content, then turns bytes into Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from deep_code_reasoning.sources.stream import EvidenceStream


@dataclass(frozen=True)
class Sample:
    """The start of a piece of evidence. `path` is for messages and weak hints only; content decides.

    `head`: up to 64 KiB after decompression, empty for a directory. `complete`: head is the whole file, or what can
    be read of it, and `failure` says why no more.
    """

    path: Path
    head: bytes
    complete: bool
    is_directory: bool = False
    failure: str | None = None


class Batch(NamedTuple):
    """Rows for one table of store/schema; column names are that table's.

    Left out by the reader and filled in by ingest: `source`, `template_id`. `span_number`, `log_number` and
    `resource_number` count from 0 within one `read` and are shifted to be unique in the investigation.
    `source_offset` is the byte offset, after decompression, of the line or document that holds the record.
    """

    table: str
    rows: pa.RecordBatch


class Skipped(NamedTuple):
    """A part that could not be read: its line (from 1; None in binary or one-document files), byte offset and why.

    `reason` is one of few fixed phrases (so that equal ones are counted together), never text from the evidence.
    """

    line: int | None
    offset: int
    reason: str


class Reader(Protocol):
    """One format. `name` as `otlp-json`; modules of this folder that define READER are found by walking it."""

    name: str
    accepts: str  # one line for error messages and documentation: what this reader takes

    def claims(self, sample: Sample) -> int:
        """How sure this reader is that the sample is its format: 0 not at all, 100 certain. Never raises."""
        ...

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        """Yields batches of at most about 65,536 rows. A broken record is Skipped, never raised."""
        ...
