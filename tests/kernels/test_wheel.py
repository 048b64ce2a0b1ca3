"""A wheel is built as a release is, unpacked, and asked to load evidence on a machine that never compiled a kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from deep_code_reasoning.kernels.processor_levels import levels, levels_of_this_machine

ROOT = Path(__file__).parents[2]
BUNDLED = "deep_code_reasoning/kernels/bundled/"
# What loading lines of text takes; the others would take half a minute to compile.
NEEDED = ("log_shape_kernel.shape_ids", "shapes_at_hand_kernel.count_shapes", "text_logs_kernel.read_text_logs")
LINES = "".join(
    f"2026-10-13 09:{minute:02}:00.{second:03} {level} order {second * 7} of customer-{minute} took {second} ms\n"
    for minute in range(60)
    for second, level in enumerate(["INFO", "WARN", "ERROR"] * 30)
)
# Runs before the program, in each of its processes: tells on which compilers it starts, and lets it start none.
NO_COMPILER = """
import os, sys
def watch(event, arguments):
    if event == "subprocess.Popen" and "deep_code_reasoning.kernels" in map(str, arguments[1]):
        with open(os.environ["COMPILERS"], "a") as file:
            print(*arguments[1], file=file)
        raise OSError("no compiler here")
sys.addaudithook(watch)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not levels_of_this_machine(), reason="nothing is bundled for this machine"),
]


def build(folder: Path, kernels: str, target: str = "wheel", **environment: str) -> subprocess.CompletedProcess[str]:
    """With the packages that are here: isolated, the build would fetch them. `folder` gets what is built."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "DCR_WHEEL_KERNELS": kernels, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def built(folder: Path, kernels: str, target: str = "wheel") -> Path:
    run = build(folder, kernels, target)
    assert run.returncode == 0, run.stdout
    (distribution,) = folder.iterdir()
    return distribution


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("dist"), ",".join(NEEDED))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "packages")
    (tmp_path / "packages" / "sitecustomize.py").write_text(NO_COMPILER)
    return tmp_path / "packages"


def dcr(installed: Path, *arguments: str, **environment: str) -> tuple[str, list[str]]:
    """What the installed program says, and the compilers it started; its folders are empty at first."""
    beside = installed.parent
    usual = {name: str(beside / name) for name in ("DCR_STATE_DIR", "DCR_KERNEL_DIR", "COMPILERS")}
    run = subprocess.run(
        [sys.executable, "-m", "deep_code_reasoning.cli", *arguments],
        cwd=beside,
        env={**os.environ, "PYTHONPATH": str(installed), **usual, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    compilers = Path(usual["COMPILERS"])
    return run.stdout, compilers.read_text().splitlines() if compilers.exists() else []


def loaded(installed: Path, **environment: str) -> tuple[list[list[object]], list[str]]:
    """All log records of a first load, and the compilers started for it."""
    evidence = installed.parent / "app.log"
    evidence.write_text(LINES)
    dcr(installed, "load", str(evidence), "--json", **environment)
    said, compilers = dcr(
        installed, "query", "SELECT * FROM logs ORDER BY ALL", "--rows", "9999", "--json", **environment
    )
    return json.loads(said)["rows"], compilers


def test_the_wheel_is_of_its_platform_and_of_any_python(wheel: Path) -> None:
    assert re.search(r"-py3-none-(?!any)\w+(\.\w+)*\.whl$", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        kernels = [name.removeprefix(BUNDLED) for name in archive.namelist() if name.startswith(BUNDLED)]
    found = sorted(tuple(re.split("[/-]", name.replace("_kernel-", "_kernel."))[-2:-1]) for name in kernels)
    assert found == sorted((name,) for name in NEEDED for _ in levels())
    assert {name.partition("/")[0] for name in kernels} == {level.folder for level in levels()}


def test_a_first_load_uses_the_kernels_of_the_wheel_and_comes_to_the_same_rows(installed: Path) -> None:
    rows, compilers = loaded(installed)
    assert len(rows) == len(LINES.splitlines())
    assert compilers == []
    assert not any((installed.parent / "DCR_KERNEL_DIR").iterdir())
    plain = {"DCR_KERNELS": "false", "DCR_STATE_DIR": str(installed.parent / "plain")}
    assert loaded(installed, **plain) == (rows, [])


def test_without_them_it_would_have_started_the_compiler(installed: Path) -> None:
    """So that the test above can fail: of one of the kernels each level's file is damaged."""
    for path in installed.glob(f"{BUNDLED}*/text_logs_kernel-*"):
        path.write_bytes(path.read_bytes()[:-1])
    rows, compilers = loaded(installed)
    assert len(rows) == len(LINES.splitlines())
    (started,) = {line.partition("-m ")[2] for line in compilers}
    assert "text_logs_kernel read_text_logs" in started


def test_the_doctor_of_the_installed_program_tells_of_them(installed: Path) -> None:
    said, _ = dcr(installed, "doctor", "--json")
    (check,) = (check for check in json.loads(said) if check["name"] == "machine code")
    assert f"{len(NEEDED)} came with the package (for {levels_of_this_machine()[0].folder})" in check["found"]


def test_a_wheel_without_machine_code_is_for_every_platform(tmp_path: Path) -> None:
    wheel = built(tmp_path, "none")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.startswith(BUNDLED)]


def test_where_nothing_can_be_compiled_the_wheel_is_pure_and_the_build_says_so(tmp_path: Path) -> None:
    """Or fails, where machine code was demanded."""
    (tmp_path / "numba.py").write_text("raise ImportError('no numba here')")
    run = build(tmp_path / "required", "required", PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert "no numba here" in run.stdout
    run = build(tmp_path / "dist", "", PYTHONPATH=str(tmp_path))
    assert run.returncode == 0
    assert "no numba here" in run.stdout
    assert "a wheel without compiled kernels" in run.stdout
    assert [path.name.endswith("-py3-none-any.whl") for path in (tmp_path / "dist").iterdir()] == [True]


def test_an_editable_installation_and_the_sources_hold_no_machine_code(tmp_path: Path) -> None:
    """The first would wait for the compiler at every `make`, the second is for every platform."""
    editable = built(tmp_path / "editable", "required", "wheel:editable")
    assert editable.name.endswith("-py3-none-any.whl")
    with tarfile.open(built(tmp_path / "sources", "required", "sdist")) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert "build_kernels.py" in names
    assert not [name for name in names if BUNDLED in name]


def test_a_kernel_that_does_not_exist_cannot_be_asked_for(tmp_path: Path) -> None:
    run = build(tmp_path, "topology_kernel.shrink")
    assert run.returncode == 1
    assert "no such kernel: topology_kernel.shrink" in run.stdout
    assert list(tmp_path.iterdir()) == []
