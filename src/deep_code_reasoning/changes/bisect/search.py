"""Drives a bisection: work trees, runs at the same time, the journal, progress, and the end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deep_code_reasoning.changes.bisect.command_run import ABORT, COMMIT_VARIABLE, SKIP, CommandRun, run_command
from deep_code_reasoning.changes.bisect.evidence import Evidence
from deep_code_reasoning.changes.bisect.git_range import GitRange, git_range
from deep_code_reasoning.changes.bisect.journal import Journal, RecordedRun
from deep_code_reasoning.changes.bisect.request import BisectionRequest
from deep_code_reasoning.changes.bisect.result import Bisection, bisection_of
from deep_code_reasoning.changes.bisect.worktree import Worktree
from deep_code_reasoning.errors import DcrError
from deep_code_reasoning.progress import Progress, Work

NO_CHECKOUT = "git cannot check it out (objects missing or damaged)"
SKIPPED = f"the command left with {SKIP}"
TIMED_OUT = "no end within the time limit"
_NOT_FOUND = {126: "cannot be executed", 127: "was not found"}
_LOOK_SECONDS = 0.1


def bisect(request: BisectionRequest, state_dir: Path, work: Work) -> Bisection:
    """The first bad commit of a range, or the commits among which it is.

    Raises UsageError or EvidenceError where the range or the ends stand in the way, DcrError where the command asks to
    break off, CancelledError; the runs made until then are kept, and the same call goes on with them.
    """
    started = time.monotonic()
    between = git_range(request)
    journal = Journal(state_dir, request, between)
    try:
        search = _Search(request, between, journal, work)
        search.run()
        return bisection_of(search.evidence, request, journal, search.resumed, time.monotonic() - started)
    finally:
        journal.close()


@dataclass
class _Search:
    request: BisectionRequest
    between: GitRange
    journal: Journal
    work: Work
    stop: threading.Event = field(default_factory=threading.Event)
    made: int = 0
    busy_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.evidence = Evidence(self.between, self.request.repeat, self.request.error)
        for run in self.journal.earlier:
            self._count(run)
        self.resumed = len(self.journal.earlier)

    def run(self) -> None:
        self.work.on_cancel(self.stop.set)
        under_way: dict[Future[CommandRun], tuple[Worktree, str]] = {}
        with self._trees() as free, ThreadPoolExecutor(self.request.jobs, "bisect") as pool:
            try:
                while True:
                    while free and (chosen := self._next(free, under_way)):
                        tree, commit = chosen
                        free.remove(tree)
                        under_way[pool.submit(self._run_at, tree, commit)] = chosen
                    if not under_way:
                        return
                    self.work.check()
                    for done in wait(under_way, _LOOK_SECONDS, FIRST_COMPLETED).done:
                        tree, commit = under_way.pop(done)
                        free.append(tree)
                        self._take(commit, done.result())
                    if under_way and self._is_settled():
                        return
            finally:
                self.stop.set()

    def _is_settled(self) -> bool:
        """Runs under way are not waited for once the answer stands."""
        return self.evidence.next_commit((), None) is None

    def _next(
        self, free: list[Worktree], under_way: dict[Future[CommandRun], tuple[Worktree, str]]
    ) -> tuple[Worktree, str] | None:
        running = [commit for _, commit in under_way.values()]
        chosen = self.evidence.next_commit(running, free[0].commit)
        if chosen is None:
            return None
        commit, bits = chosen
        self._tell(commit, bits)
        return next((tree for tree in free if tree.commit == commit), free[0]), commit

    def _run_at(self, tree: Worktree, commit: str) -> CommandRun:
        if not tree.checkout(commit, self.request.clean):
            return CommandRun("skip", None, 0.0)
        asked = self.request
        return run_command(asked.command, tree.path, commit, asked.timeout_seconds, asked.timeout_is, self.stop)

    def _take(self, commit: str, run: CommandRun) -> None:
        if run.outcome == "stopped":
            return
        self.journal.keep_output(commit, run.outcome, run.output)
        if run.outcome == "abort":
            raise DcrError(
                f"bisect: the command left with {run.exit_code} at {commit[:12]}, and {ABORT} or more breaks off; "
                f"what it printed: {self.journal.folder / 'output'}"
            )
        if run.exit_code in _NOT_FOUND and commit == self.between.good:
            raise DcrError(
                f"bisect: {self.request.command[0]} {_NOT_FOUND[run.exit_code]} at the good commit {commit[:12]}; it "
                "runs at the root of a work tree that holds only what is committed: name other files by full path"
            )
        reason = ""
        if run.outcome == "skip":
            reason = SKIPPED if run.exit_code == SKIP else TIMED_OUT if run.seconds else NO_CHECKOUT
        recorded = RecordedRun(commit, run.outcome, reason, round(run.seconds, 3))
        self.journal.add(recorded)
        self.made += 1
        self.busy_seconds += run.seconds
        self._count(recorded)

    def _count(self, run: RecordedRun) -> None:
        self.evidence.add(run.commit, None if run.outcome == "skip" else run.outcome == "bad", run.reason, run.seconds)

    def _tell(self, commit: str, bits: float) -> None:
        counts = self.evidence.runs(commit)
        at = f"{commit[:10]} failed {counts.failed} of {counts.total}"
        if not self.evidence.searching:
            self.work.report(Progress("bisect", self.evidence.total, None, "runs", f"comparing good and bad: {at}"))
            return
        left = self.evidence.posterior.bits_left(self.evidence.weights)
        runs_left = max(1, math.ceil(left / bits))
        each = self.busy_seconds / self.made if self.made else 0.0
        seconds = f", {runs_left * each / self.request.jobs:,.0f} s" if each else ""
        said = f"{left:.1f} steps, about {runs_left} runs{seconds} left; {at}"
        done = self.evidence.total
        self.work.report(Progress("bisect", done, done + runs_left, "runs", said))

    @contextmanager
    def _trees(self) -> Generator[list[Worktree]]:
        trees = [
            Worktree(self.between.git, self.between.git_dir, self.journal.tree(number))
            for number in range(self.request.jobs)
        ]
        try:
            for tree in trees:
                tree.create(self.between.bad)
            yield list(trees)
        finally:
            for tree in trees:
                tree.remove()


__all__ = ["COMMIT_VARIABLE", "bisect"]
