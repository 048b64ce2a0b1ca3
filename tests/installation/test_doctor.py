"""`dcr doctor` names what is wrong, and what to do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from deep_code_reasoning.doctor import examination, reach, server_start, surroundings
from deep_code_reasoning.doctor.check import Check
from deep_code_reasoning.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (tmp_path / "work").mkdir()
    return Settings(state_dir=state, allowed_roots=(tmp_path / "work",), kernel_dir=tmp_path / "kernels")


def test_a_sound_installation(settings: Settings) -> None:
    for check in (surroundings.python, surroundings.libraries, surroundings.git, surroundings.state_directory):
        assert check(settings).state == "ok", check(settings)
    assert surroundings.ledger(settings).state == "ok"
    assert reach.roots(settings).state == "ok"
    assert "nothing leaves" in reach.keys(settings).found


def test_the_server_answers(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DCR_STATE_DIR", str(settings.state_dir))
    check = server_start.answers(settings)
    assert check.state == "ok"
    assert "tools after" in check.found


def test_no_git(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check = surroundings.git(settings)
    assert (check.state, check.found) == ("problem", "not found")
    assert check.advice.startswith("install git")


def test_a_state_directory_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert surroundings.state_directory(replace(settings, state_dir=tmp_path / "file")).state == "problem"


def test_a_state_directory_open_to_others(settings: Settings) -> None:
    os.chmod(settings.state_dir, 0o755)
    check = surroundings.state_directory(settings)
    assert check.state == "warning"
    assert check.advice == f"chmod 700 {settings.state_dir}"


def test_a_damaged_ledger(settings: Settings) -> None:
    (settings.state_dir / "ledger.sqlite").write_bytes(b"not a database, but quite long enough to look like one" * 50)
    assert surroundings.ledger(settings).state == "problem"


@pytest.mark.parametrize(("root", "state"), [("/nowhere/at/all", "problem"), ("/", "warning")])
def test_roots_that_are_wrong_or_too_broad(settings: Settings, root: str, state: str) -> None:
    assert reach.roots(replace(settings, allowed_roots=(Path(root),))).state == state


def test_a_check_that_breaks_is_a_problem_of_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_settings: Settings) -> Check:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(examination, "CHECKS", (breaks, surroundings.python))
    broken, sound = examination.examine(settings)
    assert (broken.state, sound.state) == ("problem", "ok")
    assert "unforeseen" in broken.found
