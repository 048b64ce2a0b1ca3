"""Which source tree a question about code is of, and where in it a file lies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from deep_code_reasoning.errors import OutsideRootsError


def source_root(file: str | None, *, root: Path | None = None, roots: Sequence[Path]) -> Path:
    """`root`, else the repository that holds the file, as far as `roots` reach; else the working directory, or the
    first of the roots. Resolved. Raises OutsideRootsError where it does not lie in one of `roots`."""
    allowed = [one.resolve() for one in roots]
    real = (root or _around(file, allowed)).resolve()
    if not any(real.is_relative_to(one) for one in allowed):
        raise OutsideRootsError(f"{root or real}: outside of the allowed roots ({', '.join(map(str, roots))})")
    return real


def path_below(root: Path, file: str | None) -> str | None:
    """The file's path in the tree where it lies there, from the root or from the working directory; else as given."""
    if not file:
        return None
    places = [Path(os.path.realpath(base / file)) for base in (root, Path.cwd())]
    inside = [one for one in places if one.is_relative_to(root)]
    found = next((one for one in inside if os.path.isfile(one)), None)  # noqa: PTH113 - no error of any name
    if found is None and inside and Path(file).is_absolute():  # of a revision, it need not be on disk
        found = inside[0]
    return found.relative_to(root).as_posix() if found else file


def _around(file: str | None, allowed: Sequence[Path]) -> Path:
    here = Path.cwd().resolve()
    if file:
        real = Path(os.path.realpath(file))
        for folder in real.parents:
            if not any(folder.is_relative_to(one) for one in allowed):
                break
            if os.path.exists(folder / ".git"):  # noqa: PTH110 - no error of any name
                return folder
        holding = [one for one in allowed if real.is_relative_to(one) and not here.is_relative_to(one)]
        if holding and not real.is_relative_to(here):
            return max(holding, key=lambda one: len(one.parts))
    return here if any(here.is_relative_to(one) for one in allowed) or not allowed else allowed[0]
