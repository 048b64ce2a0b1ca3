"""Counts what a request points at: files, bytes of traces, services, time span, attempts. Nothing is loaded for it.

What counts, and how it is bounded:
- *files*: the code files of the scope (folders are walked, but for hidden and generated ones; a name that is not here
  counts as one, the caller knows it) and the files of evidence, those in an archive too. A git repository given as
  evidence counts as one: its history is read, not its tree.
- *trace bytes*: of the evidence files in which a reader finds spans, after decompression, for that is what must be
  read. Which files those are is decided by their content, through the readers themselves.
- *services*: those named in the scope and those seen in spans, logs and metrics.
- *repetition*: how often the same failure was met again in spite of edits, where the call tells what the agent did
  (stuck/repetition.py).
- *time span*: from the first to the last instant of spans, logs and metrics (commits and deploys reach back for
  years and say nothing of the incident). Instants before 2000 are broken clocks and are left out.

Trace files are read until the threshold of trace bytes is passed (then the decision is made), other files up to
`OTHER_BYTES` in all; of what is beyond, the first `HEAD_BYTES` of each file are read still (evidence_file.py). A
measure that was so cut short is marked `at_least`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.evidence_file import EARLIEST_NANO, HEAD_BYTES, FileSeen, look_at
from deep_code_reasoning.conversation.stuck.recent import recent_events
from deep_code_reasoning.conversation.stuck.repetition import Repetition, repetition_of
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import CodeScope, EscalationRequest
    from deep_code_reasoning.settings import EscalationThresholds
    from deep_code_reasoning.sources.walk import Item
    from deep_code_reasoning.store.tables import Tables

OTHER_BYTES = 64_000_000
FILES_COUNTED = 100_000
_GENERATED_FOLDERS = {"__pycache__", "node_modules", "venv"}


@dataclass(frozen=True)
class Measured:
    """`at_least` names the measures whose counting stopped early; `read_bytes` is what was read to know all this."""

    files: int
    trace_bytes: int
    services: tuple[str, ...]
    window: TimeWindow | None
    attempted_approaches: int
    read_bytes: int = 0
    at_least: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()
    repetition: Repetition | None = None

    def values(self) -> dict[str, int | float]:
        """The five numbers the policy compares."""
        return {
            "files": self.files,
            "trace_bytes": self.trace_bytes,
            "services": len(self.services),
            "time_span_seconds": self.window.seconds if self.window else 0,
            "attempted_approaches": self.attempted_approaches,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            **self.values(),
            "service_names": list(self.services),
            "window": self.window.as_json() if self.window else None,
            "read_bytes": self.read_bytes,
            "at_least": sorted(self.at_least),
            **({"repetition": self.repetition.as_json()} if self.repetition else {}),
        }


@dataclass
class _Count:
    """What was counted so far, of everything or of one file."""

    paths: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    trace_bytes: int = 0
    trace_read: int = 0
    other_read: int = 0
    at_least: set[str] = field(default_factory=set)
    unread: dict[tuple[str, str], Unread] = field(default_factory=dict)

    def skip(self, name: str, place: str, reason: str) -> None:
        seen = self.unread.get((name, reason))
        self.unread[name, reason] = Unread(seen.place, reason, seen.count + 1) if seen else Unread(place, reason)

    def reach(self, first: int | None, last: int | None) -> None:
        if first is not None and last is not None:
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)


def measure(
    request: EscalationRequest,
    *,
    thresholds: EscalationThresholds,
    roots: Sequence[Path],
    tables: Tables | None = None,
    work: Work,
) -> Measured:
    """Measures the scope, the evidence and, where given, a loaded investigation, each thing once.

    Files are opened under `roots` only. Raises OutsideRootsError when a path of the evidence leads elsewhere; a code
    file that does is counted by its name and reported as unread.
    """
    count = _Count()
    repetition = None
    if request.recent_events or request.transcript:
        repetition = repetition_of(recent_events(request.recent_events, request.transcript, roots))
    count.services.update(request.code_scope.service_names)
    if tables is not None:
        _count_investigation(tables, count)
    _count_scope(request.code_scope, [Path(os.path.realpath(root)) for root in roots], count, work)
    _count_evidence(request.evidence, roots, thresholds.trace_bytes, count, work)
    window = TimeWindow(count.first, max(count.first, count.last)) if count.first and count.last else None
    return Measured(
        files=len(count.paths),
        trace_bytes=count.trace_bytes,
        services=tuple(sorted(count.services)),
        window=window,
        attempted_approaches=len(request.attempted_approaches),
        read_bytes=count.trace_read + count.other_read,
        at_least=frozenset(count.at_least),
        unread=tuple(count.unread.values()),
        repetition=repetition,
    )


def _count_investigation(tables: Tables, count: _Count) -> None:
    sql = Path(__file__).with_name("measured_investigation.sql").read_text("utf-8")
    (loaded,) = tables.dicts(sql, earliest=EARLIEST_NANO)
    count.services.update(loaded["services"] or ())
    count.reach(loaded["first_nano"], loaded["last_nano"])
    count.paths.update(os.path.realpath(path) for path in loaded["paths"] or ())
    count.trace_bytes += int(loaded["trace_bytes"])


def _count_scope(scope: CodeScope, roots: list[Path], count: _Count, work: Work) -> None:
    for name in dict.fromkeys((*scope.files, *(entry.file for entry in scope.entry_points))):
        work.check()
        real = os.path.realpath(name)
        if not any(Path(real).is_relative_to(root) for root in roots):
            count.paths.add(real)
            count.skip(name, name, "resolves outside the allowed roots")
        elif not _is_folder(real):
            count.paths.add(real)
        else:
            for path in _files_of(real):
                if len(count.paths) >= FILES_COUNTED:
                    count.at_least.add("files")
                    return
                count.paths.add(path)


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # a name too long for this file system names nothing here
        return False


def _files_of(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _GENERATED_FOLDERS)
        yield from (os.path.join(place, name) for name in files)  # noqa: PTH118 - a Path for each is five times slower


def _count_evidence(
    evidence: Sequence[str], roots: Sequence[Path], enough_traces: int, count: _Count, work: Work
) -> None:
    from deep_code_reasoning.sources.walk import Item, walk

    groups: list[list[Item]] = []  # an archive's members in their order: to go back in a packed one is to start anew
    for found in walk(evidence, roots):
        work.check()
        if not isinstance(found, Item):
            count.skip(found.place, found.place, found.reason)
        elif str(found.path) not in count.paths:
            groups.append(_files_in(found, count, work))
    groups = sorted(filter(None, groups), key=lambda items: (sum(item.size for item in items), items[0].name))
    files = [item for items in groups for item in items]
    total, done = sum(item.size for item in files), 0
    for item in files:

        def watch(read: int, item: Item = item, done: int = done) -> None:
            work.report(Progress("measure", done + read, total, "bytes", item.name))

        seen = look_at(
            item,
            most_traces=max(enough_traces + 1 - count.trace_read, HEAD_BYTES),
            most_other=max(OTHER_BYTES - count.other_read, HEAD_BYTES),
            watch=watch,
        )
        _add(seen, item, count)
        done += item.size
    work.check()


def _files_in(item: Item, count: _Count, work: Work) -> list[Item]:
    """What of it is looked at: an archive's members, each of which counts as a file."""
    from deep_code_reasoning.sources.archives.archive import open_archive
    from deep_code_reasoning.sources.stream import Limits

    archive = open_archive(item, Limits(), work.check)
    if archive is None:
        count.paths.add(str(item.path))
        return [item] if item.kind == "file" else []
    for part in archive.unread:
        count.skip(part.place, part.place, part.reason)
    new = [member for member in archive.members if str(member.path) not in count.paths]
    count.paths.update(str(member.path) for member in new)
    return new


def _add(seen: FileSeen, item: Item, count: _Count) -> None:
    count.services |= seen.services
    count.reach(seen.first, seen.last)
    for place, reason in seen.skipped:
        count.skip(item.name, place, reason)
    if seen.cut:
        count.at_least.update(("services", "time_span_seconds"))
    if not seen.holds_spans:
        count.other_read += seen.read
        return
    count.trace_read += seen.read
    count.trace_bytes += item.size if seen.cut and not seen.packed else seen.read
    if seen.cut and seen.packed:
        count.at_least.add("trace_bytes")
