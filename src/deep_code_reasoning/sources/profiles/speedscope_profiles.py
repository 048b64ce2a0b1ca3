"""The profiles of a speedscope file as stacks of frame numbers and what each weighs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Raw, Struct

from deep_code_reasoning.sources.profiles.samples import MAX_FRAMES, TOO_DEEP

NO_FRAME = "speedscope sample with a frame that the file does not have"
NO_WEIGHTS = "speedscope profile with more samples than weights"
NOT_NESTED = "speedscope event that closes a frame that is not the innermost, or goes back in time"

# unit of speedscope -> (sample type, unit) and the factor to it. It does not say what was sampled, only in what unit.
_KINDS = {
    "nanoseconds": (("time", "nanoseconds"), 1),
    "microseconds": (("time", "nanoseconds"), 1_000),
    "milliseconds": (("time", "nanoseconds"), 1_000_000),
    "seconds": (("time", "nanoseconds"), 1_000_000_000),
    "bytes": (("space", "bytes"), 1),
}


class SharedFrame(Struct, gc=False):
    name: str
    file: str | None = None
    line: int | None = None


class Shared(Struct, gc=False):
    frames: list[SharedFrame]


class File(Struct, gc=False):
    shared: Shared
    profiles: list[Raw]


class Event(Struct, gc=False):
    type: Literal["O", "C"]
    frame: int
    at: float


class Sampled(Struct, gc=False, tag_field="type", tag="sampled"):
    samples: list[list[int]]
    weights: list[float]
    unit: str = "none"


class Evented(Struct, gc=False, tag_field="type", tag="evented"):
    events: list[Event]
    unit: str = "none"
    endValue: float | None = None


SampledOrEvented = Sampled | Evented


def kind_of(unit: str) -> tuple[tuple[str, str], int]:
    return _KINDS.get(unit, (("samples", "count"), 1))


def stacks(profile: SampledOrEvented, frames: int) -> Iterator[tuple[list[int], float] | str]:
    """(stack root first, weight); or the reason why one is not there. `frames`: how many the file has.

    Sampled: one a sample. Evented: the time that each distinct stack was on top, so one a stack.
    """
    return _sampled(profile, frames) if isinstance(profile, Sampled) else _evented(profile, frames)


def _sampled(profile: Sampled, frames: int) -> Iterator[tuple[list[int], float] | str]:
    for stack, weight in zip(profile.samples, profile.weights, strict=False):
        if len(stack) > MAX_FRAMES:
            yield TOO_DEEP
        elif any(not 0 <= number < frames for number in stack):
            yield NO_FRAME
        else:
            yield stack, weight
    if len(profile.samples) > len(profile.weights):
        yield NO_WEIGHTS


class _Node(Struct, gc=False):
    """A stack, as its last frame and the node of the rest."""

    parent: int
    frame: int
    depth: int
    weight: float = 0.0


def _evented(profile: Evented, frames: int) -> Iterator[tuple[list[int], float] | str]:
    nodes = [_Node(-1, -1, 0)]
    numbers: dict[tuple[int, int], int] = {}
    current, last = 0, None
    for event in profile.events:
        if not 0 <= event.frame < frames:
            yield NO_FRAME
            continue
        if last is not None and event.at < last:
            yield NOT_NESTED
            continue
        nodes[current].weight += event.at - last if last is not None else 0.0
        last = event.at
        if event.type == "O":
            key = (current, event.frame)
            if key not in numbers:
                numbers[key] = len(nodes)
                nodes.append(_Node(current, event.frame, nodes[current].depth + 1))
            current = numbers[key]
        elif nodes[current].frame == event.frame:
            current = nodes[current].parent
        else:
            yield NOT_NESTED
    if current and last is not None and profile.endValue is not None and profile.endValue > last:
        nodes[current].weight += profile.endValue - last
    for node in nodes[1:]:
        if node.weight > 0:
            yield TOO_DEEP if node.depth > MAX_FRAMES else (_path(nodes, node), node.weight)


def _path(nodes: list[_Node], node: _Node) -> list[int]:
    stack = []
    while node.parent >= 0:
        stack.append(node.frame)
        node = nodes[node.parent]
    return stack[::-1]
