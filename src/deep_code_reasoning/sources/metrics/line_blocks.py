"""A stream in blocks of whole lines, for readers that work on many lines at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.stream import LINE_TOO_LONG, EvidenceStream

BLOCK_BYTES = 4 << 20


class Block(NamedTuple):
    """Whole lines, each with its newline; `line` is the number of the first, `offset` where it begins."""

    line: int
    offset: int
    data: bytes


def blocks(stream: EvidenceStream, size: int = BLOCK_BYTES) -> Iterator[Block | Skipped]:
    """Every line once, in order; the last gets a newline where it has none. Never raises.

    A block is at most `size` bytes and what completes its last line, up to `stream.limits.line_bytes`.
    """
    line, offset = 1, 0
    waiting: list[bytes] = []  # `held` bytes from `offset` on; `is_open` while no newline was seen in them
    held = 0
    is_open = True
    too_long = False

    for chunk in stream.chunks():
        if isinstance(chunk, Skipped):
            if held and not too_long:
                block = Block(line, offset, b"".join(waiting) + b"\n")
                yield block
                line += block.data.count(b"\n") - 1
            yield Skipped(line, chunk.offset, chunk.reason)
            return
        if too_long:
            end = chunk.find(b"\n") + 1
            if not end:
                held += len(chunk)
                continue
            yield Skipped(line, offset, LINE_TOO_LONG)
            line, offset, held, too_long, is_open = line + 1, offset + held + end, 0, False, True
            chunk = chunk[end:]
        cut = chunk.rfind(b"\n") + 1
        if held + len(chunk) < size or (not cut and is_open):
            waiting.append(chunk)
            held += len(chunk)
            is_open = is_open and not cut
            if is_open and held > stream.limits.line_bytes:
                waiting, too_long = [], True
            continue
        data = b"".join((*waiting, chunk))
        cut = data.rfind(b"\n") + 1
        block = Block(line, offset, data[:cut])
        yield block
        line, offset = line + block.data.count(b"\n"), offset + cut
        waiting, held, is_open = [data[cut:]], len(data) - cut, True
    if too_long:
        yield Skipped(line, offset, LINE_TOO_LONG)
    elif held:
        data = b"".join(waiting)
        yield Block(line, offset, data if data.endswith(b"\n") else data + b"\n")
