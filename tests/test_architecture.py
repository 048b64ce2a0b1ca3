"""The shape of the code that import-linter cannot see: sizes, names, and what a face may import at its start."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deep_code_reasoning.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "deep_code_reasoning"
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}
HEAVY = (
    "duckdb",
    "pyarrow",
    "numpy",
    "pydantic_ai",
    "google.genai",
    "openai",
    "anthropic",
    "simpy",
    "numba",
    "genai_prices",
    "jinja2",
)


def is_kernel(path: Path) -> bool:
    """A kernel takes each of its arrays as an argument of its own, and a call within it is not free."""
    return "_kernel" in path.stem


def test_modules_and_functions_stay_small() -> None:
    long_files = [f"{p.relative_to(ROOT)}: {n}" for p in MODULES if (n := len(p.read_text().splitlines())) > 400]
    long_functions = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > (90 if is_kernel(path) else 60)
    ]
    assert long_files == []
    assert long_functions == []


def test_no_module_is_a_drawer_for_everything() -> None:
    named = [p for p in PACKAGE.rglob("*") if p.stem.lower() in FORBIDDEN_NAMES]
    assert named == []


def test_no_query_takes_whichever_row_comes_first() -> None:
    """Threads race for it: the same evidence once had other words, and its changes other scores, in each run."""
    racing = re.compile(
        r"^(?!\s*--).*\b(any_value|arbitrary|first|last|random|uuid)\s*\(", re.IGNORECASE | re.MULTILINE
    )
    named = [p.name for p in PACKAGE.rglob("*.sql") if racing.search(p.read_text())]
    assert named == []


def test_only_settings_reads_the_environment() -> None:
    readers = [p.name for p in MODULES if re.search(r"os\.environ|os\.getenv|getenv\(", p.read_text())]
    # git_repository.py gives a subprocess a closed environment; it reads no setting from it.
    # interpreter.py sets a variable for the libraries loaded next.
    assert set(readers) <= {"settings.py", "git_environment.py", "interpreter.py"}


@pytest.mark.parametrize(
    "start",
    [
        "from deep_code_reasoning.cli.app import application; application()",
        "import deep_code_reasoning.investigation",
    ],
)
def test_a_face_starts_without_the_heavy_libraries(start: str) -> None:
    assert imported_by(start, *HEAVY) == []


def test_the_mcp_face_lists_its_tools_without_the_heavy_libraries() -> None:
    assert imported_by("import deep_code_reasoning.mcp_server.server", *HEAVY) == []


@pytest.mark.parametrize(
    "line",
    [
        '{"timestamp": "2026-10-13T09:00:00Z", "level": "info", "message": "paid"}\n',
        "2026-10-13T09:00:00Z INFO shop.cart.Worker: paid\n",
    ],
)
def test_a_load_imports_only_what_it_uses(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is imported before the first row is read is waited for, whatever the format."""
    monkeypatch.setenv("DCR_STATE_DIR", str(tmp_path / "state"))
    log = tmp_path / "app.log"
    log.write_text(line * 100)
    load = f"from deep_code_reasoning.cli.app import run; assert run(['load', {str(log)!r}, '--json']) == 0; print()"
    commands = {f"{PACKAGE.name}.cli.{module.partition('.')[0]}" for module in COMMANDS.values()}
    ours = [f"{PACKAGE.name}.{name}" for name in ("answer", "finding", "incident", "sources.otlp.protobuf_messages")]
    others = commands - {f"{PACKAGE.name}.cli.evidence"}
    assert imported_by(load, "pydantic", "tarfile", *ours, *others) == []


def imported_by(code: str, *names: str) -> list[str]:
    """Which of these modules a fresh process has imported after `code`."""
    asked = f"{code}\nimport sys; print(*[name for name in {names!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[-1].split()
