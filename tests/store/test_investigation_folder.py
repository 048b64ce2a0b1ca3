"""Names of investigations, and which one is the default."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deep_code_reasoning.errors import InvestigationNotFoundError, UsageError
from deep_code_reasoning.store.investigation_folder import folder_of, investigations, remember_last
from deep_code_reasoning.store.manifest import Manifest


def test_the_id_of_evidence_depends_on_the_real_paths_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    name = folder_of(tmp_path, [tmp_path / "a", "b"]).name
    assert folder_of(tmp_path, ["b", "./a/", "b"]).name == name
    assert folder_of(tmp_path, ["b", "link"]).name == name
    assert folder_of(tmp_path, ["b"]).name != name
    assert len(name) == 10


def test_the_last_one_is_the_default(tmp_path: Path) -> None:
    with pytest.raises(InvestigationNotFoundError, match=r"no investigation yet .*dcr load"):
        folder_of(tmp_path)
    for age, name in enumerate(("old", "new")):
        folder = folder_of(tmp_path, investigation=name)
        folder.path.mkdir(parents=True)
        folder.publish(Manifest(name))
        os.utime(folder.path / "manifest.json", (age, age))
        remember_last(folder)
    assert folder_of(tmp_path).name == "new"
    assert investigations(tmp_path) == ["new", "old"]


def test_one_that_does_not_exist_says_which_do(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, investigation="case-1")
    folder.path.mkdir(parents=True)
    folder.publish(Manifest("case-1"))
    with pytest.raises(InvestigationNotFoundError, match=r"no investigation 'case-2' \(loaded so far: case-1\)"):
        folder_of(tmp_path, investigation="case-2").manifest()


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "x" * 65, "a b", "-x"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="expected letters"):
        folder_of(tmp_path, investigation=name)


def test_publishing_is_read_back_as_it_was(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, investigation="x")
    folder.path.mkdir(parents=True)
    manifest = Manifest("x", withdrawn={"segment-0001.duckdb": [3]}, next_numbers={"source": 4})
    record = manifest.new_record("/real", "given", 5, 6, "otlp-json")
    record.add_unread("given:1", "broken")
    record.add_unread("given:9", "broken")
    manifest.replace(record)
    folder.publish(manifest)
    assert folder.manifest() == manifest
    assert record.unread[0].count == 2


def test_a_damaged_manifest_counts_as_another_version(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, investigation="x")
    folder.path.mkdir(parents=True)
    (folder.path / "manifest.json").write_bytes(b'{"schema": ')
    assert folder.manifest().schema == "damaged"
    assert folder.manifest_to_extend().evidence == {}
