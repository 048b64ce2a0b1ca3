"""Archives among the evidence: members are loaded, and loading again is free as for files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.sources.archives import contents
from deep_code_reasoning.store import fingerprint
from ingest.loading import load_all, opened
from sources.packed import tar, zipped, zstd
from store.otlp import logs_line, spans_line

FILES = {"traces/t.json": spans_line(1).encode(), "logs/a.json": logs_line("one", "two").encode(), "note": b"x y z"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "traces.json").write_text(spans_line(9))
    return folder


def states(report) -> dict[str, str]:
    return {source.path.rpartition("/evidence/")[2]: source.state for source in report.sources}


@pytest.mark.parametrize(
    "pack", [zipped, tar, lambda files: tar(files, "w:gz"), lambda files: zstd.compress(tar(files))]
)
def test_members_are_loaded_under_their_own_names(pack, folder: Path, settings: Settings) -> None:
    (folder / "bundle").write_bytes(pack(FILES))
    report = load_all(folder, settings)
    assert (report.rows["spans"], report.rows["logs"]) == (6, 2)
    assert [(part.place, part.reason) for part in report.unread] == [
        (f"{folder}/bundle!/note", "format not recognised")
    ]
    with opened(settings, folder) as tables:
        assert tables.rows("SELECT DISTINCT s.path FROM logs l JOIN sources s USING (source)") == [
            (f"{folder}/bundle!/logs/a.json",)
        ]


def test_loading_again_does_not_even_open_the_archive(folder: Path, settings: Settings, monkeypatch) -> None:
    (folder / "bundle.tgz").write_bytes(tar(FILES, "w:gz"))
    first = load_all(folder, settings)
    monkeypatch.setattr(contents, "pieces", None)
    again = load_all(folder, settings)
    assert states(again) == {
        "traces.json": "already loaded",
        "bundle.tgz": "already loaded",
        "bundle.tgz!/traces/t.json": "already loaded",
        "bundle.tgz!/logs/a.json": "already loaded",
        "bundle.tgz!/note": "skipped",
    }
    assert (again.rows, again.unread, again.bytes) == (first.rows, first.unread, 0)


def test_a_touched_archive_is_known_by_its_content(folder: Path, settings: Settings) -> None:
    (folder / "bundle.zip").write_bytes(zipped(FILES))
    load_all(folder, settings)
    os.utime(folder / "bundle.zip", ns=(1, 1))
    assert set(states(load_all(folder, settings)).values()) == {"already loaded", "skipped"}


def test_of_a_changed_archive_only_what_changed_is_read(folder: Path, settings: Settings) -> None:
    path = folder / "bundle.zip"
    path.write_bytes(zipped(FILES))
    load_all(folder, settings)
    path.write_bytes(
        zipped({"traces/t.json": FILES["traces/t.json"], "logs/b.json": logs_line("three").encode(), "x": b"?"})
    )
    report = load_all(folder, settings)
    assert states(report) == {
        "traces.json": "already loaded",
        "bundle.zip": "loaded",
        "bundle.zip!/traces/t.json": "already loaded",
        "bundle.zip!/logs/b.json": "loaded",
        "bundle.zip!/x": "skipped",
    }
    with opened(settings, folder) as tables:
        assert tables.rows("SELECT body FROM logs") == [("three",)]
        assert tables.count("spans") == 6


def test_an_archive_beside_its_unpacked_files_is_read_once(folder: Path, settings: Settings) -> None:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "zz.tar.gz").write_bytes(tar(FILES, "w:gz"))
    (folder / "zz.zip").write_bytes(zipped(FILES))
    report = load_all(folder, settings)
    assert (report.rows["spans"], report.rows["logs"]) == (6, 2)
    assert fingerprint.of_file(folder / "note")


def test_a_cancelled_load_goes_on_where_it_was(folder: Path, settings: Settings) -> None:
    """The archive counts as loaded only when all its members are."""
    from deep_code_reasoning.errors import CancelledError

    files = {f"{n}.json": logs_line(f"line {n}").encode() for n in range(8)}
    (folder / "bundle.zip").write_bytes(zipped(files))
    work = Work()

    class Stops(Work):
        seen = 0

        def check(self) -> None:
            self.seen += 1
            if self.seen > 20:
                raise CancelledError("taken back")

    with pytest.raises(CancelledError):
        load_all(folder, settings, Stops())
    report = load_all(folder, settings, work)
    assert report.rows["logs"] == 8
    assert states(report)["bundle.zip"] == "loaded"
