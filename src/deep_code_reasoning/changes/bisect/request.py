"""What a bisection is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deep_code_reasoning.errors import UsageError


@dataclass(frozen=True)
class BisectionRequest:
    """`command` is run as it is, without a shell, at the root of a work tree of its own.

    Its exit code says what it found, as with `git bisect run`: 0 good, 125 cannot be tested, 1 to 127 bad, and above
    that the bisection is broken off.
    """

    repository: Path
    good: str
    bad: str
    command: tuple[str, ...]
    paths: tuple[str, ...] = ()  # only commits that touch these are candidates
    first_parent: bool = False  # of a merge, only the branch that was merged into
    repeat: int = 100  # at most so many runs at one commit
    error: float = 0.05  # the chance of a wrong answer
    timeout_seconds: float | None = None  # of one run
    timeout_is: Literal["bad", "skip"] = "bad"
    jobs: int = 1  # runs at the same time, each in a work tree of its own
    clean: bool = False  # remove what git does not track before each run
    restart: bool = False  # forget the runs of an earlier call

    def __post_init__(self) -> None:
        if not self.command:
            raise UsageError("bisect: no command given; expected one after --, as in: dcr bisect … -- make test")
        if not 0 < self.error < 0.5:
            raise UsageError(
                f"bisect: the chance of a wrong answer is {self.error}; expected more than 0 and below 0.5"
            )
        if self.repeat < 1 or self.jobs < 1:
            raise UsageError("bisect: runs at a commit and runs at the same time must be at least 1")
