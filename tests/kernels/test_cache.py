"""Compiled kernels in their folder: nobody waits, and neither others' code nor a damaged file is run."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import deep_code_reasoning
from deep_code_reasoning.kernels import cache, kernel_sources
from deep_code_reasoning.kernels.cache import Kernels, file_name, store
from deep_code_reasoning.kernels.compiling import Entry
from deep_code_reasoning.kernels.kernel_sources import all_kernels
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.trees_by_trace import NUMBER as KERNEL
from deep_code_reasoning.store.trees_by_trace import numbered

LONGEST_SECONDS = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "kernels"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def filled(folder: Path, kernels: Kernels) -> Path:
    """With the kernel that this module asks for."""
    shutil.copy(Settings().kernel_dir / file_name(KERNEL), folder)
    return folder


def numbers(kernel: Callable[..., int]) -> list[int]:
    """Of the traces of four spans."""
    return numbered(np.array([7, 9, 7, 8], np.uint64), kernel).number.tolist()


def test_the_first_who_asks_is_not_kept_waiting_and_a_child_compiles(folder: Path) -> None:
    asking = Kernels(folder)
    started = time.monotonic()
    assert asking.find(KERNEL) is None
    assert time.monotonic() - started < 2
    while (kernel := asking.find(KERNEL)) is None:
        assert time.monotonic() - started < LONGEST_SECONDS
        time.sleep(0.1)
    assert numbers(kernel) == [0, 1, 0, 2]
    assert [path.suffix for path in folder.iterdir()] == [".o"]


def test_every_kernel_is_known_by_a_name_of_its_own() -> None:
    names = [file_name(kernel) for kernel in all_kernels()]
    assert KERNEL in all_kernels()
    assert len(set(names)) == len(names)


def test_the_kernels_found_in_the_text_are_those_that_there_are() -> None:
    found = [module.name for module in pkgutil.walk_packages(deep_code_reasoning.__path__, "deep_code_reasoning.")]
    assert all_kernels() == [
        (name, function)
        for name in found
        if name.endswith("_kernel")
        for function, value in vars(importlib.import_module(name)).items()
        if isinstance(value, Entry)
    ]


def test_another_source_or_processor_has_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite.binding as llvm

    usual = file_name(KERNEL)
    assert file_name(KERNEL) == usual
    monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "8086")
    assert file_name(KERNEL) != usual
    monkeypatch.undo()
    monkeypatch.setattr(llvm, "get_host_cpu_features", dict)
    assert file_name(KERNEL) != usual
    monkeypatch.undo()
    monkeypatch.setattr(kernel_sources, "_sources", lambda module: (b"changed",))
    assert file_name(KERNEL) != usual


def test_another_compiler_has_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [cache._version(package) for package in ("numba", "llvmlite")] == [
        metadata.version(package) for package in ("numba", "llvmlite")
    ]
    usual = file_name(KERNEL)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert file_name(KERNEL) != usual


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_code_that_another_user_could_have_written_is_not_run(filled: Path, mode: int) -> None:
    assert Kernels(filled, compile_missing=False).find(KERNEL)
    filled.chmod(mode)
    assert Kernels(filled, compile_missing=False).find(KERNEL) is None


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Kernels(None).find(KERNEL) is None
    assert Kernels(tmp_path / "file" / "below").find(KERNEL) is None


@pytest.mark.parametrize("content", [b"", b"{}\n", b'{"symbol": "f", "arguments": []}\n', secrets.token_bytes(200)])
def test_a_file_that_is_none_is_not_taken_for_a_kernel(filled: Path, content: bytes) -> None:
    (filled / file_name(KERNEL)).write_bytes(content)
    assert Kernels(filled, compile_missing=False).find(KERNEL) is None


def test_a_damaged_file_is_not_run(filled: Path) -> None:
    path = filled / file_name(KERNEL)
    content = bytearray(path.read_bytes())
    flipped = content[:-500] + bytes([content[-500] ^ 1]) + content[-499:]
    for damaged in (content[:-1], content[: len(content) // 2], flipped):
        path.write_bytes(damaged)
        assert Kernels(filled, compile_missing=False).find(KERNEL) is None
    store(filled, KERNEL)
    assert Kernels(filled, compile_missing=False).find(KERNEL), "it is compiled anew"


def test_what_could_not_be_compiled_is_not_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(module: str, name: str) -> None:
        raise ValueError("the compiler does not know this")

    monkeypatch.setattr("deep_code_reasoning.kernels.compiling.compiled", fail)
    with pytest.raises(ValueError, match="does not know"):
        store(folder, KERNEL)
    (left,) = folder.iterdir()
    assert (left.suffix, left.read_text()) == (".failed", "ValueError: the compiler does not know this")
    monkeypatch.setattr(Kernels, "_compile_in_background", lambda *_: pytest.fail("tried again"))
    assert Kernels(folder).find(KERNEL) is None


def test_a_kernel_refuses_arguments_of_other_types(filled: Path) -> None:
    """It would read and write memory that is not there."""
    kernel = Kernels(filled).find(KERNEL)
    assert kernel
    rows, numbers = np.zeros(3, np.int64), np.zeros(16, np.int32)
    rest = (0, 0, 1, numbers, rows, *[numbers] * 4)
    with pytest.raises(TypeError, match="expected uint64"):
        kernel(rows, *rest)
    with pytest.raises(TypeError, match="contiguous"):
        kernel(np.zeros(6, np.uint64)[::2], *rest)
    with pytest.raises(ValueError, match="zip"):
        kernel(np.zeros(3, np.uint64))


def test_the_compiler_imports_nothing_from_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever loads evidence stands in its folder, and a `numba.py` there is not ours."""
    started: list[list[str]] = []
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
        Kernels(tmp_path, compile_missing=True)._compile_in_background(all_kernels()[0], tmp_path / "kernel.o")
    command = started[0]
    (tmp_path / "sys_path_probe.py").write_text("raise SystemExit('imported')")
    program = [*command[: command.index("-m")], "-c", "import sys_path_probe"]
    probed = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "No module named 'sys_path_probe'" in probed.stderr


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the system does not group processes by session")
def test_one_child_compiles_however_many_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    assert [Kernels(folder).find(KERNEL) for _ in range(5)] == [None] * 5
    assert len(started) == 1


def test_the_compiler_gives_way_as_a_session() -> None:
    """A process's niceness counts among its session alone, in which the compiler is the only one."""
    program = "from deep_code_reasoning.kernels.__main__ import _give_way as give; give()"
    program += "; print(open('/proc/self/autogroup').read())"
    done = subprocess.run(
        [sys.executable, "-c", program], start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "19"
