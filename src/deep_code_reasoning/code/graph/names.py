"""Which files may define a name: told without parsing, so that only those reached are parsed."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field

from deep_code_reasoning.code.graph.kept_names import KeptNames, Stated
from deep_code_reasoning.code.graph.rules import rules_of
from deep_code_reasoning.code.graph.source_files import SourceFiles
from deep_code_reasoning.code.index.definitions import may_define
from deep_code_reasoning.code.index.tree import Entry
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.parsing import BINARY, LONGEST_LINE, MINIFIED, longest_line
from deep_code_reasoning.progress import Progress, Work

REPORT_EACH = 200
LONGEST_NAME = 200


@dataclass(eq=False)
class Names:
    """`left_out`: path -> why a file could not be read. `modules`: Go's, by the folder of their go.mod. `bytes`: of all
    source files."""

    paths: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
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

    def add(self, path: str, stated: Stated | None, unread: str) -> None:
        """`unread`: why nothing is stated."""
        if stated is None or stated.why:
            self.left_out[path] = stated.why if stated else unread
        elif path.endswith("go.mod"):
            if stated.module:
                self.modules[stated.module] = path.rpartition("/")[0]
        else:
            number = len(self.paths)
            self.paths.append(path)
            self.bytes += stated.size
            for name in stated.names.split(b"\0") if stated.names else ():
                self._files.setdefault(name.decode("utf-8", "replace"), array("I")).append(number)


def scan(tree: SourceFiles, work: Work, kept: KeptNames | None = None) -> Names:
    """All files of the tree. A file that is binary, minified or too large is left out, and said so.

    What is `kept` of files that are as they were is taken from there, and what had to be read is kept.
    """
    known = kept.read() if kept else {}
    stated = {entry.path: row for entry in tree.entries if (row := known.get(entry.path)) and row.is_of(entry)}
    others = [entry for entry in tree.entries if entry.path not in stated]
    unread: dict[str, str] = {}
    for done, (entry, (path, data)) in enumerate(zip(others, tree.read(one.path for one in others), strict=True)):
        if done % REPORT_EACH == 0:
            work.report(Progress("index", done, len(others), "files", "names that source files define"))
        if isinstance(data, str):
            unread[path] = data
        else:
            stated[path] = _stated(entry, data)
    found = Names(left_out=dict(tree.left_out))
    for entry in tree.entries:
        found.add(entry.path, stated.get(entry.path), unread.get(entry.path, ""))
    found.complete()
    work.report(Progress("index", len(tree.entries), len(tree.entries), "files"))
    if kept and any(stated[one.path].can_be_kept for one in others if one.path in stated):
        kept.write(one for one in stated.values() if one.can_be_kept)
    return found


def _stated(entry: Entry, data: bytes) -> Stated:
    row = Stated(os.fsencode(entry.path), entry.blob, entry.stamp, len(data))
    if entry.path.endswith("go.mod"):
        row.module = _module(data)
    elif b"\0" in data or longest_line(data) > LONGEST_LINE:
        row.why = BINARY if b"\0" in data else MINIFIED
    else:
        row.names = b"\0".join(name for name in may_define(entry.path, data) if len(name) <= LONGEST_NAME)
    return row


def family_of(path: str) -> str:
    language = language_of(path)
    return rules_of(language).family if language else ""


def _module(data: bytes) -> str:
    lines = data[:100_000].decode("utf-8", "replace").splitlines()
    said = next((line.removeprefix("module ") for line in lines if line.startswith("module ")), "")
    return said.strip().strip('"')
