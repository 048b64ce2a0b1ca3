"""Runs a golden case: its files are loaded as a user's would be, and its page's detector looks at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deep_code_reasoning import ingest
from deep_code_reasoning.detectors import groundwork, registry
from deep_code_reasoning.finding import Finding
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables
from detectors import golden, golden_evidence


@pytest.fixture
def load(tmp_path: Path) -> Callable[[golden.Case], Tables]:
    """Loads a case's evidence; nothing of it may stay unread."""

    def loaded(case: golden.Case) -> Tables:
        evidence = tmp_path / "evidence"
        evidence.mkdir()
        settings = Settings(state_dir=tmp_path / "state", allowed_roots=(evidence,), memory_limit="512MiB")
        folder = folder_of(settings.state_dir, investigation="golden")
        report = ingest.load(golden_evidence.write(case, evidence), folder, settings, Work())
        assert not report.unread, report.unread
        return Tables.open(folder, settings)

    return loaded


@pytest.fixture
def detect(load: Callable[[golden.Case], Tables]) -> Callable[[golden.Case], list[Finding]]:
    def found(case: golden.Case) -> list[Finding]:
        incident = case.incident()
        with load(case) as tables:
            groundwork.prepare(tables, incident, Work())
            return list(registry.rule(case.rule_name).detect(tables, incident))

    return found
