"""Computes what depends on all segments together (span trees, log templates, sources) into one immutable file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store import row_files
from deep_code_reasoning.store.attachment import attach_segments
from deep_code_reasoning.store.catalogue import described_tables
from deep_code_reasoning.store.engine import Engine, one_line
from deep_code_reasoning.store.log_templates import write_templates
from deep_code_reasoning.store.manifest import UnreadRecord
from deep_code_reasoning.store.span_trees import write_span_trees

if TYPE_CHECKING:
    from pathlib import Path

    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.manifest import Manifest
    from deep_code_reasoning.store.span_trees import SpanTrees

WRITTEN_ELSEWHERE = ("findings", "topology")  # by a diagnosis; by `span_trees`, here or in row files
REPEATED_SPAN = "span exported again (same ids, service, kind, name and start); the first is kept"


def derive(folder: InvestigationFolder, manifest: Manifest, settings: Settings, grown: SpanTrees | None = None) -> None:
    """Writes derived-NNNN.duckdb for the segments that `manifest` lists and names it there; does not publish.

    `grown`: the trees of all its spans, where they are known. Raises StoreError (a full disk, too little memory), and
    leaves nothing then.
    """
    manifest.generation += 1
    path = folder.path / f"derived-{manifest.generation:04d}.duckdb"
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    engine = Engine(settings, folder.path)
    try:
        create_derived(engine, temporary)
        attach_segments(engine, folder.path, manifest)
        write_span_trees(engine, path, kernels_of(settings), settings.threads or os.cpu_count() or 1, grown)
        _tell_repeated_spans(engine, manifest)
        write_templates(engine.connection, "derived.log_templates", "derived.merged_log_shapes")
        _write_sources(engine, manifest)
        engine.detach("derived")
        temporary.replace(path)
    except BaseException as error:
        for left in folder.path.glob(f"{path.stem}.*.parquet"):
            left.unlink(missing_ok=True)
        if isinstance(error, OSError | duckdb.Error):
            raise StoreError(f"span trees and log templates cannot be written: {one_line(error)}") from error
        raise
    finally:
        engine.close()
        temporary.unlink(missing_ok=True)
    manifest.derived = path.name


def create_derived(engine: Engine, path: Path) -> None:
    """The file as `derived`, with the list of its row files and every table but those that write their own."""
    engine.attach_new(path, "derived")
    engine.connection.execute("USE derived")
    row_files.create_list(engine.connection)
    for table in described_tables():
        if table.derived and table.name not in WRITTEN_ELSEWHERE:
            engine.connection.execute(table.sql)
    engine.connection.execute("USE memory")


def _tell_repeated_spans(engine: Engine, manifest: Manifest) -> None:
    """What arrived twice is one span, and the rest is told as unread, by source."""
    found = engine.connection.execute(
        "SELECT source, count(*), min(source_offset) FROM derived.repeated_spans GROUP BY source ORDER BY source"
    ).fetchall()
    manifest.repeated_spans = sum(count for _, count, _ in found)
    repeated = {source: (count, offset) for source, count, offset in found}
    for record in manifest.evidence.values():
        record.unread = [unread for unread in record.unread if unread.reason != REPEATED_SPAN]
        if record.source in repeated:
            count, offset = repeated[record.source]
            record.unread.append(UnreadRecord(f"{record.path}@{offset}", REPEATED_SPAN, count))


def _write_sources(engine: Engine, manifest: Manifest) -> None:
    names = ("source", "path", "reader", "bytes", "fingerprint")
    read = [
        {name: getattr(record, name) for name in names}
        for record in manifest.evidence.values()
        if record.state == "loaded"
    ]
    unread = [
        {"source": record.source, "place": part.place, "reason": part.reason, "count": part.count}
        for record in manifest.evidence.values()
        for part in record.unread
    ]
    for table, rows in (("sources", read), ("unread", unread)):
        if rows:
            _insert(engine, table, pa.Table.from_pylist(rows))


def _insert(engine: Engine, table: str, rows: pa.Table) -> None:
    engine.connection.register("incoming", rows)
    engine.connection.execute(f"INSERT INTO derived.{table} BY NAME SELECT * FROM incoming")
    engine.connection.unregister("incoming")
