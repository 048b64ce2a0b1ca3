"""Evidence into the store: real readers, real files."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deep_code_reasoning.errors import CancelledError, DcrError, EvidenceError, OutsideRootsError
from deep_code_reasoning.ingest import load
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.sources import detect as detection
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream
from deep_code_reasoning.store.investigation_folder import folder_of
from ingest.loading import files, load_all, opened
from store.otlp import logs_line, spans_line, write_traces


def test_a_folder_becomes_tables(evidence: Path, settings: Settings) -> None:
    report = load_all(evidence, settings)
    assert report.rows["spans"] == 30
    assert report.rows["logs"] == 3
    assert report.bytes == sum(path.stat().st_size for path in evidence.iterdir())
    assert report.seconds > 0
    assert report.peak_memory_bytes > 10_000_000
    assert report.unread == ()
    assert {(Path(s.path).name, s.reader, s.state) for s in report.sources} == {
        ("traces.json", "otlp-json", "loaded"),
        ("logs.json", "otlp-json", "loaded"),
    }
    with opened(settings) as tables:
        assert tables.count("spans") == tables.count("topology") == 30
        assert tables.rows("SELECT DISTINCT self_time_nano FROM span_tree WHERE depth = 0") == [(1000,)]
        assert tables.rows("SELECT template, count FROM log_templates ORDER BY count") == [
            ("lease lost", 1),
            ("order <*> done", 2),
        ]
        places = tables.rows("SELECT DISTINCT s.path, l.source_offset FROM logs l JOIN sources s USING (source)")
        assert places == [(str(evidence / "logs.json"), 0)]


def test_numbers_are_unique_over_files_and_loads(evidence: Path, settings: Settings) -> None:
    write_traces(evidence / "more.json", range(10, 20))
    load_all(evidence, settings, name="case")
    write_traces(evidence / "later.json", range(20, 30))
    load_all(evidence, settings, name="case")
    with opened(settings, name="case") as tables:
        assert tables.rows("SELECT count(*), count(DISTINCT span_number), max(span_number) FROM spans") == [
            (90, 90, 89)
        ]
        assert tables.rows("SELECT count(*) FROM spans JOIN resources USING (resource_number)") == [(90,)]
        assert tables.rows("SELECT count(*) FROM span_tree WHERE depth = 1") == [(60,)]


def test_loading_again_is_free(evidence: Path, settings: Settings) -> None:
    first = load_all(evidence, settings)
    folder = folder_of(settings.state_dir)
    before = {path.name: path.stat().st_mtime_ns for path in folder.path.iterdir()}
    again = load_all(evidence, settings)
    assert {source.state for source in again.sources} == {"already loaded"}
    assert again.rows == first.rows
    assert again.bytes == 0
    assert {path.name: path.stat().st_mtime_ns for path in folder.path.iterdir()} == before


def test_a_touched_file_and_a_copy_are_known_by_their_content(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    os.utime(evidence / "traces.json", ns=(1, 1))
    shutil.copy(evidence / "logs.json", evidence / "zz-copy.json")
    report = load_all(evidence, settings)
    assert {source.state for source in report.sources} == {"already loaded"}
    with opened(settings) as tables:
        assert (tables.count("spans"), tables.count("logs")) == (30, 3)


def test_two_copies_in_one_load_are_read_once(evidence: Path, settings: Settings) -> None:
    shutil.copy(evidence / "logs.json", evidence / "copy.json")
    load_all(evidence, settings)
    with opened(settings) as tables:
        assert tables.count("logs") == 3


def test_new_evidence_adds_a_segment(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    (evidence / "new.json").write_text(logs_line("three"))
    report = load_all(evidence, settings)
    assert [Path(s.path).name for s in report.sources if s.state == "loaded"] == ["new.json"]
    with opened(settings) as tables:
        assert (tables.count("spans"), tables.count("logs")) == (30, 4)
    assert len(folder_of(settings.state_dir).manifest().segments) == 2


def test_the_old_rows_of_a_changed_file_do_not_stay(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    (evidence / "logs.json").write_text(logs_line("all is new"))
    load_all(evidence, settings)
    with opened(settings) as tables:
        assert tables.rows("SELECT body FROM logs") == [("all is new",)]
        assert tables.rows("SELECT template FROM log_templates") == [("all is new",)]
        assert tables.count("spans") == 30
        assert tables.count("sources") == 2
    write_traces(evidence / "traces.json", range(50, 52))
    load_all(evidence, settings)
    folder = folder_of(settings.state_dir)
    assert len(folder.manifest().segments) == 2, "the first segment holds nothing that counts and is gone"
    assert {name for name in files(folder) if name.startswith("segment")} == set(folder.manifest().segments)
    with opened(settings) as tables:
        assert (tables.count("spans"), tables.count("logs")) == (6, 1)


def test_a_file_that_became_unreadable_takes_its_rows_along(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    (evidence / "logs.json").write_bytes(b"")
    report = load_all(evidence, settings)
    assert [part.place for part in report.unread] == [str(evidence / "logs.json")]
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (0, 30)


def test_spans_exported_twice_are_one(evidence: Path, settings: Settings) -> None:
    twice = spans_line(0)
    (evidence / "retried.json").write_text(twice + twice)
    report = load_all(evidence, settings)
    assert {(part.place, part.count) for part in report.unread} == {
        (f"{evidence / 'retried.json'}@{len(twice)}", 3),
        (f"{evidence / 'traces.json'}@0", 3),
    }
    assert all("exported again" in part.reason for part in report.unread)
    with opened(settings) as tables:
        assert tables.count("spans") == tables.count("topology") == 30
        assert tables.count("span_tree") == 30
        assert tables.rows("SELECT sum(count) FROM unread") == [(6,)]
        assert tables.rows("SELECT max(self_time_nano) FROM topology WHERE depth = 0") == [(1000,)]


def test_one_span_id_in_two_services_is_two_spans(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "shared.json"
    path.write_text(spans_line(1, service="web") + spans_line(1, service="pay"))
    assert load_all(path, settings).unread == ()
    with opened(settings) as tables:
        assert tables.count("spans") == tables.count("topology") == 6


def test_broken_lines_are_counted_by_reason_and_first_place(evidence: Path, settings: Settings) -> None:
    lines = [spans_line(100), "{broken\n", spans_line(101), "{broken too\n"]
    (evidence / "damaged.json").write_text("".join(lines))
    report = load_all(evidence, settings)
    assert report.rows["spans"] == 36
    (part,) = report.unread
    assert (part.place, part.count) == (f"{evidence / 'damaged.json'}:2", 2)
    with opened(settings) as tables:
        assert tables.rows("SELECT place, reason, count FROM unread") == [(part.place, part.reason, 2)]


def test_what_nobody_reads_is_told_and_told_again(evidence: Path, settings: Settings) -> None:
    (evidence / "image.bin").write_bytes(bytes(range(256)) * 10)
    for _ in range(2):
        report = load_all(evidence, settings)
        assert [part.place for part in report.unread] == [str(evidence / "image.bin")]
        assert report.rows["spans"] == 30
    with opened(settings) as tables:
        assert tables.count("unread") == 1
    (evidence / "image.bin").unlink()
    assert load_all(evidence, settings).unread == ()
    with opened(settings) as tables:
        assert tables.count("unread") == 0


def test_what_was_loaded_and_is_gone_is_still_there(evidence: Path, settings: Settings) -> None:
    gone = evidence / "logs.json"
    load([gone, evidence / "traces.json"], folder_of(settings.state_dir, [gone], "case"), settings, Work())
    gone.unlink()
    report = load([gone], folder_of(settings.state_dir, [gone], "case"), settings, Work())
    assert [source.state for source in report.sources] == ["already loaded"]
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (3, 30)


def test_thousands_of_small_files_take_seconds(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(2_000):
        (folder / f"{n}.json").write_text(logs_line(f"line {n}"))
    started = time.monotonic()
    assert load_all(folder, settings).rows["logs"] == 2_000
    assert load_all(folder, settings).rows["logs"] == 2_000
    assert time.monotonic() - started < 30
    with opened(settings) as tables:
        assert tables.rows("SELECT count(DISTINCT log_number), count(DISTINCT source) FROM logs") == [(2000, 2000)]


class _Failing:
    name = "failing"
    accepts = "nothing"

    def claims(self, sample: Sample) -> int:
        return 100

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from self.good(stream)
        raise ZeroDivisionError

    def good(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        yield from detection.readers()[[r.name for r in detection.readers()].index("otlp-json")].read(stream)


def use_for(monkeypatch: pytest.MonkeyPatch, name: str, reader: object) -> None:
    usual = detection.detect
    monkeypatch.setattr(detection, "detect", lambda sample: reader if sample.path.name == name else usual(sample))


def test_a_reader_that_fails_loses_only_the_rest_of_its_file(
    evidence: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_for(monkeypatch, "logs.json", _Failing())
    report = load_all(evidence, settings)
    (part,) = report.unread
    assert part.reason == "reader failing failed: ZeroDivisionError"
    assert (report.rows["logs"], report.rows["spans"]) == (3, 30)


class _Misfit(_Failing):
    """Gives a batch with a column that no table has, one with NULL where none may be, and then good ones."""

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        import pyarrow as pa

        yield Batch("logs", pa.record_batch({"nonsense": [1]}))
        nothing = pa.array([None], pa.string())
        yield Batch("logs", pa.record_batch({"log_number": [7], "body": nothing, "source_offset": [0]}))
        yield from self.good(stream)


def test_batches_that_do_not_fit_the_schema_lose_only_themselves(
    evidence: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_for(monkeypatch, "logs.json", _Misfit())
    report = load_all(evidence, settings)
    assert {part.count for part in report.unread} == {1}
    assert len(report.unread) == 2
    assert report.rows["logs"] == 3
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (3, 30)


def test_cancelled_it_keeps_the_files_read_to_their_end(
    evidence: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()

    class Cancelling(_Failing):
        def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
            yield from self.good(stream)
            work.cancel()
            yield Skipped(1, 0, "never counted")

    use_for(monkeypatch, "traces.json", Cancelling())
    with pytest.raises(CancelledError):
        load_all(evidence, settings, work)
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans"), tables.count("topology")) == (3, 0, 0)
    monkeypatch.undo()
    report = load_all(evidence, settings)
    assert {Path(s.path).name: s.state for s in report.sources} == {
        "logs.json": "already loaded",
        "traces.json": "loaded",
    }
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (3, 30)


def test_cancelled_before_anything_was_read_leaves_nothing(evidence: Path, settings: Settings) -> None:
    work = Work()
    work.cancel()
    with pytest.raises(CancelledError):
        load_all(evidence, settings, work)
    with pytest.raises(EvidenceError, match="no investigation"):
        opened(settings, evidence)


def test_nothing_readable_says_what_was_tried_and_what_would_be_accepted(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "noise").write_bytes(b"\x00\xff" * 100)
    (tmp_path / "void.json").touch()
    with pytest.raises(EvidenceError) as failure:
        load(
            [tmp_path / "noise", tmp_path / "void.json", tmp_path / "absent"],
            folder_of(settings.state_dir, ["x"]),
            settings,
            Work(),
        )
    message = str(failure.value)
    assert all(part in message for part in ("noise", "void.json", "absent", "no such file", "Accepted: ", "OTLP/JSON"))
    assert "\n" not in message


def test_a_path_outside_the_allowed_roots_is_refused(evidence: Path, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(OutsideRootsError):
        load(
            [evidence], folder_of(settings.state_dir, [evidence]), settings, Work(), allowed_roots=[tmp_path / "other"]
        )


def test_progress_counts_bytes_to_the_end(evidence: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deep_code_reasoning.ingest.loading.REPORT_SECONDS", 0)
    told: list[Progress] = []
    load_all(evidence, settings, Work(told.append))
    loading = [progress for progress in told if progress.stage == "load"]
    total = sum(path.stat().st_size for path in evidence.iterdir())
    assert {progress.total for progress in loading} == {total}
    assert [p.done for p in loading] == sorted(p.done for p in loading)
    assert loading[-1].done == total
    assert told[-1].stage == "index"


def test_compressed_evidence_counts_after_decompression(tmp_path: Path, settings: Settings) -> None:
    plain = "".join(spans_line(trace) for trace in range(200)).encode()
    (tmp_path / "t.json.gz").write_bytes(gzip.compress(plain))
    report = load_all(tmp_path / "t.json.gz", settings)
    assert (report.bytes, report.rows["spans"]) == (len(plain), 600)


def test_a_repository_is_read_again_when_its_references_moved(tmp_path: Path, settings: Settings) -> None:
    repository = tmp_path / "shop"

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(repository), *identity, *arguments], check=True, capture_output=True)

    repository.mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    load_all(repository, settings)
    assert [s.state for s in load_all(repository, settings).sources] == ["already loaded"]
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert [s.state for s in load_all(repository, settings).sources] == ["loaded"]
    with opened(settings) as tables:
        assert tables.rows("SELECT trim(message) FROM commits ORDER BY 1") == [("one",), ("two",)]


def test_what_another_version_wrote_is_loaded_anew(evidence: Path, settings: Settings) -> None:
    load_all(evidence, settings)
    folder = folder_of(settings.state_dir)
    manifest = folder.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace(folder.manifest().schema, "0123456789abcdef"))
    with pytest.raises(EvidenceError, match="another version"):
        opened(settings)
    load_all(evidence, settings)
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (3, 30)
    assert {n for n in files(folder) if n.endswith(".duckdb")} == {
        *folder.manifest().segments,
        folder.manifest().derived,
    }


def test_a_full_disk_is_one_line_and_the_old_state_stays(
    evidence: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    load_all(evidence, settings)
    (evidence / "new.json").write_text(logs_line("three"))

    def full(*_: object) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device\n\nLINE 1: x")

    monkeypatch.setattr("deep_code_reasoning.store.writer.SegmentWriter.flush", full)
    with pytest.raises(DcrError, match=r"No space left on device$"):
        load_all(evidence, settings)
    with opened(settings) as tables:
        assert (tables.count("logs"), tables.count("spans")) == (3, 30)
    assert not [name for name in files(folder_of(settings.state_dir)) if name.endswith(".tmp")]
