"""A folder without git: walked, with the rules of the `.gitignore` files found on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.code.index import exclusion
from deep_code_reasoning.code.index.disk import Disk
from deep_code_reasoning.code.index.exclusion import LeftOut
from deep_code_reasoning.code.index.tree import Entry
from deep_code_reasoning.progress import Work

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec, Pattern

DEEPEST = 200
MOST_RULES_BYTES = 1 << 20
TOO_DEEP = f"folder more than {DEEPEST} levels down (not entered)"
IGNORED = "ignored by a .gitignore"

_Rules = list[tuple[str, "GitIgnoreSpec"]]


class Folder:
    commit: str | None = None

    def __init__(self, root: Path) -> None:
        self._disk = Disk(root)
        self.identity = self._disk.root

    def entries(self, work: Work) -> tuple[list[Entry], list[LeftOut]]:
        self._disk = Disk(Path(self._disk.root))
        entries: list[Entry] = []
        left: list[LeftOut] = []
        waiting: list[tuple[str, _Rules, int]] = [("", [], 0)]
        while waiting:
            work.check()
            folder, rules, depth = waiting.pop()
            try:
                with os.scandir(f"{self._disk.root}/{folder}") as listing:
                    found = sorted(listing, key=lambda one: one.name)
            except OSError:
                left.append(LeftOut(folder or "./", exclusion.FOLDER))
                continue
            rules = self._with_own(folder, found, rules)
            for one in found:
                path = folder + one.name
                if one.is_dir(follow_symlinks=False):
                    if reason := _folder_reason(one.name, path, rules, depth):
                        left.append(LeftOut(path + "/", reason))
                    else:
                        waiting.append((path + "/", rules, depth + 1))
                elif _is_ignored(path, rules):
                    left.append(LeftOut(path, IGNORED))
                else:
                    entry = self._disk.entry(path)
                    entries.append(entry) if isinstance(entry, Entry) else left.append(entry)
        return sorted(entries, key=lambda entry: entry.path), sorted(left, key=lambda one: one.path)

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | LeftOut]]:
        return self._disk.contents(entries)

    def _with_own(self, folder: str, found: list[os.DirEntry[str]], rules: _Rules) -> _Rules:
        import pathspec

        if not any(one.name == ".gitignore" and one.is_file(follow_symlinks=False) for one in found):
            return rules
        try:
            with Path(self._disk.root, folder, ".gitignore").open("rb") as file:
                text = file.read(MOST_RULES_BYTES).decode("utf-8", "surrogateescape")
            return [*rules, (folder, pathspec.GitIgnoreSpec.from_lines(text.splitlines()))]
        except (OSError, ValueError):  # a rule that is no rule: the file is as good as none
            return rules


def _folder_reason(name: str, path: str, rules: _Rules, depth: int) -> str | None:
    if reason := exclusion.folders().get(name):
        return reason
    if depth >= DEEPEST:
        return TOO_DEEP
    return IGNORED if _is_ignored(path + "/", rules) else None


def _is_ignored(path: str, rules: _Rules) -> bool:
    """The last rule that means the path itself decides, those of deeper files of rules before others, as git has it.

    A rule that means a folder above it does not: that folder was entered, so it is not ignored. (The library's own
    answer takes such rules into account, and has `*` win over `!*/`, which git does not.)
    """
    for folder, spec in reversed(rules):
        own = path[len(folder) :]
        for pattern in reversed(spec.patterns):
            if pattern.include is not None and _means_itself(pattern, own):
                return pattern.include
    return False


def _means_itself(pattern: Pattern, path: str) -> bool:
    found = pattern.match_file(path)
    if found is None:
        return False
    match: re.Match[str] = found.match
    if "ps_d" not in match.groupdict() or match["ps_d"] is None:
        return True
    return match.end("ps_d") == len(path) or (match[0] == "/" and path.endswith("/"))
