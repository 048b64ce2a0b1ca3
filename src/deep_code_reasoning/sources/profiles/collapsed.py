"""Collapsed ("folded") stacks: frames from the root on, parted by `;`, then a count, one stack a line.

Written by FlameGraph's stackcollapse scripts, perf, bpftrace, async-profiler, py-spy, rbspy and Austin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.profiles.frame_names import frame_of
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_STACK = "line that is not a collapsed stack and its count"

_KIND = ("samples", "count")  # the format does not tell what was counted
_COUNT = re.compile(rb"\d{1,18}(?:\.\d{1,9})?")
_BLANK = b" \t\r\0"
_LINES = 200


class Collapsed:
    name = "collapsed"
    accepts = "profiles as collapsed stacks (root;caller;callee 12, a stack a line)"

    def claims(self, sample: Sample) -> int:
        """Every whole line must be a stack, and half of them more than one frame; prose has a blank behind its `;`."""
        lines = sample.head.split(b"\n")
        if not sample.complete and len(lines) > 1:
            lines.pop()
        lines = [line for line in lines[:_LINES] if line.strip(_BLANK)]
        if not lines or any(_stack(line) is None or b"; " in line for line in lines):
            return 0
        return 65 if 2 * sum(b";" in line for line in lines) >= len(lines) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.profiles.samples import MAX_FRAMES, TOO_DEEP, Samples

        samples = Samples()
        for line in stream.lines():
            if isinstance(line, Skipped):
                yield line
                continue
            number, offset, data = line
            if not data.strip(_BLANK):
                continue
            found = _stack(data)
            if found is None or found[0].count(b";") >= MAX_FRAMES:
                yield Skipped(number, offset, TOO_DEEP if found else NOT_A_STACK)
                continue
            stack = [frame_of(name) for name in found[0].decode("utf-8", "replace").split(";") if name]
            samples.add(None, None, _KIND, found[1], stack, offset)
            if samples.is_full:
                yield samples.take()
        if len(samples):
            yield samples.take()


READER = Collapsed()


def _stack(line: bytes) -> tuple[bytes, float] | None:
    """The frames and the count; no regex over the whole line, which may be as long as memory allows."""
    frames, _, count = line.rstrip(_BLANK).rpartition(b" ")
    frames = frames.strip(b" \t\0")
    if not frames or frames[:1] in b";{" or b"\t" in frames or not _COUNT.fullmatch(count):
        return None
    return frames, float(count)
