"""One block of an exposition: its samples in columns, and where in it scrapes begin."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.metrics.exposition import Exposition, Part, parse_sample
from deep_code_reasoning.sources.metrics.exposition_lines import BAD_TIME, NO_TIME, Lines, cut, time_nanos
from deep_code_reasoning.sources.metrics.line_blocks import Block
from deep_code_reasoning.sources.metrics.point_parts import Parts
from deep_code_reasoning.sources.metrics.series import Longs, number_of
from deep_code_reasoning.sources.reader import Skipped

NOT_A_SAMPLE = "line that is not a sample of the exposition format"
TIME_OUT_OF_RANGE = "sample with a time outside 1973 to 2262"

_END = re.compile(r"#[ \t]*EOF\s*")
_HELP = re.compile(r"#[ \t]*HELP\b")


class Beginning(NamedTuple):
    """A line from which on samples are of another scrape; `nanos` where the line is the time of it."""

    line: int
    nanos: int | None = None


@dataclass
class Samples:
    """`lines`: the place of each sample's line in the block, ascending. `keys`: its text before the value."""

    parts: Parts
    lines: Longs
    keys: list[str]
    beginnings: list[Beginning]
    skipped: list[Skipped]


@dataclass
class _Unusual:
    """What the lines that are looked at one by one hold."""

    lines: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    beginnings: list[Beginning] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)


def samples(block: Block, exposition: Exposition, seen: set[str]) -> Samples:
    """`seen`: the families whose type the scrape under way has told; it is kept up to date."""
    lines = cut(block.data)
    unusual = _unusual(block.data, lines, exposition, seen)
    texts = [key.decode("utf-8", "replace") for key in lines.keys.dictionary.to_pylist()]
    keys = np.concatenate((lines.keys.indices.to_numpy(), np.arange(len(unusual.keys)) + len(texts))).astype(np.int64)
    texts += unusual.keys
    at = np.concatenate((lines.usual, np.array(unusual.lines, np.int64)))
    values = np.concatenate((lines.values, np.array(unusual.values, np.float64)))
    times = np.concatenate((lines.times, np.array(unusual.times, np.int64)))
    if unusual.keys:
        order = np.argsort(at, kind="stable")
        keys, at, values, times = keys[order], at[order], values[order], times[order]
    offsets = lines.starts[at] + block.offset
    found = _parts(texts, keys, offsets, exposition)
    is_known = np.array([part is not None for part in found], bool)[keys]
    is_timely = times != BAD_TIME
    skipped = [
        *(_skip(block, lines, line, NOT_A_SAMPLE) for line in unusual.broken),
        *(_skip(block, lines, line, NOT_A_SAMPLE) for line in at[~is_known].tolist()),
        *(_skip(block, lines, line, TIME_OUT_OF_RANGE) for line in at[is_known & ~is_timely].tolist()),
    ]
    series, roles, bounds = (
        np.array(column, kind)[keys]
        for column, kind in zip(
            zip(*(part or (0, 0, 0.0) for part in found), strict=True) if found else ((), (), ()),
            (np.int64, np.int64, np.float64),
            strict=True,
        )
    )
    kept = is_known & is_timely
    parts = Parts(series, roles, bounds, times, values, offsets).where(kept)
    return Samples(
        parts=parts,
        lines=at[kept],
        keys=[] if exposition.has_types else [texts[key] for key in keys[kept].tolist()],
        beginnings=unusual.beginnings,
        skipped=sorted(skipped, key=lambda skip: skip.offset),
    )


def _parts(texts: list[str], keys: Longs, offsets: Longs, exposition: Exposition) -> list[Part | None]:
    firsts = np.zeros(len(texts), np.int64)
    firsts[keys[::-1]] = offsets[::-1]
    return [exposition.part(text, offset) for text, offset in zip(texts, firsts.tolist(), strict=True)]


def _unusual(data: bytes, lines: Lines, exposition: Exposition, seen: set[str]) -> _Unusual:
    found = _Unusual()
    for line in lines.unusual.tolist():
        text = data[lines.starts[line] : lines.ends[line]].decode("utf-8", "replace").strip(" \t\r\0")
        if text.startswith("#"):
            _comment(text, line, exposition, seen, found.beginnings)
        elif sample := parse_sample(text):
            value = number_of(sample.value.encode())
            if value is None:
                found.broken.append(line)
                continue
            found.lines.append(line)
            found.keys.append(sample.key)
            found.values.append(value)
            found.times.append(NO_TIME if sample.time is None else int(time_nanos(pa.array([sample.time.encode()]))[0]))
        elif text and (told := any_nanos(text)):
            found.beginnings.append(Beginning(line, told[0]))
        elif text:
            found.broken.append(line)
    return found


def _comment(text: str, line: int, exposition: Exposition, seen: set[str], beginnings: list[Beginning]) -> None:
    if _HELP.match(text):
        return
    if family := exposition.metadata(text):
        if family in seen:
            seen.clear()
            beginnings.append(Beginning(line))
        seen.add(family)
    elif _END.fullmatch(text):
        seen.clear()
        beginnings.append(Beginning(line))
    elif told := any_nanos(text.lstrip("# \t")):
        seen.clear()
        beginnings.append(Beginning(line, told[0]))


def _skip(block: Block, lines: Lines, line: int, reason: str) -> Skipped:
    return Skipped(block.line + line, block.offset + int(lines.starts[line]), reason)
