"""Long calls as jobs: run in a thread of this process, kept in the database, waited for only so long.

The caller who waits gets the result; one who has waited long enough gets the job's id, and the work goes on. A job
whose process died is taken over by whoever asks for it, at most MOST_ATTEMPTS times in all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_types import InputRequest

from deep_code_reasoning.conversation.jobs import MOST_ATTEMPTS, Job, Jobs
from deep_code_reasoning.errors import CancelledError, DcrError
from deep_code_reasoning.mcp_server.calls import Stages
from deep_code_reasoning.mcp_server.sdk import MCPError
from deep_code_reasoning.mcp_server.wording import one_line
from deep_code_reasoning.progress import Work

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Progress

HEARTBEAT_SECONDS = 1.0
POLL_SECONDS = 0.25

log = logging.getLogger(__name__)
Function = Callable[[Work, Mapping[str, Any]], dict[str, Any]]
"""`function(work, input_responses)` gives the first page of a result."""


class NeedsInput(Exception):
    """Raised by a job's function: it rests until the requests, by key, are answered, and then begins anew."""

    def __init__(self, requests: Mapping[str, InputRequest]) -> None:
        super().__init__(", ".join(requests))
        self.requests = requests


@dataclass
class Running:
    """A job in this process. `done` is set when its thread has left it, whatever its state."""

    jobs: Jobs
    job: Job
    function: Function
    stages: Stages = field(default_factory=Stages)
    done: threading.Event = field(default_factory=threading.Event)
    _partial: Mapping[str, Any] | None = None
    _is_left: bool = False
    _work: Work = field(init=False)

    def __post_init__(self) -> None:
        self._work = Work(self._listen, on_partial=self._take_partial)

    def start(self) -> None:
        _running[self.job.id] = self
        threading.Thread(target=self._run, name=self.job.id, daemon=True).start()
        threading.Thread(target=self._beat, name=f"{self.job.id} heartbeat", daemon=True).start()

    def cancel(self) -> None:
        self._work.cancel()

    def leave(self) -> None:
        """Stops the work and says nothing of it: the job is still wanted, and another process will take it over."""
        self._is_left = True
        self._work.cancel()

    def _run(self) -> None:
        jobs, job = self.jobs, self.job
        try:
            started = time.monotonic()
            result = self.function(self._work, job.input_responses)
            result.setdefault("cost", {"seconds": round(time.monotonic() - started, 3), "dollars": 0.0})
            jobs.complete(job, result)
        except CancelledError:
            if not self._is_left:
                jobs.was_cancelled(job)
        except NeedsInput as needed:
            jobs.ask(job, {key: _plain(request) for key, request in needed.requests.items()})
        except DcrError as error:
            jobs.fail(job, one_line(error, job.arguments))
        except MCPError as error:
            jobs.fail(job, str(error), "server")
        except Exception as error:
            log.exception("%s failed", job.tool)
            said = f"{job.tool}: internal error ({type(error).__name__}); the server's log has the details"
            jobs.fail(job, said, "server")
        finally:
            _running.pop(job.id, None)
            self.done.set()

    def _beat(self) -> None:
        while not self.done.wait(HEARTBEAT_SECONDS):
            current = self.stages.current()
            try:
                wanted = self.jobs.progress(self.job, current[1] if current else "", self._partial)
            except DcrError as error:
                log.warning("%s", error)
                continue
            if not wanted:
                self._work.cancel()

    def _listen(self, progress: Progress) -> None:
        self.stages.listen(progress)

    def _take_partial(self, partial: Mapping[str, Any]) -> None:
        self._partial = partial


_running: dict[str, Running] = {}


def start(jobs: Jobs, tool: str, arguments: Mapping[str, Any], roots: tuple[str, ...], function: Function) -> Running:
    running = Running(jobs, jobs.create(tool, arguments, roots), function)
    running.start()
    return running


def running_here(job_id: str) -> Running | None:
    return _running.get(job_id)


def settled(jobs: Jobs, job: Job, function_of: Callable[[Job], Function]) -> Job:
    """The job as it stands, after an orphan was taken over or buried, and one whose questions are answered resumed."""
    if job.is_orphan:
        if job.cancel_requested:
            return jobs.bury(job, "cancelled by the caller")
        if job.attempt >= MOST_ATTEMPTS:
            return jobs.bury(job, f"its process ended {job.attempt} times before it was done; it is not tried again")
        return _taken_over(jobs, job, function_of)
    if job.state == "input_required" and not job.input_requests:
        return _taken_over(jobs, job, function_of)
    return job


def _taken_over(jobs: Jobs, job: Job, function_of: Callable[[Job], Function]) -> Job:
    function = function_of(job)  # before the claim: where it cannot be had, the job stays for somebody who has it
    mine = jobs.claim(job)
    if mine is None:
        return jobs.find(job.id)
    Running(jobs, mine, function).start()
    return mine


def waited(jobs: Jobs, job: Job, seconds: float) -> Job:
    """The job once it has ended, asks something, or `seconds` are over; wherever it runs."""
    deadline = time.monotonic() + seconds
    while True:
        if here := running_here(job.id):
            here.done.wait(max(deadline - time.monotonic(), 0))
        job = jobs.find(job.id)
        if job.state != "working" or time.monotonic() >= deadline:
            return job
        time.sleep(min(POLL_SECONDS, max(deadline - time.monotonic(), 0)))


def stop_all(seconds: float) -> None:
    """At the end of the process: running jobs are left as they are, to be taken over; their work stops here."""
    here = list(_running.values())
    for running in here:
        running.leave()
    deadline = time.monotonic() + seconds
    for running in here:
        running.done.wait(max(deadline - time.monotonic(), 0))


def _plain(request: InputRequest) -> dict[str, Any]:
    return request.model_dump(mode="json", by_alias=True, exclude_none=True)
