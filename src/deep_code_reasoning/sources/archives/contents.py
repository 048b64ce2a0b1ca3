"""The members of an archive as pieces of evidence, `bundle.zip!/logs/app.log`; archives in archives too, to a depth."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from deep_code_reasoning.sources.archives.member import Found, Lost, Member, Opened
from deep_code_reasoning.sources.decompression import (
    BOMB_RATIO,
    BOMB_SIZE,
    RATIO_FLOOR,
    Bounds,
    Packing,
    decompressed,
    packing_of,
)

if TYPE_CHECKING:
    from deep_code_reasoning.sources.stream import Limits

DEPTH = 3
MEMBERS = 100_000
NESTED_BYTES = 256 << 20  # an archive in an archive is held in memory while its members are read

TOO_DEEP = "archive nested too deeply"
TOO_MANY = "archive with more members than are read"
TOO_LARGE_INSIDE = "archive in an archive, larger than what is held in memory"
CONTROL_FILES = "files of version control in an archive (a repository is read from its folder)"
_LONGEST_NAME = 1024  # of a member, as it is shown
_BLOCK_BYTES = 512  # of a tar
_ZIP_MARKS = (b"PK\3\4", b"PK\5\6")  # the second: a zip without members
# Of a header: eight bytes, a number in binary or in octal digits.
_TAR_CHECKSUM = re.compile(rb"[\x80\xff]|\s*(?:[0-7]{8}|[0-7]{0,7}[\s\0])")
_LARGEST_BLOCK_BYTES = 1 << 20  # of bzip2, before whose end nothing is seen
_CONTROL_FOLDERS = {".git", ".hg", ".svn", ".jj", ".bzr"}


class Kind(NamedTuple):
    name: str  # zip or tar
    packing: Packing


class Piece(NamedTuple):
    """A member that may be evidence; `path` is below the archive, `!/` between an archive and its member."""

    path: str
    member: Member


class Unreadable(NamedTuple):
    """`path` as in Piece, with `@byte` where it is a place in an archive; empty for the archive itself."""

    path: str
    reason: str


def kind_of(path: Path) -> Kind | None:
    """Whether the file is an archive, by its content. Raises OSError."""
    from deep_code_reasoning.sources.stream import open_regular

    with open_regular(path) as file:
        head = file.read(_BLOCK_BYTES)
        if packing_of(head) is not Packing.NONE:
            head += file.read(_LARGEST_BLOCK_BYTES)
    return _kind_of_head(head)


def pieces(path: Path, kind: Kind, limits: Limits) -> Iterator[Piece | Unreadable] | None:
    """Every member, archives in it opened. None where it is a program or document. Raises OSError, also later on."""
    from deep_code_reasoning.sources.stream import open_regular

    bounds = Bounds(limits.ratio, limits.decompressed_bytes)
    return _Opening(bounds, path.stat().st_size).contents(partial(open_regular, path), kind, "", 1)


def _kind_of_head(head: bytes) -> Kind | None:
    if head.startswith(_ZIP_MARKS):
        return Kind("zip", Packing.NONE)
    packing = packing_of(head)
    if packing is not Packing.NONE:
        start = decompressed(lambda: iter([head]), packing, Bounds(1 << 20, 1 << 30))
        head = next((part for part in start if isinstance(part, bytes)), b"")
    if len(head) < _BLOCK_BYTES or not _TAR_CHECKSUM.match(head, 148):
        return None  # before tarfile is imported, for which every file would wait
    from deep_code_reasoning.sources.archives.tar_files import is_tar

    return Kind("tar", packing) if is_tar(head) else None


@dataclass
class _Slot:
    """The one nested archive that is in memory, and whose it is."""

    member: Member | None = None
    content: bytes = b""

    def opened(self, member: Member) -> BinaryIO:
        if self.member is not member:
            self.member = None
            self.content = b"".join(part for part in member.opened() if isinstance(part, bytes))
            self.member = member
        return io.BytesIO(self.content)


@dataclass
class _Opening:
    """One archive with all that lies in it, and what of the bounds is used up."""

    bounds: Bounds
    size: int
    _count: int = 0
    _bytes: int = 0
    _slots: dict[int, _Slot] = field(default_factory=dict)  # by depth

    def contents(self, opened: Opened, kind: Kind, prefix: str, depth: int) -> Iterator[Piece | Unreadable] | None:
        from deep_code_reasoning.sources.archives.tar_files import tar_members
        from deep_code_reasoning.sources.archives.zip_files import zip_members

        if kind.name == "zip":
            members = zip_members(opened, self.bounds)
        else:
            members = tar_members(opened, kind.packing, self.bounds)
        return None if members is None else self._pieces(members, prefix, depth)

    def _pieces(self, members: Iterator[Found | Lost], prefix: str, depth: int) -> Iterator[Piece | Unreadable]:
        names: Counter[str] = Counter()
        for part in members:
            if isinstance(part, Lost) and part.name is None:
                yield Unreadable(f"{prefix.removesuffix('!/')}@{part.offset}", part.reason)
                continue
            path = prefix + _unique(_clean(part.name or ""), names)
            if isinstance(part, Lost):
                yield Unreadable(path, part.reason)
            elif not _CONTROL_FOLDERS.isdisjoint(path.split("/")):
                yield Unreadable(path, CONTROL_FILES)
            elif reason := self._refusal(part.member):
                yield Unreadable(path, reason)
                if reason is TOO_MANY:
                    return
            else:
                yield from self._opened_further(path, part, depth)

    def _refusal(self, member: Member) -> str | None:
        self._count += 1
        self._bytes += member.size
        if self._count > MEMBERS:
            return TOO_MANY
        if self._bytes > self.bounds.size:
            self._bytes -= member.size
            return BOMB_SIZE
        if self._bytes > RATIO_FLOOR and self._bytes > self.size * self.bounds.ratio:
            self._bytes -= member.size
            return BOMB_RATIO
        return None

    def _opened_further(self, path: str, found: Found, depth: int) -> Iterator[Piece | Unreadable]:
        member = found.member
        inner = _kind_of_head(found.head)
        within = None
        if inner and depth >= DEPTH:
            yield Unreadable(path, TOO_DEEP)
            return
        if inner and member.size > NESTED_BYTES:
            yield Unreadable(path, TOO_LARGE_INSIDE)
            return
        if inner:
            slot = self._slots.setdefault(depth, _Slot())
            within = self.contents(partial(slot.opened, member), inner, f"{path}!/", depth + 1)
        if within is not None:
            yield from within
            return
        if depth > 1 and not member.known_fingerprint:
            # Now, while the archive around it is in memory; fingerprints are asked for by another thread.
            member = replace(member, known_fingerprint=member.fingerprint())
        yield Piece(path, member)


def _clean(name: str) -> str:
    """As a path that only leads downwards. No file is ever opened by it, but it is shown and kept."""
    parts = name.replace("\\", "/").split("/")
    text = "/".join(part for part in parts if part not in ("", ".", ".."))
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST_NAME]) or "unnamed"


def _unique(name: str, names: Counter[str]) -> str:
    names[name] += 1
    return name if names[name] == 1 else f"{name}#{names[name]}"
