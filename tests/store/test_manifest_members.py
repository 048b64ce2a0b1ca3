"""What could not be read of an archive is remembered as long as the archive is there."""

from __future__ import annotations

from pathlib import Path

from deep_code_reasoning.store.manifest import Manifest


def test_a_member_is_there_as_long_as_its_archive(tmp_path: Path) -> None:
    (tmp_path / "odd!").mkdir()
    (tmp_path / "odd!" / "plain").write_text("x")
    (tmp_path / "bundle.zip").write_bytes(b"PK")
    manifest = Manifest("one", schema="")
    names = ["bundle.zip!/a/b.log", "bundle.zip!/in.zip!/x", "gone.zip!/a.log", "gone", "odd!/plain"]
    for name in names:
        record = manifest.new_record(f"{tmp_path}/{name}", name, 0, 0, "")
        record.state = "unread"
        manifest.replace(record)
    manifest.forget_unused(set())
    assert [record.path for record in manifest.evidence.values()] == [names[0], names[1], names[4]]
