"""Incidents that hypotheses are tested on: the generated shop, and the golden evidence of the detectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deep_code_reasoning import ingest
from deep_code_reasoning.demo import generate
from deep_code_reasoning.demo.truth import Truth
from deep_code_reasoning.diagnosis import diagnose
from deep_code_reasoning.experiments.checking import QueryLimits
from deep_code_reasoning.experiments.deriving import hypothesis_of
from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.trial import Trial
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.incident import TimeWindow
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import InvestigationFolder, folder_of
from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Place:
    """An incident, loaded and diagnosed."""

    evidence: Path
    folder: InvestigationFolder
    settings: Settings
    diagnosis: Diagnosis
    scene: Scene

    def open(self) -> Tables:
        return Tables.open(self.folder, self.settings)

    def examination(self, parallel: int = 1, work: Work | None = None, seconds: float = 20.0) -> Examination:
        return Examination(self.scene, self.open, work or Work(), parallel, QueryLimits(seconds=seconds))

    def tested(self, text: str) -> Trial:
        hypothesis = hypothesis_of(text, "the caller", self.scene)
        return Trial(hypothesis, tuple(self.examination().outcomes(hypothesis.predictions)))


def placed(
    paths: list[Path], root: Path, *, baseline: TimeWindow | None = None, incident: TimeWindow | None = None
) -> Place:
    settings = Settings(state_dir=root / "state", allowed_roots=(root,), memory_limit="512MiB")
    folder = folder_of(settings.state_dir, investigation="tested")
    ingest.load([str(path) for path in paths], folder, settings, Work())
    with Tables.open(folder, settings) as tables:
        diagnosis = diagnose(tables, investigation="tested", baseline=baseline, incident=incident, work=Work())
        return Place(root, folder, settings, diagnosis, Scene.of(tables, diagnosis))


@pytest.fixture(scope="session")
def truth_and_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Place]:
    root = tmp_path_factory.mktemp("shop")
    truth = generate("lease-expiry", root / "evidence", size_bytes=10_000_000)
    return truth, placed([root / "evidence"], root)


@pytest.fixture(scope="session")
def shop(truth_and_shop: tuple[Truth, Place]) -> Place:
    return truth_and_shop[1]


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Place]:
    def made(paths: list[Path], **windows: TimeWindow | None) -> Place:
        return placed(paths, tmp_path, **windows)

    return made
