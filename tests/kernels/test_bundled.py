"""Kernels that came with the wheel: whose machine they are for, in which order they are taken, what is not run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest

from deep_code_reasoning.doctor import surroundings
from deep_code_reasoning.kernels import cache, kernel_sources
from deep_code_reasoning.kernels.cache import Kernels, bundled_name, file_name
from deep_code_reasoning.kernels.kernel_sources import all_kernels
from deep_code_reasoning.kernels.object_symbols import needs
from deep_code_reasoning.kernels.processor_levels import levels, levels_of_this_machine
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.store.trees_by_trace import NUMBER as KERNEL
from deep_code_reasoning.store.trees_by_trace import numbered

pytestmark = pytest.mark.skipif(not levels_of_this_machine(), reason="nothing is bundled for this machine")


@pytest.fixture
def bundled(tmp_path: Path, kernels: Kernels) -> Path:
    """As a wheel would have it, for every level; the code is this machine's, so that it can be run."""
    for level in levels():
        path = tmp_path / "bundled" / bundled_name(KERNEL, level)
        path.parent.mkdir(parents=True)
        shutil.copy(Settings().kernel_dir / file_name(KERNEL), path)
    return tmp_path / "bundled"


@pytest.fixture
def asking(tmp_path: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch) -> Kernels:
    """Nothing in the cache, and who has something compiled fails."""
    monkeypatch.setattr(Kernels, "_compile_in_background", lambda *_: pytest.fail("the compiler was started"))
    return Kernels(tmp_path / "cache", bundled=bundled)


def test_a_kernel_of_the_wheel_is_used_and_nothing_compiled(asking: Kernels) -> None:
    kernel = asking.find(KERNEL)
    assert kernel
    assert numbered(np.array([7, 9, 7], np.uint64), kernel).number.tolist() == [0, 1, 0]


def test_the_highest_level_of_the_machine_is_taken(asking: Kernels) -> None:
    assert asking.file(KERNEL) == asking._bundled / bundled_name(KERNEL, levels_of_this_machine()[0])


def test_a_level_above_the_machine_is_never_taken(asking: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking one feature after the other away: what is left is code that does without."""
    for level in levels():
        for missing in level.features:
            everything = {feature: feature != missing for any_level in levels() for feature in any_level.features}
            monkeypatch.setattr(llvm, "get_host_cpu_features", lambda told=everything: told)
            taken = Kernels(asking._directory, bundled=asking._bundled, compile_missing=False).file(KERNEL)
            able = [level for level in levels() if missing not in level.features]
            assert taken == (asking._bundled / bundled_name(KERNEL, able[0]) if able else None)


def test_a_machine_of_which_nothing_is_known_gets_what_every_machine_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("LLVM cannot tell")

    monkeypatch.setattr(llvm, "get_host_cpu_features", fail)
    assert all(not level.features for level in levels_of_this_machine())
    monkeypatch.setattr(llvm, "get_process_triple", lambda: "riscv64-unknown-linux-gnu")
    assert levels_of_this_machine() == ()


def test_what_was_compiled_for_this_processor_comes_first(asking: Kernels) -> None:
    assert asking._directory
    asking._directory.mkdir(mode=0o700)
    own = asking._directory / file_name(KERNEL)
    shutil.copy(Settings().kernel_dir / own.name, own)
    assert asking.file(KERNEL) == own
    asking._directory.chmod(0o777)
    assert Kernels(asking._directory, bundled=asking._bundled).file(KERNEL) != own, "anyone could have written that"


def test_a_damaged_kernel_of_the_wheel_is_not_run(asking: Kernels) -> None:
    left = list(levels_of_this_machine())
    while left:
        path = asking._bundled / bundled_name(KERNEL, left.pop(0))
        content = bytearray(path.read_bytes())
        content[-500] ^= 1
        path.write_bytes(content)
        assert asking.file(KERNEL) == (asking._bundled / bundled_name(KERNEL, left[0]) if left else None)
    assert Kernels(asking._directory, bundled=asking._bundled, compile_missing=False).find(KERNEL) is None


def test_edited_sources_have_none_in_the_wheel(asking: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_sources, "_sources", lambda module: (b"edited",))
    assert asking.file(KERNEL) is None


def test_switched_off_means_these_too(bundled: Path) -> None:
    assert Kernels(None, bundled=bundled).find(KERNEL) is None


def test_nothing_is_written_beside_them(asking: Kernels) -> None:
    """Packages lie where their user may not write; and so may the home be."""
    folders = [asking._bundled, *asking._bundled.iterdir()]
    for folder in folders:
        folder.chmod(0o555)
    before = sorted(asking._bundled.rglob("*"))
    (asking._bundled.parent / "file").touch()
    assert Kernels(asking._bundled.parent / "file" / "cache", bundled=asking._bundled).find(KERNEL)
    assert sorted(asking._bundled.rglob("*")) == before
    for folder in folders:
        folder.chmod(0o755)


def test_no_compiler_is_needed(asking: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert asking.find(KERNEL)


def test_the_doctor_tells_where_they_come_from(asking: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking._directory
    monkeypatch.setattr(cache, "BUNDLED", asking._bundled)
    check = surroundings.kernels(Settings(kernel_dir=asking._directory))
    assert (check.state, bool(check.advice)) == ("warning", True)
    assert f"1 came with the package (for {levels_of_this_machine()[0].folder})" in check.found
    assert f"{len(all_kernels()) - 1} not compiled yet" in check.found
    check = surroundings.kernels(Settings())
    assert check.state == "ok"
    assert f"{len(all_kernels())} compiled for this processor" in check.found


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other object files")
def test_machine_code_needs_nothing_but_functions_on_memory(kernels: Kernels) -> None:
    for kernel in all_kernels():
        code = (Settings().kernel_dir / file_name(kernel)).read_bytes().partition(b"\n")[2]
        assert needs(code) == set(), kernel


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other object files")
def test_machine_code_that_needs_more_is_known() -> None:
    source = """
        declare double @cos(double)
        declare ptr @memcpy(ptr, ptr, i64)
        define double @call(ptr %to, ptr %from, double %of) {
            call ptr @memcpy(ptr %to, ptr %from, i64 400)
            %result = call double @cos(double %of)
            ret double %result
        }"""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    assert needs(machine.emit_object(llvm.parse_assembly(source))) == {"cos"}
