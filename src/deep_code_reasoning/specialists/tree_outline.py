"""An outline of source trees within a budget of tokens: the folders around what a ranking found, file by file, then the
other folders the same way, the shallow ones first, and those that do not fit as counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from deep_code_reasoning.code.ranking.priors import kind_of
from deep_code_reasoning.context.tokens import count_tokens

_LISTED = ("code", "other", "migrations")
_FILES_A_LINE = 40
_COUNTS_SHARE = 0.2
"""Of the budget, kept for the folders that are told by their counts."""
_COUNTED_DEPTH = 2
_SMALLEST_LINE = 5
_MOST_LETTERS_A_TOKEN = 12
"""So that folders of thousands of files need not be counted to know that they do not fit."""


def tree_outline(trees: Mapping[str, Iterable[str]], near: Sequence[str], most_tokens: int) -> str:
    """`trees`: name -> paths of its files. `near`: files as tree/path, the most telling first. Tests, documents and
    vendored files are only counted."""
    folders: defaultdict[str, list[str]] = defaultdict(list)
    unlisted: defaultdict[str, int] = defaultdict(int)
    for tree, paths in trees.items():
        for path in paths:
            folder, _, name = f"{tree}/{path}".rpartition("/")
            if kind_of(path).name in _LISTED:
                folders[folder].append(name)
            else:
                unlisted[folder] += 1
    order = _order(folders, near)
    lines: list[str] = []
    left = round(most_tokens * (1 - _COUNTS_SHARE))
    shown = set()
    for folder in order:
        if left < _SMALLEST_LINE:
            break
        some = _lines(folder, sorted(folders[folder]))
        if sum(map(len, some)) > left * _MOST_LETTERS_A_TOKEN or (cost := sum(map(count_tokens, some))) > left:
            continue  # a smaller folder behind it may still fit
        lines += some
        shown.add(folder)
        left -= cost
    left += round(most_tokens * _COUNTS_SHARE)
    for line in _counted(folders, unlisted, shown):
        left -= count_tokens(line)
        if left < 0:
            break
        lines.append(line)
    return "".join(lines)


def _order(folders: Mapping[str, list[str]], near: Sequence[str]) -> list[str]:
    """First the folders of the files that are near, then their parents and neighbours, then the others by depth."""
    close: dict[str, None] = {}
    around: dict[str, None] = {}
    for path in near:
        folder = path.rpartition("/")[0]
        close[folder] = None
        around[folder.rpartition("/")[0]] = None
    beside = [f for f in sorted(folders) if f in around or f.rpartition("/")[0] in around]
    rest = sorted(folders, key=lambda folder: (folder.count("/"), folder))
    return [f for f in dict.fromkeys((*close, *beside, *rest)) if f in folders]


def _lines(folder: str, names: Sequence[str]) -> list[str]:
    return [
        f"{folder}/ {' '.join(names[begin : begin + _FILES_A_LINE])}\n" for begin in range(0, len(names), _FILES_A_LINE)
    ]


def _counted(folders: Mapping[str, list[str]], unlisted: Mapping[str, int], shown: set[str]) -> list[str]:
    """The rest, added up in the folders of the first two levels."""
    counts: defaultdict[str, int] = defaultdict(int)
    for folder, names in folders.items():
        if folder not in shown:
            counts["/".join(folder.split("/")[: _COUNTED_DEPTH + 1])] += len(names)
    others: defaultdict[str, int] = defaultdict(int)
    for folder, count in unlisted.items():
        others["/".join(folder.split("/")[: _COUNTED_DEPTH + 1])] += count
    lines = []
    for folder in sorted(counts.keys() | others.keys()):
        told = [f"{counts[folder]} more source files"] if counts[folder] else []
        told += [f"{others[folder]} tests and documents"] if others[folder] else []
        lines.append(f"{folder}/ ({', '.join(told)})\n")
    return lines
