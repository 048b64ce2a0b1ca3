"""An archive among the evidence: what `walk` found to be a file becomes its members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.archives.contents import Piece, kind_of, pieces
from deep_code_reasoning.sources.walk import Item
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.sources.stream import Limits

SEPARATOR = "!/"  # between an archive and its member
FORMATS = ("zip", "tar")  # in the place of a reader's name


@dataclass(frozen=True)
class Archive:
    """`members` in the order in which they are best read; `unread` is what of it cannot be."""

    item: Item
    format: str
    members: tuple[Item, ...]
    unread: tuple[Unread, ...]


def open_archive(item: Item, limits: Limits, check: Callable[[], None]) -> Archive | None:
    """None where the file is no archive of evidence, or cannot be opened. `check` is called a member, may raise."""
    if item.kind != "file":
        return None
    members: list[Item] = []
    unread: list[Unread] = []
    kind = None
    try:
        kind = kind_of(item.path)
        if kind is None or (parts := pieces(item.path, kind, limits)) is None:
            return None
        for part in parts:
            check()
            if isinstance(part, Piece):
                path, name = (f"{whole}{SEPARATOR}{part.path}" for whole in (item.path, item.name))
                members.append(Item(Path(path), name, "member", part.member.size, part.member))
            else:
                separator = "" if part.path.startswith("@") else SEPARATOR
                unread.append(Unread(f"{item.name}{separator}{part.path}", part.reason))
    except OSError:
        if kind is None or not members:
            return None  # reading it as a file will tell why
        unread.append(Unread(item.name, "the archive could not be read further"))
    return Archive(item, kind.name, tuple(members), tuple(unread))
