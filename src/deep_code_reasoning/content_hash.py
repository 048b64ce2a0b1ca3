"""The hash by which evidence is known again: equal contents are the same evidence, whatever their names and times.

XXH3 of 128 bits reads ten times as fast as SHA-256, and on a processor without instructions for that fifty times. Two
files share one by chance as often as never; who makes them do so on purpose hides nothing but a file of his own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xxhash import xxh3_128


def content_hash() -> xxh3_128:
    """With `update` and `hexdigest`, as hashlib's."""
    import xxhash

    return xxhash.xxh3_128()
