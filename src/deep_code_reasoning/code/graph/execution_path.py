"""A path through a program as data: steps with their calls, what flows into them, and what they do on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deep_code_reasoning.code.graph.effects import Effect


@dataclass(frozen=True)
class PassedOn:
    """Where a parameter goes next: into which call, as what, and (where that is known) as which parameter."""

    call: str
    line: int
    text: str
    parameter: str = ""


@dataclass(frozen=True)
class Flow:
    """`argument` of the call becomes `parameter` of the function called."""

    argument: str
    parameter: str
    passed_on: tuple[PassedOn, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What was seen of a step's function when the program ran: spans of it with their time; in how many stack traces
    of exceptions it stood, and in what share of them all; in what share of the CPU samples it stood, and in what share
    it ran itself. None: nothing of the kind was recorded."""

    spans: int = 0
    total_ms: float | None = None
    longest_ms: float | None = None
    failing_stacks: int = 0
    failing_share: float | None = None
    cpu_share: float | None = None
    cpu_share_itself: float | None = None


@dataclass(frozen=True)
class Joined:
    """How much of one signal (spans, failing stacks, CPU samples) lies on the path: `rows_on_path` of `rows` touch it.

    `places` are distinct places in code; those that are no step are counted in `elsewhere`, by why.
    """

    signal: str
    rows: float
    rows_on_path: float
    places: int
    places_on_path: int
    elsewhere: dict[str, int]

    def as_text(self) -> str:
        share = f"{self.rows_on_path:,.0f} of {self.rows:,.0f}"
        if self.signal == "CPU samples":  # in units of time, which say little
            share = f"{self.rows_on_path / self.rows:.1%}"
        why = "; ".join(f"{count} are {reason}" for reason, count in self.elsewhere.items())
        places = f"{self.places_on_path} of {self.places} places in them are its steps"
        return f"{self.signal}: {share} touch this path; {places}" + (f"; of the others {why}" if why else "")


@dataclass(eq=False)
class Step:
    """`file`, `line`, `end_line`: of the function. `call_file`, `call_line`, `call`: where it is called, None at the
    entry. `confidence`: 1 / number of candidates, see resolve.py; `cut`: why nothing is told below it."""

    number: int
    depth: int
    function: str
    kind: str
    file: str
    line: int
    end_line: int
    call_file: str | None = None
    call_line: int | None = None
    call: str = ""
    how: str = ""
    confidence: float = 1.0
    in_loop: str | None = None
    is_awaited: bool = False
    is_spawned: bool = False
    is_reference: bool = False
    locks_held: tuple[str, ...] = ()
    flows: tuple[Flow, ...] = ()
    effects: tuple[Effect, ...] = ()
    cut: str = ""
    observed: Observed | None = None
    steps: list[Step] = field(default_factory=list)

    def walk(self) -> Iterator[Step]:
        waiting: list[Step] = [self]
        while waiting:
            step = waiting.pop()
            yield step
            waiting.extend(reversed(step.steps))


@dataclass(frozen=True)
class Unresolved:
    """A call that leads to no definition of the tree. `times`: how often the same is called in that function."""

    function: str
    file: str
    line: int
    call: str
    why: str
    times: int = 1


@dataclass(frozen=True)
class Caller:
    """`level` 1 calls the entry itself, 2 calls one of level 1."""

    level: int
    function: str
    file: str
    line: int
    call_line: int
    call: str
    calls: str
    confidence: float


@dataclass(eq=False)
class ExecutionPath:
    entry: Step
    max_depth: int
    callers: list[Caller] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    files_parsed: int = 0
    seconds: float = 0.0
    joined: list[Joined] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        return self.entry.walk()

    def as_json(self) -> dict[str, Any]:
        """Schema `execution-path/1`: steps in the order of the calls, each with the number of its parent."""
        rows = []
        waiting: list[tuple[Step, int | None]] = [(self.entry, None)]
        while waiting:
            step, parent = waiting.pop()
            row = {name: value for name, value in vars(step).items() if name != "steps"}
            rows.append({"parent": parent, **row})
            waiting.extend((one, step.number) for one in reversed(step.steps))
        return {
            "schema": "execution-path/1",
            "max_depth": self.max_depth,
            "steps": rows,
            "callers": self.callers,
            "unresolved": self.unresolved,
            "joined": self.joined,
            "notes": self.notes,
            "files": self.files,
            "files_parsed": self.files_parsed,
            "seconds": round(self.seconds, 3),
        }
