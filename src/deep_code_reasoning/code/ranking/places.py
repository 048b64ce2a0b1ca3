"""Which files of an index a mention means: those that share the most of its path's end."""

from __future__ import annotations

from collections.abc import Sequence

from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.ranking.mentions import Mention

MOST_MEANT = 5
"""A name that more files share, as `__init__.py`, means none of them."""

_PACKAGE_FILES = ("__init__.py", "index.ts", "index.tsx", "index.js", "mod.rs")


def files_meant(index: CodeIndex, mention: Mention) -> list[str]:
    """In the order of their paths; none where nothing or too much fits."""
    parts = [part for part in mention.path.split("/") if part]
    if not parts:
        return []
    return _module(index, parts) if mention.is_module else _longest_suffix(index, parts)


def _longest_suffix(index: CodeIndex, parts: Sequence[str]) -> list[str]:
    best, most = [], 0
    wanted = [part.lower() for part in parts]
    for path in index.by_name.get(wanted[-1], ()):
        shared = _shared(path.lower().split("/"), wanted)
        if shared > most:
            best, most = [path], shared
        elif shared == most:
            best.append(path)
    return sorted(best) if len(best) <= MOST_MEANT else []


def _shared(path: list[str], wanted: list[str]) -> int:
    count = 0
    while count < min(len(path), len(wanted)) and path[-1 - count] == wanted[-1 - count]:
        count += 1
    return count


def _module(index: CodeIndex, parts: Sequence[str]) -> list[str]:
    """`a/b/c` is a/b/c.py, a/b/C.java, a/b/c/__init__.py, or the name c in a/b.py; at least two folders must fit."""
    for length in range(len(parts), 1, -1):
        head = [part.lower() for part in parts[:length]]
        suffix = "/" + "/".join(head)
        found = [path for path in _named(index, head[-1]) if ("/" + path.lower().rpartition(".")[0]).endswith(suffix)]
        if not found:
            folders = (("/" + "/".join([*head, name]), name) for name in _PACKAGE_FILES)
            found = [p for end, name in folders for p in index.by_name.get(name, ()) if ("/" + p.lower()).endswith(end)]
        if found:
            return sorted(found) if len(found) <= MOST_MEANT else []
    return []


_ENDINGS = ("py", "pyi", "java", "kt", "scala", "go", "rb", "rs", "ts", "tsx", "js", "cs", "php", "groovy", "ex", "pyx")


def _named(index: CodeIndex, name: str) -> list[str]:
    return [path for ending in _ENDINGS for path in index.by_name.get(f"{name}.{ending}", ())]
