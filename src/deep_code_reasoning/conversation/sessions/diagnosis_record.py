"""A diagnosis as it is kept beside a conversation, and back."""

from __future__ import annotations

import dataclasses
import json
import zlib

from deep_code_reasoning.finding import Diagnosis


def pack_diagnosis(diagnosis: Diagnosis) -> bytes:
    return zlib.compress(json.dumps(dataclasses.asdict(diagnosis), default=_number).encode("ascii"), 1)


def unpack_diagnosis(content: bytes) -> Diagnosis:
    import msgspec

    return msgspec.convert(json.loads(zlib.decompress(content)), Diagnosis)


def _number(value: object) -> object:
    """Detectors may leave numpy's numbers among those they measured."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError(f"not a number: {value!r}")
    return item()
