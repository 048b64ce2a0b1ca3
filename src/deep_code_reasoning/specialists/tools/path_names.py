"""Names for what lies on this machine: a model sees `shop/src/pay.py`, never where the folder lies."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path


class PathNames:
    """`folders` are called by their own name, where two have one with their parent's before it; `hidden` ones go by
    their own name too, but no file in them can be asked for."""

    def __init__(self, folders: Sequence[Path], hidden: Sequence[Path] = ()) -> None:
        self._folders: dict[str, Path] = {}
        self._names: dict[str, str] = {}
        for folder in folders:
            real = Path(os.path.realpath(folder))
            if real == Path(real.anchor):
                continue  # the whole machine has no name
            name = self._names.get(str(real)) or self._free_name(real)
            self._folders.setdefault(name, real)
            self._names |= dict.fromkeys((str(real), os.path.abspath(folder)), name)  # noqa: PTH100 as it is written
        for folder in (*hidden, Path.home()):
            self._names.setdefault(os.path.realpath(folder), folder.name)
        longest_first = sorted(filter(None, self._names), key=len, reverse=True)
        joined = "|".join(map(re.escape, longest_first))
        self._seen = re.compile(rf"(?<![\w.-])(?:{joined})(?![\w.-])") if joined else None

    def name_of(self, path: Path) -> str:
        return self.without_places(os.path.realpath(path))

    def path_of(self, name: str) -> Path | None:
        """The path under the folder whose name it begins with; None where there is none, and for a way out of it."""
        if ".." in name.split("/") or "\0" in name:
            return None
        for known, folder in self._folders.items():
            if name.startswith(f"{known}/"):
                return folder / name.removeprefix(f"{known}/")
        return None

    def without_places(self, text: str) -> str:
        """The text with every known folder's place replaced by its name."""
        return self._seen.sub(lambda match: self._names[match.group()], text) if self._seen else text

    def _free_name(self, folder: Path) -> str:
        parts = folder.parts[1:]
        for taken in range(1, len(parts) + 1):
            name = "/".join(parts[-taken:])
            if name not in self._folders:
                return name
        return "/".join(parts)
