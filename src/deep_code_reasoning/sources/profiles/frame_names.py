"""What profilers put into the name of a frame besides the function: file, line, and how it was compiled."""

from __future__ import annotations

import re
from functools import lru_cache

from deep_code_reasoning.sources.profiles.samples import Frame

# async-profiler and FlameGraph: interpreted, just-in-time compiled, inlined, kernel.
_ANNOTATION = re.compile(r"_\[[0-9ijkc]\]\Z")
_PLACE = re.compile(r"([^()\s][^()]{0,1023}\.\w{1,8})(?::(\d{1,9}))?")
_FILE = re.compile(r"[^:\s][^:]{0,1023}\.\w{1,8}")


@lru_cache(maxsize=65_536)
def frame_of(name: str) -> Frame:
    """`Stock.reserve:31_[j]` is line 31 of Stock.reserve; a name of no known form is the function as it stands."""
    text = _ANNOTATION.sub("", name) or name
    if text.endswith(")"):
        return _with_place(text)
    if text.endswith("]"):
        return _with_module(text)
    head, _, line = text.rpartition(":")
    return _with_line(head, int(line)) if head and line.isdecimal() and len(line) < 10 else Frame(text)


def _with_place(text: str) -> Frame:
    """py-spy: `charge (app/pay.py:31)`, `charge (app/pay.py)`; not the arguments of a C++ function."""
    function, _, place = text[:-1].rpartition(" (")
    match = _PLACE.fullmatch(place) if function else None
    return Frame(function, match[1], int(match[2]) if match[2] else None) if match else Frame(text)


def _with_module(text: str) -> Frame:
    """`charge [31]` is a line; perf's `malloc [libc.so.6]` and `read [kernel.kallsyms]` are modules."""
    function, _, inside = text[:-1].rpartition(" [")
    if not function or not inside:
        return Frame(text)
    if inside.isdecimal() and len(inside) < 10:
        return Frame(function, None, int(inside))
    return Frame(function, inside)


def _with_line(head: str, line: int) -> Frame:
    function, dash, file = head.partition(" - ")  # rbspy: charge - /app/pay.rb:31
    if dash and file and function:
        return Frame(function, file, line)
    file, colon, function = head.partition(":")  # Austin: /app/pay.py:charge:31
    if colon and function and ":" not in function and _FILE.fullmatch(file):
        return Frame(function, file, line)
    if " " in head or head.endswith(":") or head.isdecimal():
        return Frame(f"{head}:{line}")
    return Frame(head, None, line)  # async-profiler: Pay.charge:31
