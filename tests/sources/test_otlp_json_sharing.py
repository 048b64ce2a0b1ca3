"""OTLP/JSON read by two processes: the same rows as by one, whatever becomes of the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.kernels.cache import Kernel, Kernels
from deep_code_reasoning.sources import stream, window, window_documents
from deep_code_reasoning.sources.otlp import json as otlp_json
from deep_code_reasoning.sources.otlp import json_sharing
from deep_code_reasoning.sources.otlp.json_helper import Helper
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Line

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors are passed on as POSIX does")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_json, "_WORTH_BYTES", 0)
    monkeypatch.setattr(json_sharing, "PIECE_BYTES", 4_000)


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """Those that were started."""
    started: list[Helper] = []

    def start() -> Helper:
        started.append(Helper())
        return started[-1]

    monkeypatch.setattr(json_sharing, "Helper", start)
    return started


def request(number: int) -> str:
    """Now and then with logs, metrics, broken text and something that is no request."""
    service = [{"key": "service.name", "value": {"stringValue": f"service {number // 40}"}}]
    span = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "startTimeUnixNano": str(number),
        "attributes": [{"key": "k" * 200, "value": {"intValue": number}}],
        "events": [{"name": "event", "timeUnixNano": number}] * (number % 3),
    }
    scopes: dict[str, Any] = {"scopeSpans": [{"spans": [span]}]}
    sent: dict[str, Any] = {"resourceSpans": [{"resource": {"attributes": service}, **scopes}]}
    if number % 50 == 20:
        records = [{"timeUnixNano": number + 1, "body": {"stringValue": f"record {number}"}}] * 2
        sent["resourceLogs"] = [{"resource": {"attributes": service}, "scopeLogs": [{"logRecords": records}]}]
    text = json.dumps(sent)
    return {30: text[:-9], 31: '{"other":1}', 32: ""}.get(number % 50, text)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    path = tmp_path / "traces.jsonl"
    path.write_text("\n".join(map(request, range(400))))
    return path


def parts(path: Path, cores: int) -> Iterator[Batch | Skipped]:
    return iter(otlp_json.READER.read(EvidenceStream(path, cores=cores)))


def told(found: Iterator[Batch | Skipped]) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    for part in found:
        table, some = (part.table, part.rows.to_pylist()) if isinstance(part, Batch) else ("skipped", [part])
        rows.setdefault(table, []).extend(some)
    return rows


def test_two_processes_give_what_one_gives(evidence: Path, helpers: list[Helper]) -> None:
    alone = told(parts(evidence, 1))
    assert not helpers
    assert set(alone) == {"spans", "events", "logs", "resources", "skipped"}
    assert told(parts(evidence, 2)) == alone
    assert len(helpers) == 1


def test_pieces_come_back_in_their_order_whoever_reads_them(evidence: Path) -> None:
    for cores in (2, 3):
        numbers = [row["span_number"] for row in told(parts(evidence, cores))["spans"]]
        assert numbers == list(range(len(numbers)))


def test_what_a_killed_process_had_is_read_here(
    evidence: Path, helpers: list[Helper], monkeypatch: pytest.MonkeyPatch
) -> None:
    give = Helper.give

    def killed_at_the_third(self: Helper, piece: list[Line]) -> None:
        if piece[0].number > 30:
            os.kill(self.pid, signal.SIGKILL)
        give(self, piece)

    monkeypatch.setattr(Helper, "give", killed_at_the_third)
    assert told(parts(evidence, 2)) == told(parts(evidence, 1))
    assert len(helpers) == 1


class Late(Kernels):
    """As a cache in which the kernel appears while the file is read."""

    def __init__(self, compiled: Kernels, asked: int) -> None:
        super().__init__(None)
        self._compiled, self.asked = compiled, asked

    def find(self, kernel: Kernel) -> Callable[..., int] | None:
        self.asked -= 1
        return None if self.asked > 0 else self._compiled.find(kernel)


def test_the_kernel_goes_on_behind_what_two_processes_read(
    evidence: Path, helpers: list[Helper], kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (window, window_documents):
        monkeypatch.setattr(module, "WINDOW_BYTES", 10_000)
    monkeypatch.setattr(stream, "CHUNK_BYTES", 1_000)
    alone = told(parts(evidence, 1))["spans"]
    late = Late(kernels, 4)
    shared = told(iter(otlp_json.READER.read(EvidenceStream(evidence, cores=2, kernels=late))))["spans"]
    assert len(helpers) == 1
    assert late.asked < 0
    assert [span["span_number"] for span in shared[:40]] == list(range(40))
    names = ("trace_id", "service_name", "source_offset", "attributes")
    assert sorted([s[n] for n in names] for s in shared) == sorted([s[n] for n in names] for s in alone)
    assert sorted(span["span_number"] for span in shared) == list(range(len(alone)))


def test_no_process_to_be_had(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    alone = told(parts(evidence, 1))
    monkeypatch.setattr(subprocess, "Popen", refused)
    assert told(parts(evidence, 2)) == alone


def test_a_reading_that_is_broken_off_leaves_no_process(evidence: Path, helpers: list[Helper]) -> None:
    reading = parts(evidence, 2)
    next(reading)
    assert is_alive(helpers[0].pid)
    reading.close()  # ty: ignore[unresolved-attribute]
    assert not is_alive(helpers[0].pid)


def test_a_process_that_is_killed_takes_its_helper_along() -> None:
    script = (
        "from deep_code_reasoning.sources.otlp.json_helper import Helper\n"
        "import time; helper = Helper(); print(helper.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        helper = int(process.stdout.readline())
        process.kill()
    assert eventually(lambda: not is_alive(helper))


def test_nothing_of_the_folder_one_is_in_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "msgspec.py").write_text(f"open({str(tmp_path / 'was run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    helper = Helper()
    helper.give([Line(1, 0, request(0).encode())])
    part = helper.take()
    helper.end()
    assert part.rows("spans") == 1
    assert not (tmp_path / "was run").exists()


def test_what_is_told_of_a_piece_may_be_more_than_a_pipe_holds() -> None:
    """Who gives the next piece does not wait for it."""
    helper = Helper()
    for first in (0, 5_000):
        helper.give([Line(number, number, b'{"other":1}') for number in range(first, first + 5_000)])
    assert not helper.has_room
    told = [skip.offset for _ in range(2) for skip in helper.take().skipped]
    helper.end()
    assert told == list(range(10_000))


def test_a_small_file_starts_nothing(evidence: Path, helpers: list[Helper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_json, "_WORTH_BYTES", 16 << 20)
    told(parts(evidence, 2))
    assert not helpers


def is_alive(process: int) -> bool:
    """A zombie, which a container may have no one to bury, is not."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return status.stdout.strip()[:1] not in ("", "Z")


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()
