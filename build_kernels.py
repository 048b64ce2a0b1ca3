"""Puts compiled kernels into the wheel: a build hook of hatchling, told in pyproject.toml.

A wheel so carries machine code for the levels of processors in `kernels/processor_levels.py`, and is one of the
platform it was built on; whoever installs it never waits for the compiler (docs/decisions/0006-compiled-kernels.md).
A source distribution and an editable installation carry none.

DCR_WHEEL_KERNELS says otherwise:
    (not set)   all kernels; where they cannot be compiled, a wheel without any, with a warning
    required    all kernels; where they cannot be compiled, no wheel
    none        a wheel without any, for every platform
    NAME,...    only these (`topology_kernel.grow_traces`), as `required`; tests do not wait for the rest
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "DCR_WHEEL_KERNELS"
IN_WHEEL = "deep_code_reasoning/kernels/bundled"
# Object files name nothing but memset, memcpy and memmove, which every C library has (`kernels/object_symbols.py` sees
# to that): of Linux, a wheel fits every version of each of them that Python 3.11 runs on.
PLATFORMS = {
    ("linux", "x86_64"): "manylinux_2_17_x86_64.musllinux_1_1_x86_64",
    ("linux", "aarch64"): "manylinux_2_17_aarch64.musllinux_1_1_aarch64",
    ("darwin", "x86_64"): "macosx_10_13_x86_64",
    ("darwin", "arm64"): "macosx_11_0_arm64",
    ("win32", "amd64"): "win_amd64",
    ("win32", "arm64"): "win_arm64",
}


class KernelsHook(BuildHookInterface):
    """Of the target `wheel` alone."""

    def dependencies(self) -> list[str]:
        """What importing a kernel's module takes (`needs` in pyproject.toml), as bounded where it runs."""
        from packaging.requirements import Requirement

        if os.environ.get(VARIABLE) == "none":
            return []
        return [text for text in self.metadata.core.dependencies if Requirement(text).name in self.config["needs"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        wanted = os.environ.get(VARIABLE, "")
        if version == "editable" or wanted == "none":
            return
        self._folder = TemporaryDirectory()
        try:
            fits = self._compile([] if wanted in ("", "required") else wanted.split(","))
        except (OSError, subprocess.CalledProcessError) as error:
            if wanted:
                raise
            self.app.display_warning(f"a wheel without compiled kernels: {error}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{fits}"
        build_data["force_include"][self._folder.name] = IN_WHEEL

    def _compile(self, names: list[str]) -> str:
        """Into the folder; in a process of its own, which imports the package from its sources.

        Returns the platform they are for. Raises OSError and CalledProcessError.
        """
        fits = PLATFORMS.get((sys.platform, platform.machine().lower()))
        if not fits:
            raise OSError(f"none are made for {sys.platform} on {platform.machine()}")
        command = [sys.executable, "-P", "-m", "deep_code_reasoning.kernels.bundling", self._folder.name, *names]
        path = os.pathsep.join(filter(None, (str(Path(self.root, "src")), os.environ.get("PYTHONPATH"))))
        subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
        return fits
