"""Which of some names a file's text holds as words of its own: before it is parsed, and for many names at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

FEW = 8
"""Names that are looked for one by one; with more it takes less time to part the text into its words once."""
_BLANK = 0x20
_WORD_BYTES = bytes(byte if byte < 128 and (chr(byte).isalnum() or byte == ord("_")) else _BLANK for byte in range(256))


def mentioned(names: Iterable[str]) -> Callable[[bytes], set[str]]:
    """What finds those of the names that a text holds, as `\\b` parts words of bytes."""
    encoded = {name.encode(): name for name in names}
    one_by_one = set(encoded)
    if len(encoded) > FEW:
        one_by_one = {name for name in encoded if name.translate(_WORD_BYTES) != name}
    patterns = {name: re.compile(rb"\b" + re.escape(name) + rb"\b") for name in one_by_one}
    plain = encoded.keys() - one_by_one

    def found_in(data: bytes) -> set[str]:
        found = {encoded[name] for name, pattern in patterns.items() if name in data and pattern.search(data)}
        if plain:
            found.update(encoded[name] for name in plain.intersection(data.translate(_WORD_BYTES).split()))
        return found

    return found_in
