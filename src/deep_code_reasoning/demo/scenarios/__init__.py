"""The incidents that can be played, a module each, named after the scenario."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from deep_code_reasoning.demo.truth import Played


def play(
    scenario: str, directory: Path, seed: int, size_bytes: int, progress: Callable[[float], None] | None
) -> Played:
    """Play a scenario with its default parameters."""
    module = import_module(f".{scenario.replace('-', '_')}", __name__)
    return module.play(directory, seed, size_bytes, progress)
