"""A program as files that are parsed once they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from deep_code_reasoning.code.graph.facts import Class, Definition, Facts, facts_of
from deep_code_reasoning.code.graph.kept_names import KeptNames
from deep_code_reasoning.code.graph.names import Names, scan
from deep_code_reasoning.code.graph.source_files import SourceFiles
from deep_code_reasoning.code.index.tree import Tree
from deep_code_reasoning.code.language import language_of
from deep_code_reasoning.code.parsing import parse
from deep_code_reasoning.progress import Progress, Work
from deep_code_reasoning.settings import Settings

MOST_KEPT = 250
"""Files whose trees are held at a time."""
MOST_LOOKED_AT = 40
"""Files that are parsed to find out what one name means; with more it is told as ambiguous."""


class Program:
    """`names`: which files may define what. `parsed`: how many files were parsed so far."""

    def __init__(self, tree: Tree, work: Work, kept: KeptNames | None = None) -> None:
        """`kept`: where names are taken from and kept; without it all files are read."""
        self.work = work
        self._tree = SourceFiles(tree, work)
        self.names: Names = scan(self._tree, work, kept)
        self.parsed = 0
        self._facts: OrderedDict[str, Facts | None] = OrderedDict()

    def facts(self, path: str) -> Facts | None:
        """None for a file that cannot be parsed; why is in `names.left_out`."""
        if path in self._facts:
            self._facts.move_to_end(path)
            return self._facts[path]
        self.work.check()
        found = self._read(path)
        self._facts[path] = found
        if len(self._facts) > MOST_KEPT:
            self._facts.popitem(last=False)
        return found

    def texts(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Contents of files as they are now, without parsing them."""
        for path, data in self._tree.read(paths):
            if not isinstance(data, str):
                yield path, data

    def definitions(self, name: str, paths: Iterable[str]) -> list[Definition]:
        return [one for path in paths if (facts := self.facts(path)) for one in facts.by_name.get(name, ())]

    def classes(self, name: str, paths: Iterable[str]) -> list[Class]:
        return [one for path in paths if (facts := self.facts(path)) for one in facts.classes.get(name, ())]

    def near(self, name: str, facts: Facts) -> list[str]:
        """Files that may define the name, those of the same folder first, the others by how much of the path they
        share."""
        found = self.names.defining(name, facts.rules.family)
        return sorted(found, key=lambda path: (-shared_folders(path, facts.path), path))

    def _read(self, path: str) -> Facts | None:
        language = language_of(path)
        data = next(iter(self._tree.read([path])))[1]
        if language is None or isinstance(data, str):
            self.names.left_out.setdefault(path, data if isinstance(data, str) else "no grammar for this file")
            return None
        parsed = parse(data, language)
        if isinstance(parsed, str):
            self.names.left_out[path] = parsed
            return None
        self.parsed += 1
        if self.parsed % 50 == 0:
            self.work.report(Progress("index", self.parsed, None, "files", "source files parsed along the path"))
        facts = facts_of(path, parsed)
        if facts.outline.is_complete is False:
            self.names.left_out[path] = "nested too deeply, or too long: read in part"
        return facts


def program_of(tree: Tree, settings: Settings, work: Work) -> Program:
    """With names kept from the last time."""
    return Program(tree, work, KeptNames(tree, settings))


def shared_folders(one: str, other: str) -> int:
    """How many folders two paths begin with in common; a file in the same folder counts one more."""
    first, second = one.split("/")[:-1], other.split("/")[:-1]
    count = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        count += 1
    return count + (first == second)
