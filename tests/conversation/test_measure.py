"""What a request points at is counted from its content, within bounds, under the allowed roots."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from conversation.telemetry import MORNING, SECOND, write_logs, write_traces
from deep_code_reasoning.conversation.measure import Measured, measure
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import CodeScope, EntryPoint, EscalationRequest
from deep_code_reasoning.errors import CancelledError, OutsideRootsError
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import EscalationThresholds, Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables
from sources.packed import tar, zipped


def measured(
    root: Path, *evidence: Path, scope: CodeScope | None = None, thresholds: EscalationThresholds | None = None
) -> Measured:
    request = EscalationRequest(evidence=tuple(str(path) for path in evidence), code_scope=scope or CodeScope())
    return measure(request, thresholds=thresholds or EscalationThresholds(), roots=[root], work=Work())


def test_traces_by_content_whatever_the_name(tmp_path: Path) -> None:
    size = write_traces(tmp_path / "notes.txt", ["cart", "payment"], span_seconds=120)
    result = measured(tmp_path, tmp_path)
    assert result.trace_bytes == size
    assert result.services == ("cart", "payment")
    assert result.values()["time_span_seconds"] == 120
    assert result.files == 1
    assert not result.at_least


def test_logs_count_for_services_and_time_but_not_for_trace_bytes(tmp_path: Path) -> None:
    write_logs(tmp_path / "a.json", "mail", [MORNING, MORNING + 4_000 * SECOND])
    result = measured(tmp_path, tmp_path)
    assert result.trace_bytes == 0
    assert result.services == ("mail",)
    assert decide(result, EscalationThresholds()).triggers[0].measure == "time_span_seconds"


def test_compressed_traces_count_as_what_must_be_read(tmp_path: Path) -> None:
    size = write_traces(tmp_path / "t.json", ["cart"], lines=50)
    packed = tmp_path / "t.json.gz"
    packed.write_bytes(gzip.compress((tmp_path / "t.json").read_bytes()))
    (tmp_path / "t.json").unlink()
    assert packed.stat().st_size < size
    assert measured(tmp_path, packed).trace_bytes == size


@pytest.mark.parametrize("pack", [zipped, lambda files: tar(files, "w:gz")])
def test_an_archive_counts_by_its_members(tmp_path: Path, pack) -> None:
    size = write_traces(tmp_path / "t", ["cart", "pay"], span_seconds=120, lines=20)
    write_logs(tmp_path / "l", "mail", [MORNING + 4_000 * SECOND])
    bundle = tmp_path / "bundle"
    bundle.write_bytes(pack({"a/t.json": (tmp_path / "t").read_bytes(), "l.json": (tmp_path / "l").read_bytes()}))
    result = measured(tmp_path, bundle)
    assert (result.trace_bytes, result.services, result.files) == (size, ("cart", "mail", "pay"), 2)
    assert result.values()["time_span_seconds"] == 4_000
    assert not result.at_least
    thresholds = EscalationThresholds(trace_bytes=size - 1, time_span_seconds=9_000)
    assert [reason.measure for reason in decide(result, thresholds).triggers] == ["trace_bytes"]


def test_what_of_an_archive_cannot_be_read_is_told(tmp_path: Path) -> None:
    write_traces(tmp_path / "t", ["cart"])
    (tmp_path / "b.zip").write_bytes(
        zipped({"t.json": (tmp_path / "t").read_bytes(), "n": random.randbytes(9_000)})[:-5_000]
    )
    result = measured(tmp_path, tmp_path / "b.zip")
    assert result.services == ("cart",)
    assert result.unread[0].place == f"{tmp_path}/b.zip!/n"


def test_reading_stops_once_traces_have_decided(tmp_path: Path) -> None:
    size = write_traces(tmp_path / "t.json", ["cart"], lines=30_000, padding=300)
    result = measured(tmp_path, tmp_path / "t.json", thresholds=EscalationThresholds(trace_bytes=1_000_000))
    assert result.trace_bytes == size, "the size on disk is known without reading"
    assert 1_000_000 <= result.read_bytes < 3_000_000
    assert result.at_least == {"services", "time_span_seconds"}


def test_compressed_traces_are_counted_until_they_have_decided(tmp_path: Path) -> None:
    write_traces(tmp_path / "t.json", ["cart"], lines=30_000, padding=300)
    packed = tmp_path / "t.json.gz"
    packed.write_bytes(gzip.compress((tmp_path / "t.json").read_bytes(), 1))
    thresholds = EscalationThresholds(trace_bytes=1_000_000)
    result = measured(tmp_path, packed, thresholds=thresholds)
    assert "trace_bytes" in result.at_least
    assert result.read_bytes < 3_000_000
    assert [reason.measure for reason in decide(result, thresholds).triggers] == ["trace_bytes"]


def test_scope_counts_folders_names_and_services_once(tmp_path: Path) -> None:
    code = tmp_path / "code"
    for name in ("a.py", "b [x]@.py", "größe.py", "sub/c.py", ".git/config", "__pycache__/a.pyc", "node_modules/x.js"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text("")
    scope = CodeScope(
        files=(str(code), str(code / "a.py"), str(code / ("long" * 100))),
        entry_points=(EntryPoint(str(code / "sub/c.py"), 1), EntryPoint("elsewhere.go", 2)),
        service_names=("cart", "mail"),
    )
    result = measured(tmp_path, scope=scope)
    assert result.files == 6  # four under code/, and two names that are not here
    assert result.services == ("cart", "mail")


def test_evidence_outside_the_roots_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    for path in (Path("/etc/hostname"), tmp_path / "in" / "link", tmp_path / "in" / ".." / ".."):
        with pytest.raises(OutsideRootsError, match="outside the allowed roots"):
            measured(tmp_path / "in", path)


def test_code_outside_the_roots_is_counted_by_name_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    result = measured(tmp_path / "in", scope=CodeScope(files=("/etc",)))
    assert result.files == 1
    assert result.unread[0].reason == "resolves outside the allowed roots"


def test_broken_parts_are_reported_and_lose_nothing_else(tmp_path: Path) -> None:
    write_traces(tmp_path / "t.json", ["cart"])
    with (tmp_path / "t.json").open("a") as file:
        file.write('{"resourceSpans": [{"truncat\n')
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 50)
    result = measured(tmp_path, tmp_path, tmp_path / "missing")
    assert result.services == ("cart",)
    places = [part.place for part in result.unread]
    assert any(place.endswith("noise.bin") for place in places)
    assert any("t.json:" in place for place in places)
    assert any(place.endswith("missing") for place in places)


def test_a_broken_clock_does_not_stretch_the_span(tmp_path: Path) -> None:
    write_traces(tmp_path / "a.json", ["cart"], span_seconds=60)
    write_logs(tmp_path / "b.json", "cart", [5])
    assert measured(tmp_path, tmp_path).values()["time_span_seconds"] == 60


def test_cancelled_while_counting(tmp_path: Path) -> None:
    write_traces(tmp_path / "t.json", ["cart"])
    work = Work(lambda _progress: work.cancel())
    request = EscalationRequest(evidence=(str(tmp_path),))
    with pytest.raises(CancelledError):
        measure(request, thresholds=EscalationThresholds(), roots=[tmp_path], work=work)


def test_a_loaded_investigation_is_counted_once_with_its_evidence(tmp_path: Path) -> None:
    size = write_traces(tmp_path / "traces.json", ["cart", "mail"], span_seconds=90)
    write_logs(tmp_path / "order.json", "order", [MORNING + 200 * SECOND])
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(tmp_path,))
    loaded = Investigations(settings).load([str(tmp_path / "traces.json")], investigation="one", work=Work())
    folder = folder_of(settings.state_dir, investigation=loaded.investigation)
    request = EscalationRequest(evidence=(str(tmp_path / "traces.json"), str(tmp_path / "order.json")))
    with Tables.open(folder, settings) as tables:
        result = measure(request, thresholds=EscalationThresholds(), roots=[tmp_path], tables=tables, work=Work())
    assert result.trace_bytes == size
    assert result.services == ("cart", "mail", "order")
    assert result.values()["time_span_seconds"] == 200
    assert result.files == 2
    assert result.read_bytes < size, "what is loaded is not read again"


def test_a_loaded_archive_counts_by_its_members(tmp_path: Path) -> None:
    write_traces(tmp_path / "t", ["cart"])
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(
        zipped({"a.json": (tmp_path / "t").read_bytes(), "b.json": (tmp_path / "t").read_bytes() + b" "})
    )
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(tmp_path,))
    loaded = Investigations(settings).load([str(bundle)], investigation="one", work=Work())
    folder = folder_of(settings.state_dir, investigation=loaded.investigation)
    request = EscalationRequest(evidence=(str(bundle),))
    with Tables.open(folder, settings) as tables:
        result = measure(request, thresholds=EscalationThresholds(), roots=[tmp_path], tables=tables, work=Work())
    assert result.files == 2
    assert result.read_bytes == 0, "what is loaded is not read again"
