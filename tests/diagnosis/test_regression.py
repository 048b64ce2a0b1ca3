"""The mission's third scenario, played and diagnosed: the commit among 200, its loop, what it did, and why no other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deep_code_reasoning import ingest
from deep_code_reasoning.demo.scenarios import regression
from deep_code_reasoning.demo.truth import RegressionTruth
from deep_code_reasoning.diagnosis import KnownCode, diagnose
from deep_code_reasoning.finding import Diagnosis
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.investigation_folder import folder_of
from deep_code_reasoning.store.tables import Tables

SIZE = 10_000_000

pytestmark = pytest.mark.slow


def diagnosed(path: Path, evidence: Path) -> Diagnosis:
    settings = Settings(state_dir=path / "state", allowed_roots=(evidence,), memory_limit="1GiB")
    folder = folder_of(settings.state_dir, investigation="regression")
    ingest.load([evidence], folder, settings, Work())
    with Tables.open(folder, settings) as tables:
        return diagnose(tables, investigation="regression", known=KnownCode((evidence,)), work=Work())


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> tuple[RegressionTruth, Diagnosis]:
    evidence, state = tmp_path_factory.mktemp("week"), tmp_path_factory.mktemp("state")
    truth = regression.play(evidence, 7, SIZE)
    return truth, diagnosed(state, evidence)


def test_the_commit_and_the_line_of_its_loop(week: tuple[RegressionTruth, Diagnosis]) -> None:
    truth, found = week
    assert found.verdict.kind == "change"
    assert found.verdict.commit == truth.culprit_commit
    assert found.verdict.service == truth.culprit_service
    first = found.changes[0]
    assert first.repository.endswith(truth.culprit_repository)
    assert first.location is not None
    (code,) = truth.culprit_code
    assert (first.location.file, first.location.line) == (code.path, code.line)


def test_when_it_began(week: tuple[RegressionTruth, Diagnosis]) -> None:
    truth, found = week
    assert truth.onset_at is not None
    assert found.incident.onset is not None
    begins, ends = (
        datetime.fromtimestamp(at / 1e9, UTC) for at in (found.incident.onset.start, found.incident.onset.end)
    )
    assert begins <= truth.onset_at <= ends


def test_calls_before_and_after_and_the_part_of_the_rise(week: tuple[RegressionTruth, Diagnosis]) -> None:
    truth, found = week
    effect = found.changes[0].effect
    assert effect is not None
    assert effect.calls is not None
    before, after = effect.calls
    assert after - before == pytest.approx(truth.calls_after - truth.calls_before, rel=0.15)
    assert effect.rate_ratio is not None
    assert effect.rate_ratio[1] > 5
    assert effect.share_of_rise == pytest.approx(1.0, abs=0.2)


def test_the_second_best_and_why_not(week: tuple[RegressionTruth, Diagnosis]) -> None:
    truth, found = week
    second = found.changes[1]
    assert second.sha != truth.culprit_commit
    assert second.score < found.changes[0].score / 3
    assert any("not this" in why or "less than the first" in why for why in second.why_not)


def test_without_the_deploy_no_change_is_named(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    regression.play(evidence, 7, SIZE, parameters=regression.Parameters(deploy=False))
    found = diagnosed(tmp_path, evidence)
    assert found.verdict.commit is None
