"""The command line is run as a person runs it: a process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deep_code_reasoning.demo import generate
from deep_code_reasoning.demo.truth import Truth


@dataclass(frozen=True)
class Shop:
    evidence: Path
    truth: Truth


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The lease-expiry incident at its smallest published size, played once for all tests of the face."""
    directory = tmp_path_factory.mktemp("shop")
    return Shop(directory, generate("lease-expiry", directory, size_bytes=10_000_000))


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


Dcr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def dcr(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Dcr:
    """Runs `dcr` with a state directory of its own and no key."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deep_code_reasoning.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=elsewhere,
            env={**kept, "DCR_STATE_DIR": str(state), **environment},
            timeout=120,
        )

    return run
