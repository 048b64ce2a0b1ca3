"""Computes what depends on all segments together (span trees, log templates, sources) into one immutable file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from deep_code_reasoning.errors import StoreError
from deep_code_reasoning.kernels.cache import kernels_of
from deep_code_reasoning.store.attachment import OF_ONE_SPAN, attach_segments
from deep_code_reasoning.store.derived_file import DerivedFile
from deep_code_reasoning.store.engine import Engine, one_line
from deep_code_reasoning.store.log_templates import write_templates
from deep_code_reasoning.store.manifest import UnreadRecord

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.manifest import Manifest
    from deep_code_reasoning.store.shapes_at_hand import Shapes
    from deep_code_reasoning.store.span_trees import TreeRows

ASKED = frozenset(("spans", "logs"))  # the tables of which something is derived
REPEATED_SPAN = "span exported again (same ids, service, kind, name and start); the first is kept"


class Begun(NamedTuple):
    """What a load has ready for `derive`, which closes the file.

    `unknown`: those of ASKED of which neither this is at hand nor that no segment has rows.
    """

    file: DerivedFile
    trees: TreeRows | None = None
    shapes: Shapes | None = None
    unknown: frozenset[str] = ASKED


def derive(folder: InvestigationFolder, manifest: Manifest, settings: Settings, begun: Begun | None = None) -> None:
    """Writes derived-NNNN.duckdb for the segments that `manifest` lists and names it there; does not publish.

    Raises StoreError (a full disk, too little memory), and leaves nothing then.
    """
    try:
        if begun is None:
            begun = Begun(DerivedFile(Engine(settings, folder.path), folder.path / manifest.new_derived()))
        _write(begun, folder, manifest, settings)
    except (OSError, duckdb.Error) as error:
        raise StoreError(f"span trees and log templates cannot be written: {one_line(error)}") from error
    manifest.derived = begun.file.path.name


def _write(begun: Begun, folder: InvestigationFolder, manifest: Manifest, settings: Settings) -> None:
    file, trees, shapes, unknown = begun
    engine = file.engine
    try:
        if unknown:
            attach_segments(engine, folder.path, manifest, {*unknown, *(OF_ONE_SPAN if "spans" in unknown else ())})
        if trees:
            trees.finish()
        elif "spans" in unknown:
            from deep_code_reasoning.store.span_trees import write_span_trees  # numpy's work, for spans alone

            write_span_trees(file, kernels_of(settings), settings.threads or os.cpu_count() or 1)
        _tell_repeated_spans(engine, manifest)
        if shapes or "logs" in unknown:
            write_templates(engine.connection, "derived.log_templates", "derived.merged_log_shapes", shapes)
        _write_sources(engine, manifest)
        file.finish()
    finally:
        file.close()


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
