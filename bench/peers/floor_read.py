"""The floor of any reader: every byte of a file into one buffer. Prints the number of bytes."""

import sys
from pathlib import Path

buffer, total = bytearray(1 << 22), 0
with Path(sys.argv[1]).open("rb", buffering=0) as file:
    while count := file.readinto(buffer):
        total += count
print(total)
