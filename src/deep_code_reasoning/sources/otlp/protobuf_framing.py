"""How the messages of a file are told apart: by nothing, by lengths in four bytes, by lengths as varints.

Source: the file exporter of the OpenTelemetry collector (contrib, `exportMessageAsBuffer`): each message behind its
length as a big-endian uint32, since compressed each for itself where `compression` is set. Java's
`writeDelimitedTo` and Go's `protodelim` write varints. Unframed messages behind each other are one message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from deep_code_reasoning.sources.decompression import Bounds, Packing, Undone, decompressed
from deep_code_reasoning.sources.otlp.protobuf_signals import Look
from deep_code_reasoning.sources.otlp.protobuf_wire import Damage, varint

ZSTD = Packing.ZSTD.value
JSON_REQUEST = re.compile(rb'\s*\{\s*"resource_?(?:spans|logs|metrics)"', re.IGNORECASE)

_LOOK_BYTES = 64 * 1024
_SHORT_LOOK_BYTES = 4 * 1024
_LOOKS = 2_000  # so many places are looked at closely in a stretch where a file may go on after damage
_CANDIDATE = {  # where a frame may start: its length, then the tag of field 1
    "NONE": re.compile(rb"\x0a(?=[\x00-\xff]{1,5}?[\x0a\x12])", re.DOTALL),
    "BIG_ENDIAN": re.compile(rb"[\x00-\x3f](?=[\x00-\xff]{3}(?:\x0a|\x28\xb5\x2f\xfd))", re.DOTALL),
    "VARINT": re.compile(rb"[\x00-\xff](?=[\x00-\xff]{0,4}?\x0a)", re.DOTALL),
}


class Framing(Enum):
    NONE = "unframed"
    BIG_ENDIAN = "four bytes of length"
    VARINT = "a varint of length"

    def prefix(self, data: bytes, at: int, end: int) -> tuple[int | None, int]:
        """A frame's length (None: to the end of the file) and where its message begins. Raises Damage."""
        if self is Framing.NONE:
            return None, at
        if self is Framing.VARINT:
            return varint(data, at, end)
        if end - at < 4:
            raise Damage(at)
        return int.from_bytes(data[at : at + 4], "big"), at + 4

    def look(self, data: bytes, at: int, end: int) -> int:
        """How surely there is a frame of telemetry at `at`, of which the start may lie before `end`: 0 to 100."""
        try:
            size, begin = self.prefix(data, at, end)
        except Damage:
            return 0
        end = min(end, begin + _LOOK_BYTES, end if size is None else begin + size)
        if begin >= end:
            return 0
        if self is not Framing.NONE and data[begin : begin + 4] == ZSTD:
            data = unpacked_head(data[begin:end])
            if JSON_REQUEST.match(data):
                return 95
            begin, end = 0, len(data)
        look = Look(data, begin, end)
        if not look.signals:
            return 0
        return 95 if look.is_otlp else 75 if len(look.signals) == 1 else 0

    def next_frame(self, data: bytes, at: int, end: int, failed: int) -> int | None:
        """The first place from `at` on, but not `failed`, where a frame surely starts."""
        looks = 0
        for candidate in _CANDIDATE[self.name].finditer(data, at, end):
            place = candidate.start()
            if place == failed or not self._may_start(data, place, end):
                continue
            looks += 1
            if self.look(data, place, min(end, place + _SHORT_LOOK_BYTES)) > 75:
                return place
            if looks >= _LOOKS:
                break
        return None

    def _may_start(self, data: bytes, at: int, end: int) -> bool:
        """A quick look: the length of the first element, and of the first field in it, fit each other."""
        try:
            size, at = self.prefix(data, at, end)
            if data[at : at + 4] == ZSTD:
                return True
            element, inner = varint(data, at + 1, end)
            field, content = varint(data, inner + 1, end)
        except (Damage, IndexError):
            return False
        fits = size is None or inner - at + element <= size
        return fits and data[at] == 0x0A and data[inner] in b"\x0a\x12" and content - inner + field <= element


def framing_of(head: bytes) -> tuple[Framing, int]:
    """How the file that starts so is framed, and how surely: 0 to 100."""
    sure = {}
    for framing in Framing:
        at = 0
        if framing is Framing.BIG_ENDIAN:  # messages without content: a collector that had nothing to tell
            at = (len(head) - len(head.lstrip(b"\0"))) // 4 * 4
        sure[framing] = framing.look(head, at, len(head))
    best = max(sure, key=lambda framing: sure[framing])
    if not sure[best]:
        return {0x00: Framing.BIG_ENDIAN, 0x0A: Framing.NONE}.get(head[0] if head else 0, Framing.VARINT), 0
    return best, sure[best]


def unpacked_head(packed: bytes) -> bytes:
    """The start of a compressed message."""
    head = b""
    for part in _unpacked(packed, _LOOK_BYTES):
        if isinstance(part, bytes):
            head += part
        if len(head) >= _LOOK_BYTES:
            break
    return head[:_LOOK_BYTES]


def unpacked(packed: bytes, limit: int) -> tuple[bytes, str | None]:
    """A compressed message, and why it ends early where it does."""
    parts = list(_unpacked(packed, limit))
    reason = next((part.reason for part in parts if isinstance(part, Undone)), None)
    return b"".join(part for part in parts if isinstance(part, bytes)), reason


def _unpacked(packed: bytes, limit: int) -> Iterator[bytes | Undone]:
    return decompressed(lambda: iter([packed]), Packing.ZSTD, Bounds(1_000, limit))
