"""Incidents generated once for the tests of the demo."""

from __future__ import annotations

import pytest

from deep_code_reasoning.demo.scenarios import lease_expiry, regression
from demo.evidence_reader import SIZE, WEEK_SIZE, Incident, Regression


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Incident:
    directory = tmp_path_factory.mktemp("incident")
    return directory, lease_expiry.play(directory, 7, SIZE)


@pytest.fixture(scope="session")
def without_skew(tmp_path_factory: pytest.TempPathFactory) -> Incident:
    directory = tmp_path_factory.mktemp("without-skew")
    parameters = lease_expiry.Parameters(skew_ms=0)
    return directory, lease_expiry.play(directory, 7, SIZE, parameters=parameters)


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Regression:
    directory = tmp_path_factory.mktemp("week")
    return directory, regression.play(directory, 7, WEEK_SIZE)


@pytest.fixture(scope="session")
def week_without_deploy(tmp_path_factory: pytest.TempPathFactory) -> Regression:
    directory = tmp_path_factory.mktemp("without-deploy")
    parameters = regression.Parameters(deploy=False)
    return directory, regression.play(directory, 7, WEEK_SIZE, parameters=parameters)
