"""pprof: a `perftools.profiles.Profile`, plain or in gzip, as Go, Pyroscope, Parca and most profilers write it.

Source: google/pprof, proto/profile.proto and proto/README.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from deep_code_reasoning.sources.profiles.wire import BYTES, VARINT, WireError, fields
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

CUT = "pprof that ends within a message (cut off)"
DAMAGED = "pprof that is no protobuf message from here on"
NO_TYPES = "pprof whose samples have no type (its tables are cut off or damaged)"

# Which kinds of field each message has, by number; the messages that a Profile holds, by its field.
_V, _B = {VARINT}, {BYTES}
_VALUE_TYPE = {1: _V, 2: _V}
_MESSAGES: dict[int, dict[int, set[int]]] = {
    1: _VALUE_TYPE,
    2: {1: {VARINT, BYTES}, 2: {VARINT, BYTES}, 3: _B},
    3: dict.fromkeys(range(1, 11), _V),
    4: {1: _V, 2: _V, 3: _V, 4: _B, 5: _V},
    5: dict.fromkeys(range(1, 6), _V),
    11: _VALUE_TYPE,
}
_PROFILE = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 11), _B),
    **dict.fromkeys((7, 8, 9, 10, 12, 14, 15), _V),
    13: {VARINT, BYTES},
}


class Pprof:
    name = "pprof"
    accepts = "CPU, heap and other profiles of pprof (profile.proto, with or without gzip)"

    def claims(self, sample: Sample) -> int:
        """Sure when all that lies whole in the sample has a profile's form and tells what was measured."""
        return 92 if not sample.is_directory and _has_form(sample) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.profiles.pprof_tables import Profile, read_samples
        from deep_code_reasoning.sources.profiles.samples import Samples

        data, skipped = stream.read_all()
        yield from skipped
        profile = Profile(data)
        try:
            profile.read_tables()
        except WireError as error:
            yield Skipped(None, error.offset, CUT if error.is_cut else DAMAGED)
        if profile.samples and not profile.has_types:
            yield Skipped(None, 0, NO_TYPES)
            return
        samples = Samples()
        yield from read_samples(profile, samples)
        if len(samples):
            yield samples.take()


READER = Pprof()


def _has_form(sample: Sample) -> bool:
    head = sample.head
    types = others = 0
    try:
        for field in fields(head, 0, len(head)):
            if field.kind not in _PROFILE.get(field.number, ()):
                return False
            shape = _MESSAGES.get(field.number, {}) if field.kind == BYTES else {}
            if shape:
                inner = [(part.number, part.kind) for part in fields(head, field.start, field.end)]
                if any(kind not in shape.get(number, ()) for number, kind in inner):
                    return False
                types += field.number == 1 and bool(inner)
                others += field.number != 1
    except WireError as error:
        # The last message of a sample that goes on is cut; in a whole file that is damage, but of a profile.
        if not error.is_cut:
            return False
    return types > 0 or others > 2
