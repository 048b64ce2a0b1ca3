"""What a zip and a tar have in common: members that can be opened, and those that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from deep_code_reasoning.content_hash import content_hash
from deep_code_reasoning.sources.decompression import Undone

HEAD_BYTES = 160 << 10  # more than a block of zstd (128 KiB), before whose end nothing of a packed tar is seen

LINK = "a link in an archive, which is not followed"
NO_CONTENT = "a device, pipe or sparse file in an archive"
ENCRYPTED = "encrypted member of an archive"
CUT_OFF = "archive that ends within this member (cut off)"
NO_END = "archive cut off before its end; the whole members before the cut were read"
DAMAGED = "archive damaged from here on"

Opened = Callable[[], BinaryIO]  # an archive, at its beginning; raises OSError


@dataclass(frozen=True, eq=False)
class Member:
    """The content of one file in an archive. `size` in bytes, as the archive says it.

    `opened` reads it from its beginning, each time; raises OSError. `is_packed`: that takes decompression.
    """

    size: int
    opened: Callable[[], Iterator[bytes | Undone]]
    is_packed: bool
    known_fingerprint: str = ""

    def fingerprint(self) -> str:
        """The content hash, the same as of a file that holds it; empty where it cannot be read whole."""
        if self.known_fingerprint:
            return self.known_fingerprint
        digest = content_hash()
        for part in self.opened():
            if isinstance(part, Undone):
                return ""
            digest.update(part)
        return digest.hexdigest()


class Found(NamedTuple):
    """A file in an archive; `head` is its first HEAD_BYTES."""

    name: str
    member: Member
    head: bytes


class Lost(NamedTuple):
    """What cannot be read: a member, or (without a name) the archive from byte `offset` on."""

    name: str | None
    reason: str
    offset: int = 0


def head_of(member: Member) -> bytes:
    """Raises OSError."""
    head = b""
    for part in member.opened():
        if isinstance(part, Undone):
            break
        head += part[:HEAD_BYTES]
        if len(head) >= HEAD_BYTES:
            break
    return head[:HEAD_BYTES]


def slice_of(opened: Opened, start: int, size: int, step: int = 1 << 20) -> Iterator[bytes]:
    """`size` bytes of an archive from `start`, or as many as there are."""
    with opened() as file:
        file.seek(start)
        while size > 0 and (chunk := file.read(min(size, step))):
            size -= len(chunk)
            yield chunk
