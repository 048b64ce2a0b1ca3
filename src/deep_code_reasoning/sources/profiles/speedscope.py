"""speedscope's JSON, evented and sampled.

Source: speedscope, src/lib/file-format-spec.ts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

if TYPE_CHECKING:
    from deep_code_reasoning.sources.profiles.samples import Samples
    from deep_code_reasoning.sources.profiles.speedscope_profiles import SampledOrEvented

BROKEN = "speedscope file that is not well-formed (broken off or damaged)"
NOT_A_PROFILE = "speedscope profile of an unknown type or form"

_MARK = re.compile(
    rb'"\$schema"\s*:\s*"https?://(?:www\.)?speedscope\.app/file-format-schema\.json"|"exporter"\s*:\s*"speedscope'
)
_FORM = re.compile(rb'"profiles"\s*:\s*\[\s*\{[^\[\]{}]*"type"\s*:\s*"(?:evented|sampled)"')


class Speedscope:
    name = "speedscope"
    accepts = "profiles of speedscope (JSON, evented or sampled)"

    def claims(self, sample: Sample) -> int:
        if sample.head.lstrip()[:1] != b"{":
            return 0
        return 95 if _MARK.search(sample.head) else 85 if _FORM.search(sample.head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        import msgspec

        from deep_code_reasoning.sources.profiles.samples import Frame, Samples
        from deep_code_reasoning.sources.profiles.speedscope_profiles import File, SampledOrEvented

        data, skipped = stream.read_all()
        yield from skipped
        broken = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
        try:
            file = msgspec.json.decode(data.strip(b" \t\r\n\0"), type=File)
        except broken:
            if data.strip(b" \t\r\n\0") or not skipped:
                yield Skipped(None, 0, BROKEN)
            return
        frames = [Frame(frame.name, frame.file or None, frame.line) for frame in file.shared.frames]
        samples = Samples()
        decoder = msgspec.json.Decoder(SampledOrEvented)
        for raw in file.profiles:
            try:
                profile = decoder.decode(raw)
            except broken:
                yield Skipped(None, 0, NOT_A_PROFILE)
                continue
            yield from _rows(profile, frames, samples)
        if len(samples):
            yield samples.take()


READER = Speedscope()


def _rows(profile: SampledOrEvented, frames: list, samples: Samples) -> Iterator[Batch | Skipped]:
    from deep_code_reasoning.sources.profiles.speedscope_profiles import kind_of, stacks

    kind, factor = kind_of(profile.unit)
    for part in stacks(profile, len(frames)):
        if isinstance(part, str):
            yield Skipped(None, 0, part)
            continue
        stack, weight = part
        samples.add(None, None, kind, weight * factor, [frames[number] for number in stack], 0)
        if samples.is_full:
            yield samples.take()
