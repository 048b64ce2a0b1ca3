"""What a caller hears while a call runs, and when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.mcp_server.calls import Stages
from deep_code_reasoning.mcp_server.wording import one_line
from deep_code_reasoning.progress import Progress


def test_progress_counts_stages_and_the_part_of_the_current_one() -> None:
    stages = Stages()
    assert stages.current() is None
    told = []
    for progress in (
        Progress("load", 250, 1_000, "bytes", "traces.json"),
        Progress("load", 1_000, 1_000, "bytes", "logs.json"),
        Progress("index", 0),
        Progress("detect", 5, 10, "rules"),
    ):
        stages.listen(progress)
        told.append(stages.current())
    assert told == [
        (pytest.approx(0.24975), "load: 250 of 1,000 bytes - traces.json"),
        (pytest.approx(0.999), "load: 1,000 of 1,000 bytes - logs.json"),
        (1.0, "index: 0"),
        (pytest.approx(2.4995), "detect: 5 of 10 rules"),
    ]


def test_an_error_is_one_line_without_paths_the_caller_did_not_give() -> None:
    error = UsageError(f"{Path.home() / '.local/x.duckdb'}:\n  broken, see {Path.cwd() / 'a.json'}")
    assert one_line(error, {"evidence": ["a.json"]}) == "~/.local/x.duckdb: broken, see ./a.json"


@pytest.mark.parametrize("behind", ["-home/a.json", "2/a.json", ".old", ".d/a.json", "_x"])
def test_a_folder_whose_name_only_begins_like_the_working_directory_keeps_its_name(
    behind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert one_line(UsageError(f"{tmp_path}{behind}: broken"), {}) == f"{tmp_path}{behind}: broken"
    assert one_line(UsageError(f"not in {tmp_path}."), {}) == "not in .."


def test_a_path_that_the_caller_gave_is_shown_as_given() -> None:
    given = str(Path.cwd() / "a.json")
    assert one_line(UsageError(f"{given}: no such file"), {"evidence": [given]}) == f"{given}: no such file"


def test_a_very_long_error_is_cut() -> None:
    assert len(one_line(UsageError("x" * 50_000), {})) == 1_000


def test_an_error_without_words_says_what_it_is() -> None:
    assert one_line(UsageError(), {}) == "UsageError"
