"""What all tests share."""

from __future__ import annotations

import pytest

from deep_code_reasoning.kernels.__main__ import all_kernels
from deep_code_reasoning.kernels.cache import Kernels, store
from deep_code_reasoning.settings import Settings


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    """Every kernel, compiled: at once where installing has done so, in half a minute where it has not."""
    directory = Settings().kernel_dir
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kernel in all_kernels():
        store(directory, kernel)
    return Kernels(directory, compile_missing=False)
