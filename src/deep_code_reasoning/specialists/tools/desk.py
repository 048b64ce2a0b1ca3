"""What the tools work on: one investigation, the source code under the allowed roots, and one Redactor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.code_ranking import indexes_of, source_folders
from deep_code_reasoning.context.render.code_window import code_window
from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.source_trees import SourceText, SourceTrees
from deep_code_reasoning.specialists.tools.found import Found
from deep_code_reasoning.specialists.tools.path_names import PathNames

if TYPE_CHECKING:
    from deep_code_reasoning.code.index.code_index import CodeIndex
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.context.scanner import Scanner
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.tables import Tables


@dataclass
class Desk:
    """`code_files`: folders that the caller named as code, beside the evidence's repositories. `scanner` looks for
    secrets that patterns miss."""

    tables: Tables
    diagnosis: Diagnosis
    roots: tuple[Path, ...]
    redactor: Redactor
    settings: Settings
    code_files: tuple[Path, ...] = ()
    scanner: Scanner | None = None
    _indexes: list[CodeIndex] | None = field(default=None, init=False)

    @cached_property
    def trees(self) -> SourceTrees:
        return SourceTrees(self.tables, self.roots)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        return tuple(source_folders(self.tables, self.code_files, self.roots))

    @cached_property
    def names(self) -> PathNames:
        return PathNames((*self.folders, *self.roots), (self.settings.state_dir,))

    def indexes(self, work: Work) -> list[CodeIndex]:
        """Of every source tree; brought up to date once a turn."""
        if self._indexes is None:
            self._indexes = list(indexes_of(self.folders, self.settings, work))
        return self._indexes

    def folder_called(self, index_name: str) -> Path:
        """Where the tree of an index lies: its name is its place."""
        return Path(index_name)

    def locate(self, named: str) -> Path:
        """The file that evidence, a brief or a tool's answer calls so. Raises Unreadable."""
        named = named.strip().removeprefix("code:")
        if (meant := self.names.path_of(named)) and meant.is_file():
            return meant
        return self.trees.locate(named)

    def code(self, path: Path, first: int = 1, last: int | None = None, name: str = "") -> Found:
        """Numbered lines of the file as it is now, secrets taken out before they are cut. Raises Unreadable."""
        source = self.trees.read(path)
        lines = self._clean_lines(source)
        last = min(last or len(lines), len(lines))
        if lines and first > last:
            raise Unreadable(f"it has {len(lines)} lines")
        said = f"{len(lines)} lines" if (first, last) == (1, len(lines)) else f"lines {first} to {last} of {len(lines)}"
        revision = self.trees.revision(source)
        title = ", ".join(part for part in (name, said, revision) if part)
        text = code_window(lines, first, last) if lines else "(empty)\n"
        return Found(f"code:{self.names.name_of(path)}", "code", title, text)

    def clean(self, text: str) -> str:
        """Without secrets and without places of this machine."""
        return self.redactor.sweep(self.names.without_places(self.redactor.clean(text)))

    def cleaned(self, items: Sequence[Found]) -> list[Found]:
        """Every part of each item cleaned, ids and titles too. Raises RedactionError where the scanner fails."""
        cleaned = [self._clean_item(item) for item in items]
        if self.scanner:
            for secret in self.scanner.secrets([part for i in cleaned for part in (i.id, i.title, i.text)]):
                self.redactor.remember(secret, "scanner")
        return [Found(*(self.redactor.sweep(part) for part in (i.id, i.kind, i.title, i.text))) for i in cleaned]

    def _clean_item(self, item: Found) -> Found:
        """Code comes cleaned, and its placeholders are ours; in all else they would claim what nobody checked."""
        text = item.text if item.kind == "code" else self.redactor.clean(_without_placeholders(item.text))
        id_, title = (self.redactor.clean(_without_placeholders(part)) for part in (item.id, item.title))
        return Found(*(self.names.without_places(part) for part in (id_, item.kind, title, text)))

    def _clean_lines(self, source: SourceText) -> list[str]:
        """Before lines are numbered and cut: a key may span many lines."""
        if not source.lines:
            return []
        return self.redactor.clean(_without_placeholders("\n".join(source.lines))).split("\n")


def _without_placeholders(text: str) -> str:
    return text.replace("«secret:", "‹secret:")
