"""Loads and opens as a face does."""

from __future__ import annotations

from pathlib import Path

from deep_code_reasoning.ingest import LoadReport, load
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import InvestigationFolder, folder_of
from deep_code_reasoning.store.tables import Tables


def load_all(evidence: Path, settings: Settings, work: Work | None = None, name: str | None = None) -> LoadReport:
    return load([evidence], folder_of(settings.state_dir, [evidence], name), settings, work or Work())


def opened(settings: Settings, evidence: Path | None = None, name: str | None = None) -> Tables:
    return Tables.open(folder_of(settings.state_dir, [evidence] if evidence else (), name), settings)


def files(folder: InvestigationFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir()}
