"""What the machine has to offer: Python, git, memory, a folder to write to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import metadata
from pathlib import Path

from deep_code_reasoning import __version__
from deep_code_reasoning.doctor.check import Check
from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.kernels.kernel_sources import all_kernels
from deep_code_reasoning.settings import Settings

OLDEST_GIT = (2, 25)
LEAST_FREE = 2_000_000_000  # bytes
SECONDS = 10.0
NOT_YET = "not compiled yet"


def python(_settings: Settings) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "ok", f"{version} at {sys.executable}, deep-code-reasoning-mcp {__version__}")


def libraries(_settings: Settings) -> Check:
    """Are all that are needed there, and new enough? As the installed package itself names them."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in metadata.requires("deep-code-reasoning-mcp") or ()]
    except metadata.PackageNotFoundError:
        return Check("libraries", "warning", "run from a folder of sources", "install it: pip install .")
    wrong = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found}, needed {requirement.specifier}")
    if wrong:
        return Check("libraries", "problem", "; ".join(wrong), "pip install --upgrade deep-code-reasoning-mcp")
    return Check("libraries", "ok", f"all {len(wanted)} are there")


def git(_settings: Settings) -> Check:
    path = shutil.which("git")
    if path is None:
        return Check("git", "problem", "not found", "install git: changes and code cannot be read without it")
    run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=SECONDS, check=False)
    words = run.stdout.split()
    numbers = tuple(int(part) for part in (words[2].split(".")[:2] if len(words) > 2 else ()) if part.isdigit())
    if numbers < OLDEST_GIT:
        return Check("git", "warning", run.stdout.strip() or "says nothing", "2.25 or later is needed for histories")
    return Check("git", "ok", f"{run.stdout.strip()} at {path}")


def state_directory(settings: Settings) -> Check:
    folder = settings.state_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("state directory", "problem", f"{folder}: {error.strerror}", "set DCR_STATE_DIR to another folder")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        return Check(
            "state directory", "warning", f"{folder}: {free / 1e9:.1f} GB are free", "gigabytes of traces need as much"
        )
    if folder.stat().st_mode & 0o077:
        return Check("state directory", "warning", f"{folder} can be read by others", f"chmod 700 {folder}")
    return Check("state directory", "ok", f"{folder}, {free / 1e9:,.0f} GB free")


def ledger(settings: Settings) -> Check:
    from deep_code_reasoning.conversation.database import FILE_NAME, Database
    from deep_code_reasoning.errors import DcrError

    try:
        with Database(settings.state_dir).transaction() as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except DcrError as error:
        return Check("ledger", "problem", str(error), f"move {FILE_NAME} away; a new one is made")
    if said != "ok":
        return Check("ledger", "problem", said, f"move {FILE_NAME} away; a new one is made")
    return Check("ledger", "ok", f"{FILE_NAME} is intact")


def kernels(settings: Settings) -> Check:
    if not settings.kernels:
        return Check(
            "machine code", "warning", "switched off (kernels = false)", "loading takes two to four times as long"
        )
    cached = Kernels(settings.kernel_dir)
    origins = Counter(_origin(cached.file(kernel), settings) for kernel in all_kernels())
    found = f"of {origins.total()} kernels " + ", ".join(f"{count} {origin}" for origin, count in origins.items())
    if NOT_YET in origins:
        advice = "python -m deep_code_reasoning.kernels compiles them now (20 s)"
        return Check("machine code", "warning", f"{found}; a load that needs one has it compiled meanwhile", advice)
    return Check("machine code", "ok", found)


def _origin(file: Path | None, settings: Settings) -> str:
    """Of the machine code that a load would use."""
    if file is None:
        return NOT_YET
    if file.parent == settings.kernel_dir:
        return f"compiled for this processor (in {settings.kernel_dir})"
    return f"came with the package (for {file.parent.name})"
