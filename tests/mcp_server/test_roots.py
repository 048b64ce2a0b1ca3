"""An agent may name what lies under the working directory or under the roots that its client announces."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversation.telemetry import write_traces
from mcp_server.driver import ERAS, call, error_line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_traces(tmp_path / "elsewhere" / "traces.json", ["cart"])
    return tmp_path / "work"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", ["load_evidence", "should_escalate"])
def test_elsewhere_is_refused(folder: Path, era: str, tool: str) -> None:
    path = str(folder.parent / "elsewhere" / "traces.json")
    said = error_line(call(folder, tool, {"evidence": [path]}, era=era))
    assert said.startswith(f"{path}: resolves outside the allowed roots")


@pytest.mark.parametrize("era", ERAS)
def test_a_link_out_of_the_root_is_refused(folder: Path, era: str) -> None:
    (folder / "link.json").symlink_to(folder.parent / "elsewhere" / "traces.json")
    said = error_line(call(folder, "load_evidence", {"evidence": ["link.json"]}, era=era))
    assert "outside the allowed roots" in said


@pytest.mark.parametrize("era", ERAS)
def test_the_clients_roots_are_asked_for_and_allowed(folder: Path, era: str) -> None:
    path = folder.parent / "elsewhere" / "traces.json"
    result = call(folder, "load_evidence", {"evidence": [str(path)]}, era=era, roots=[path.parent])
    assert not result.is_error
    assert result.structured_content
    assert result.structured_content["rows"]["spans"] == 2


@pytest.mark.parametrize("era", ERAS)
def test_other_roots_of_the_client_do_not_help(folder: Path, era: str) -> None:
    path = folder.parent / "elsewhere" / "traces.json"
    said = error_line(call(folder, "load_evidence", {"evidence": [str(path)]}, era=era, roots=[folder]))
    assert "outside the allowed roots" in said


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("form", ["file://elsewhere.example{0}", "file:///nowhere/..{0}/../none", "file:relative"])
def test_a_root_that_is_no_folder_of_this_machine_does_not_help(folder: Path, era: str, form: str) -> None:
    path = folder.parent / "elsewhere" / "traces.json"
    root = form.format(path.parent.as_posix())
    said = error_line(call(folder, "load_evidence", {"evidence": [str(path)]}, era=era, roots=[root]))
    assert "outside the allowed roots" in said


def test_roots_are_a_setting(folder: Path) -> None:
    path = folder.parent / "elsewhere" / "traces.json"
    result = call(folder, "load_evidence", {"evidence": [str(path)]}, DCR_ALLOWED_ROOTS=str(path.parent))
    assert not result.is_error
