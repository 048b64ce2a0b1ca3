"""Loads that die, loads that queue, readers beside a load: each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from ingest.loading import files, load_all, opened
from store.otlp import write_traces

_SLOW_LOAD = """
import sys, time
from pathlib import Path
from deep_code_reasoning.ingest import load
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.sources import detect as detection
from deep_code_reasoning.store.investigation_folder import folder_of

state, evidence, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
usual = detection.detect

class Slow:
    name = "slow"
    def read(self, stream):
        reader = usual(stream.sample())
        for part in reader.read(stream):
            yield part
        print("reading", flush=True)
        time.sleep(seconds)

detection.detect = lambda sample: Slow()
settings = Settings(state_dir=state, allowed_roots=(), memory_limit="512MiB")
load([evidence], folder_of(state, [evidence]), settings, Work())
print("done", flush=True)
"""


def slow_load(settings: Settings, evidence: Path, seconds: float) -> subprocess.Popen[str]:
    """A load in another process that has read everything and sleeps; returns once it does."""
    command = [sys.executable, "-c", _SLOW_LOAD, str(settings.state_dir), str(evidence), str(seconds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    assert process.stdout.readline() == "reading\n"
    return process


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """The store is written by threads of the other process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_killed_in_the_middle_the_old_state_stays_and_the_next_load_cleans_up(
    evidence: Path, settings: Settings
) -> None:
    load_all(evidence, settings)
    folder = folder_of(settings.state_dir)
    write_traces(evidence / "more.json", range(100, 200))
    with slow_load(settings, evidence, 60) as process:
        wait_for(lambda: any(name.endswith(".tmp") for name in files(folder)))
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(settings) as tables:
        assert tables.count("spans") == 30
    started = time.monotonic()
    load_all(evidence, settings)
    assert time.monotonic() - started < 10, "a dead holder's lock is no obstacle"
    with opened(settings) as tables:
        assert tables.count("spans") == 330
    assert not [name for name in files(folder) if name.endswith(".tmp") or name.startswith("spill")]


def test_a_second_load_of_the_same_investigation_queues_and_says_so(evidence: Path, settings: Settings) -> None:
    told: list[Progress] = []
    with slow_load(settings, evidence, 1.5) as process:
        report = load_all(evidence, settings, Work(told.append))
        assert process.wait() == 0
    assert any("another process is loading" in progress.message for progress in told)
    assert {source.state for source in report.sources} == {"already loaded"}


def test_waiting_for_another_load_can_be_cancelled(evidence: Path, settings: Settings) -> None:
    work = Work()
    with slow_load(settings, evidence, 60) as process:
        try:
            work = Work(lambda _: work.cancel())
            with pytest.raises(CancelledError):
                load_all(evidence, settings, work)
        finally:
            process.kill()


def counting(settings: Settings, name: str) -> subprocess.Popen[str]:
    """Another process that opens the investigation and prints how many spans it sees."""
    query = ["query", "SELECT count(*) FROM spans", "--investigation", name, "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "deep_code_reasoning.cli", *query],
        env={**os.environ, "DCR_STATE_DIR": str(settings.state_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_others_read_while_one_loads(evidence: Path, settings: Settings, tmp_path: Path) -> None:
    load_all(evidence, settings, name="first")
    other = write_traces(tmp_path / "other.json", range(3))
    with slow_load(settings, other, 60) as process:
        try:
            readers = [counting(settings, "first") for _ in "ab"]
            answers = [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
            assert [answer["rows"] for answer in answers] == [[[30]], [[30]]]
            with opened(settings, name="first") as tables:
                assert tables.count("spans") == 30
        finally:
            process.kill()


def test_open_tables_keep_what_they_saw_while_a_load_replaces_the_files(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    with opened(settings) as tables:
        write_traces(evidence / "traces.json", range(500))
        load_all(evidence, settings)
        assert tables.count("span_tree") == 30
        with opened(settings) as later:
            assert later.count("span_tree") == 1500
        assert tables.count("span_tree") == 30
