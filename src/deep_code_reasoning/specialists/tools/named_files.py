"""Which file a model means: by its path, by the end of its path, else by what the ranking makes of its words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.source_syntax import signature_lines
from deep_code_reasoning.specialists.tools.found import Found

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_MOST_RANKED = 2
_MOST_OF_A_NAME = 3


def resolved(desk: Desk, named: str, why: str, work: Work) -> list[Path]:
    """Raises Unreadable where no file is found."""
    try:
        return [desk.locate(named)]
    except Unreadable as error:
        return _by_name(desk, named, work) or _by_words(desk, named, why, work) or _raised(error)


def _raised(error: Unreadable) -> list[Path]:
    raise error


def _by_name(desk: Desk, named: str, work: Work) -> list[Path]:
    """Files whose path ends so: the path of another repository's layout, or a bare name."""
    parts = [part for part in named.replace("\\", "/").lower().split("/") if part not in ("", ".", "..")]
    found = [
        (-_common_end(path.lower().split("/"), parts), path, desk.folder_called(index.name))
        for index in desk.indexes(work)
        for path in index.by_name.get(parts[-1] if parts else "", ())
    ]
    best = min((common for common, _, _ in found), default=0)
    same = [folder / path for common, path, folder in sorted(found) if common == best]
    return same if len(same) <= _MOST_OF_A_NAME else []


def _common_end(path: list[str], wanted: list[str]) -> int:
    length = 0
    while length < min(len(path), len(wanted)) and path[-1 - length] == wanted[-1 - length]:
        length += 1
    return length


def _by_words(desk: Desk, named: str, why: str, work: Work) -> list[Path]:
    from deep_code_reasoning.code.ranking.query import Query
    from deep_code_reasoning.code.ranking.rank import rank

    query = Query(title=named.replace("/", " "), text=why, files=(named,))
    ranked = rank(desk.indexes(work), query, _MOST_RANKED, read=_MOST_RANKED)
    return [desk.folder_called(file.repository) / file.path for file in ranked]


def outlined(desk: Desk, path: Path) -> Found | None:
    """The lines on which classes and functions say what they are; None where no grammar knows the file."""
    source = desk.trees.read(path)
    if not (wanted := signature_lines(source)):
        return None
    whole = desk.code(path)
    lines = whole.text.split("\n")
    text = "\n".join(lines[number] for number in wanted if number < len(lines)) + "\n"
    return Found(whole.id, "code", f"outline of {whole.title}", text)
