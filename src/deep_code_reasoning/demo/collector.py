"""The OpenTelemetry collector: batches of mixed resources, one export request a line, files that rotate."""

# ruff: noqa: UP031
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from .clock import NANOSECONDS
from .otlp import SCHEMA_URL

BATCH_SIZE = 200
ROTATE_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signal:
    """The three names OTLP/JSON uses for a signal: of the request, of the scope and of the record list."""

    file: str
    resource_key: str
    scope_key: str
    record_key: str


TRACES = Signal("traces", "resourceSpans", "scopeSpans", "spans")
LOGS = Signal("logs", "resourceLogs", "scopeLogs", "logRecords")
METRICS = Signal("metrics", "resourceMetrics", "scopeMetrics", "metrics")


class RotatingFile:
    """A file as the exporter's rotation leaves it: the current one, older ones with a time in the name."""

    def __init__(self, path: Path, now_ns: Callable[[], int], rotate_bytes: int = ROTATE_BYTES) -> None:
        self.path = path
        self.written = 0
        self._rotate_bytes = rotate_bytes
        self._now_ns = now_ns
        self._current = 0
        self._file: BinaryIO = path.open("wb")

    def write(self, data: bytes) -> None:
        if self._current and self._current + len(data) > self._rotate_bytes:
            self._rotate()
        self._file.write(data)
        self._current += len(data)
        self.written += len(data)

    def close(self) -> None:
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        moment = datetime.fromtimestamp(self._now_ns() // 1_000_000 / 1000, UTC)
        stamp = f"{moment:%Y-%m-%dT%H-%M-%S}.{moment.microsecond // 1000:03d}"
        self.path.rename(self.path.with_name(f"{self.path.stem}-{stamp}{self.path.suffix}"))
        self._file = self.path.open("wb")
        self._current = 0


class Pipeline:
    """One signal on its way to its file; holds at most one batch in memory."""

    def __init__(self, signal: Signal, file: RotatingFile, scope_versions: dict[str, str]) -> None:
        self.records = 0
        self._signal = signal
        self._file = file
        self._versions = scope_versions
        self._batch: dict[str, dict[str, list[str]]] = {}
        self._pending = 0

    def add(self, resource: str, scope: str, record: str) -> None:
        """Queue a record of a resource (its encoded attributes) and an instrumentation scope: its name, or
        name#version for one of which several versions are in use."""
        scopes = self._batch.get(resource)
        if scopes is None:
            scopes = self._batch[resource] = {}
        records = scopes.get(scope)
        if records is None:
            scopes[scope] = [record]
        else:
            records.append(record)
        self._pending += 1
        if self._pending >= BATCH_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write what is queued as one line."""
        if self._pending:
            self._file.write(self._encode())
            self.records += self._pending
            self._batch = {}
            self._pending = 0

    def break_off(self, fraction: float) -> int:
        """Write only the start of the queued batch, as a crash does; the number of records lost."""
        line, lost = self._encode(), self._pending
        self._file.write(line[: int(len(line) * fraction)])
        self._batch, self._pending = {}, 0
        return lost

    def _encode(self) -> bytes:
        signal = self._signal
        resources = []
        for resource, scopes in self._batch.items():
            groups = ",".join(
                '{"scope":{"name":"%s","version":"%s"},"%s":[%s]}'
                % (*self._named(scope), signal.record_key, ",".join(records))
                for scope, records in scopes.items()
            )
            resources.append(
                '{"resource":{"attributes":[%s]},"%s":[%s],"schemaUrl":"%s"}'
                % (resource, signal.scope_key, groups, SCHEMA_URL)
            )
        return ('{"%s":[%s]}\n' % (signal.resource_key, ",".join(resources))).encode()

    def _named(self, scope: str) -> tuple[str, str]:
        name, _, version = scope.partition("#")
        return name, version or self._versions.get(name, "1.0.0")


class Collector:
    """The three pipelines. `now_s` is true time, in seconds after `epoch_ns`, and names rotated files."""

    def __init__(
        self, directory: Path, epoch_ns: int, now_s: Callable[[], float], scope_versions: dict[str, str]
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)

        def now_ns() -> int:
            return epoch_ns + round(now_s() * NANOSECONDS)

        self._files = {
            signal: RotatingFile(directory / f"{signal.file}.jsonl", now_ns) for signal in (TRACES, LOGS, METRICS)
        }
        self.traces, self.logs, self.metrics = (
            Pipeline(signal, file, scope_versions) for signal, file in self._files.items()
        )

    @property
    def written(self) -> int:
        """Bytes written so far, all signals."""
        return sum(file.written for file in self._files.values())

    def flush(self) -> None:
        """What the batch timeout does."""
        for pipeline in (self.traces, self.logs, self.metrics):
            pipeline.flush()

    def close(self) -> None:
        self.flush()
        for file in self._files.values():
            file.close()
