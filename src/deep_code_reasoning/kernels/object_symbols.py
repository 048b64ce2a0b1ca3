"""What a kernel's object file leaves to others: functions on memory, which every C library has, and nothing else.

Of Python or a library it would have to be built for each of their versions; and LLVM ends the process of whoever loads
code that calls what is not there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MEMORY_FUNCTIONS = frozenset({"memset", "memcpy", "memmove"})
_ELF64 = b"\x7fELF\x02"
_SECTION, _SYMBOL = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ")
_SYMBOL_TABLE, _UNDEFINED = 2, 0


def needs(object_file: bytes) -> set[str]:
    """Names beside `MEMORY_FUNCTIONS`. Empty also for what is no ELF64: other systems' files are not looked into."""
    return set(_undefined(object_file)) - MEMORY_FUNCTIONS if object_file.startswith(_ELF64) else set()


def _undefined(elf: bytes) -> Iterator[str]:
    """Described in the System V ABI, "Sections" and "Symbol Table"."""
    (start,), (count,) = struct.unpack_from("<Q", elf, 40), struct.unpack_from("<H", elf, 60)
    sections = [_SECTION.unpack_from(elf, start + number * _SECTION.size) for number in range(count)]
    for _, kind, _, _, offset, size, link, *_ in sections:
        if kind != _SYMBOL_TABLE:
            continue
        for position in range(offset, offset + size, _SYMBOL.size):
            name, _, _, section, _, _ = _SYMBOL.unpack_from(elf, position)
            if name and section == _UNDEFINED:
                named = sections[link][4] + name
                yield elf[named : elf.index(b"\0", named)].decode()
