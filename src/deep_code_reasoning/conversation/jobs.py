"""Calls that last: kept from their start, shared by all processes of a state directory, never `working` for ever.

A job belongs to the process that runs it. Where that process is gone, whoever asks for the job next finds it so and
either takes it over (`claim`: one of several wins) or ends it with the reason. A taken-over job begins anew: what it
had loaded is in the store, what it had been answered is kept here, so little is done twice.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deep_code_reasoning.conversation.database import Database, new_id, sql
from deep_code_reasoning.conversation.sessions.process_identity import is_alive, this_process
from deep_code_reasoning.errors import UsageError

Fault = Literal["call", "server"]
JobState = Literal["working", "input_required", "completed", "failed", "cancelled"]
ENDED = ("completed", "failed", "cancelled")
KEPT_SECONDS = 7 * 86_400.0
MOST_ATTEMPTS = 3
MOST_MESSAGE = 300  # characters


@dataclass(frozen=True)
class Job:
    """`result` and `partial` are pages as the tool gave them; times in Unix nanoseconds."""

    id: str
    tool: str
    arguments: dict[str, Any]
    roots: tuple[str, ...]
    state: JobState
    message: str
    partial: dict[str, Any] | None
    input_requests: dict[str, Any]
    input_responses: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    fault: Fault | None
    cancel_requested: bool
    attempt: int
    process_id: int
    process_started: str
    created: int
    updated: int

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_orphan(self) -> bool:
        """Said to be working, by a process that is gone."""
        return self.state == "working" and not is_alive(self.process_id, self.process_started, self.updated)


class Jobs:
    """The jobs of one project (the working directory) in one state directory. Every call is one transaction."""

    def __init__(self, state_dir: Path, *, project: str | None = None) -> None:
        self._database = Database(state_dir)
        self._project = project or str(Path.cwd().resolve())

    def create(self, tool: str, arguments: Mapping[str, Any], roots: tuple[str, ...]) -> Job:
        """Begins a job in the name of this process; ended ones of long ago are forgotten."""
        job_id, now = f"{new_id('job')}{new_id('')[1:]}", time.time_ns()
        pid, started = this_process()
        self._database.run("jobs/forget", before=now - round(KEPT_SECONDS * 1e9))
        self._database.run(
            "jobs/create",
            job_id=job_id,
            tool=tool,
            arguments=json.dumps(arguments, default=str),
            roots=json.dumps(roots),
            process_id=pid,
            process_started=started,
            now=now,
            project=self._project,
        )
        return self.find(job_id)

    def find(self, job_id: str) -> Job:
        """Raises UsageError where this project has no such job."""
        rows = self._database.run("jobs/find", job_id=job_id, project=self._project)
        if not rows:
            raise UsageError(
                f"job {job_id[:60]!r}: there is none of this id here; jobs are kept for {KEPT_SECONDS / 86_400:.0f} "
                "days after they end"
            )
        return _job(rows[0])

    def listed(self, most: int = 50) -> list[dict[str, Any]]:
        """The newest first, without arguments and results."""
        return self._database.run("jobs/list", most=most, project=self._project)

    def progress(self, job: Job, message: str, partial: Mapping[str, Any] | None = None) -> bool:
        """Keeps how far it is. Returns whether the job is still wanted: False once it was cancelled, or taken over."""
        rows = self._database.run(
            "jobs/progress",
            job_id=job.id,
            attempt=job.attempt,
            message=message[:MOST_MESSAGE],
            partial=json.dumps(partial, default=str) if partial else None,
            now=time.time_ns(),
        )
        return bool(rows) and not rows[0]["cancel_requested"]

    def complete(self, job: Job, result: Mapping[str, Any]) -> None:
        self._end(job, "completed", result=zlib.compress(json.dumps(result).encode()))

    def fail(self, job: Job, error: str, fault: Fault = "call") -> None:
        self._end(job, "failed", error=error, fault=fault)

    def was_cancelled(self, job: Job) -> None:
        self._end(job, "cancelled", error="cancelled by the caller")

    def ask(self, job: Job, requests: Mapping[str, Any]) -> None:
        """The job rests until `respond` has brought an answer to each of `requests`."""
        self._database.run(
            "jobs/ask", job_id=job.id, attempt=job.attempt, requests=json.dumps(requests), now=time.time_ns()
        )

    def respond(self, job_id: str, responses: Mapping[str, Any]) -> Job:
        """Keeps answers to what the job waits for; others are ignored. It may go on once `input_requests` is empty."""
        with self._database.transaction() as connection:
            row = connection.execute(sql("jobs/find"), {"job_id": job_id, "project": self._project}).fetchone()
            if row is None:
                return self.find(job_id)
            job = _job(dict(row))
            fitting = {key: value for key, value in responses.items() if key in job.input_requests}
            waiting = {key: value for key, value in job.input_requests.items() if key not in fitting}
            connection.execute(
                sql("jobs/respond"),
                {
                    "job_id": job_id,
                    "responses": json.dumps({**job.input_responses, **fitting}),
                    "requests": json.dumps(waiting),
                    "now": time.time_ns(),
                },
            )
        return self.find(job_id)

    def cancel(self, job_id: str) -> Job:
        """Asks for the end of a job, wherever it runs; one that has ended stays as it is."""
        self.find(job_id)
        self._database.run("jobs/cancel", job_id=job_id, now=time.time_ns())
        return self.find(job_id)

    def claim(self, job: Job) -> Job | None:
        """The job as this process' own, to be run from its beginning; None where another was faster."""
        pid, started = this_process()
        rows = self._database.run(
            "jobs/claim",
            job_id=job.id,
            attempt=job.attempt,
            state=job.state,
            process_id=pid,
            process_started=started,
            now=time.time_ns(),
        )
        return self.find(job.id) if rows else None

    def bury(self, job: Job, error: str) -> Job:
        """Ends a job whose process is gone."""
        state = "cancelled" if job.cancel_requested else "failed"
        self._database.run(
            "jobs/fail_dead", job_id=job.id, attempt=job.attempt, state=state, error=error, now=time.time_ns()
        )
        return self.find(job.id)

    def _end(
        self,
        job: Job,
        state: JobState,
        *,
        result: bytes | None = None,
        error: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self._database.run(
            "jobs/end",
            job_id=job.id,
            attempt=job.attempt,
            state=state,
            result=result,
            error=error,
            fault=fault,
            now=time.time_ns(),
        )


def _job(row: Mapping[str, Any]) -> Job:
    def read(name: str, otherwise: Any) -> Any:
        return otherwise if row[name] is None else json.loads(row[name])

    return Job(
        id=row["job_id"],
        tool=row["tool"],
        arguments=read("arguments", {}),
        roots=tuple(read("roots", [])),
        state=row["state"],
        message=row["message"],
        partial=read("partial", None),
        input_requests=read("input_requests", {}),
        input_responses=read("input_responses", {}),
        result=json.loads(zlib.decompress(row["result"])) if row["result"] is not None else None,
        error=row["error"],
        fault=row["fault"],
        cancel_requested=bool(row["cancel_requested"]),
        attempt=row["attempts"],
        process_id=row["process_id"],
        process_started=row["process_started"],
        created=row["created_at_unix_nano"],
        updated=row["updated_at_unix_nano"],
    )
