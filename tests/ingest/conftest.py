"""A folder of evidence and where it is loaded to."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.settings import Settings
from store.otlp import logs_line, write_traces


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", allowed_roots=(tmp_path,), memory_limit="512MiB", threads=2)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    write_traces(folder / "traces.json", range(10))
    (folder / "logs.json").write_text(logs_line("order 17 done", "order 18 done", "lease lost"))
    return folder
