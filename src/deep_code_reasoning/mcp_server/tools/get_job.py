"""`get_job`: how a long call is, and its result. The face itself answers it: jobs are its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.arguments import Arguments
from deep_code_reasoning.conversation.sessions.process_identity import is_alive
from deep_code_reasoning.incident import iso

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.jobs import Job, Jobs

LONGEST_WAIT = 45.0
WAIT = 30.0
LISTED = 20


@dataclass(frozen=True)
class Request:
    job_id: str | None
    wait_seconds: float
    cancel: bool


def paths(arguments: Mapping[str, Any]) -> list[str]:
    return []


def request_of(arguments: Mapping[str, Any]) -> Request:
    """Raises UsageError on one line that names the field."""
    call = Arguments.of(arguments)
    wait = call.number("wait_seconds", WAIT, least=0, most=LONGEST_WAIT)
    return Request(call.text("job_id", None) or None, wait, call.flag("cancel", False))


def page_of(job: Job) -> dict[str, Any]:
    """Of a job that has no result (yet)."""
    told: dict[str, Any] = {
        "job_id": job.id,
        "status": job.state,
        "tool": job.tool,
        "progress": job.message or "started",
        "started": iso(job.created),
        "updated": iso(job.updated),
        "partial": job.partial,
        "error": job.error,
        "attempts": job.attempt,
    }
    if job.state == "working":
        told["narrative"] = f"Still working ({told['progress']}). Ask again: get_job with this job_id; it waits."
    if job.state == "input_required":
        told["waiting_for"] = [str(one["params"].get("message", key)) for key, one in job.input_requests.items()]
    told["cost"] = {"seconds": round((job.updated - job.created) / 1e9, 3), "dollars": None}
    return {name: value for name, value in told.items() if value is not None}


def listed(jobs: Jobs) -> dict[str, Any]:
    names = ("job_id", "tool", "message", "error")
    told = [
        {name: row[name] for name in names if row[name]}
        | {"state": _state(row), "started": iso(row["created_at_unix_nano"])}
        for row in jobs.listed(LISTED)
    ]
    return {"jobs": told, "jobs_count": len(told), "cost": {"seconds": 0.0, "dollars": 0.0}}


def _state(row: Mapping[str, Any]) -> str:
    """Of one whose process is gone: it is taken over by whoever asks for it by its id."""
    alive = is_alive(row["process_id"], row["process_started"], row["updated_at_unix_nano"])
    return "interrupted" if row["state"] == "working" and not alive else row["state"]
