"""Which files may define a name: one pass over all files without parsing, so that only those reached are parsed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from deep_code_reasoning.code.graph.rules import rules_of
from deep_code_reasoning.code.graph.source_files import SourceFiles
from deep_code_reasoning.code.index.definitions import may_define
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.parsing import BINARY, LONGEST_LINE, MINIFIED, longest_line
from deep_code_reasoning.progress import Progress, Work

REPORT_EACH = 200
LONGEST_NAME = 200


@dataclass(eq=False)
class Names:
    """`left_out`: path -> why a file could not be read. `modules`: Go's, by the folder of their go.mod."""

    paths: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    bytes_read: int = 0
    _files: dict[str, array] = field(default_factory=dict)
    _folders: dict[str, list[str]] = field(default_factory=dict)
    _endings: dict[str, list[str]] = field(default_factory=dict)

    def defining(self, name: str, family: str) -> list[str]:
        """Files of a family of languages that may define it, in the order of their paths."""
        return [path for number in self._files.get(name, ()) if family_of(path := self.paths[number]) == family]

    def in_folder(self, folder: str) -> list[str]:
        return self._folders.get(folder, [])

    def ending_with(self, path: str) -> list[str]:
        """Files whose path ends so, by whole names."""
        last = path.rpartition("/")[2]
        return [one for one in self._endings.get(last, ()) if one == path or one.endswith("/" + path)]

    def agreeing(self, said: str) -> list[str]:
        """Files whose path ends as what was said, or with which it ends (`/app/shop/cart.py`), by whole names; of
        those the ones that agree the longest."""
        wanted = [part for part in said.replace("\\", "/").split("/") if part not in ("", ".")]
        best: dict[int, list[str]] = {}
        for path in self.ending_with(wanted[-1]) if wanted and ".." not in wanted else ():
            parts = path.split("/")
            count = min(len(parts), len(wanted))
            if parts[-count:] == wanted[-count:]:
                best.setdefault(count, []).append(path)
        return best[max(best)] if best else []

    def has(self, path: str) -> bool:
        return path in self._known

    def complete(self) -> None:
        self._known = frozenset(self.paths)
        for path in self.paths:
            folder, _, last = path.rpartition("/")
            self._folders.setdefault(folder, []).append(path)
            self._endings.setdefault(last, []).append(path)

    def add(self, path: str, names: Iterable[bytes]) -> None:
        number = len(self.paths)
        self.paths.append(path)
        for name in names:
            if len(name) <= LONGEST_NAME:
                self._files.setdefault(name.decode("utf-8", "replace"), array("I")).append(number)


def scan(tree: SourceFiles, work: Work) -> Names:
    """All files of the tree. A file that is binary, minified or too large is left out, and said so."""
    found = Names(left_out=dict(tree.left_out))
    paths = tree.paths()
    for done, (path, data) in enumerate(tree.read(paths)):
        if done % REPORT_EACH == 0:
            work.report(Progress("index", done, len(paths), "files", "names that source files define"))
        if isinstance(data, str):
            found.left_out[path] = data
            continue
        if path.endswith("go.mod"):
            _add_module(found, path, data)
            continue
        if b"\0" in data or longest_line(data) > LONGEST_LINE:
            found.left_out[path] = BINARY if b"\0" in data else MINIFIED
            continue
        found.bytes_read += len(data)
        found.add(path, may_define(path, data))
    found.complete()
    work.report(Progress("index", len(paths), len(paths), "files"))
    return found


def family_of(path: str) -> str:
    language = language_of(path)
    return rules_of(language).family if language else ""


def _add_module(found: Names, path: str, data: bytes) -> None:
    for line in data[:100_000].decode("utf-8", "replace").splitlines():
        if line.startswith("module "):
            found.modules[line.removeprefix("module ").strip().strip('"')] = path.rpartition("/")[0]
            return
