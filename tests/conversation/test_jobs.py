"""Jobs as they are kept: one process has each, and none is said to be working for ever."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deep_code_reasoning.conversation.jobs import Jobs
from deep_code_reasoning.errors import UsageError

SOURCES = Path(__file__).parents[2] / "src"
CREATE = """
import sys
from pathlib import Path
from deep_code_reasoning.conversation.jobs import Jobs
print(Jobs(Path(sys.argv[1]), project="p").create("load_evidence", {"evidence": ["x"]}, ("/r",)).id)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path, project="p")


def orphan(state: Path) -> str:
    """A job whose process is gone."""
    command = [sys.executable, "-c", CREATE, str(state)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SOURCES)})
    return run.stdout.strip()


def test_a_life(jobs: Jobs) -> None:
    job = jobs.create("load_evidence", {"evidence": ["a b", "c"]}, ("/r",))
    assert (job.state, job.arguments, job.roots) == ("working", {"evidence": ["a b", "c"]}, ("/r",))
    assert not job.is_orphan
    assert jobs.progress(job, "half", {"rows": 1})
    assert jobs.progress(job, "more")
    assert jobs.find(job.id).partial == {"rows": 1}, "what was known stays known"
    jobs.complete(job, {"text": "done"})
    ended = jobs.find(job.id)
    assert (ended.state, ended.result) == ("completed", {"text": "done"})
    jobs.fail(job, "too late")
    assert jobs.find(job.id).state == "completed", "what has ended stays as it ended"
    assert not jobs.progress(job, "still here"), "and is not wanted any more"


def test_of_another_project_it_is_unknown(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.create("load_evidence", {}, ())
    with pytest.raises(UsageError, match="none of this id"):
        Jobs(tmp_path, project="q").find(job.id)
    assert Jobs(tmp_path, project="q").listed() == []


def test_an_orphan_is_claimed_by_one(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.find(orphan(tmp_path))
    assert job.is_orphan
    with ThreadPoolExecutor(8) as pool:
        claimed = [one for one in pool.map(lambda _: jobs.claim(job), range(8)) if one]
    assert len(claimed) == 1
    assert claimed[0].attempt == 2
    assert not claimed[0].is_orphan
    jobs.complete(job, {"by": "the dead"})
    assert jobs.find(job.id).state == "working", "whoever lost the job cannot end it"
    jobs.complete(claimed[0], {"by": "the heir"})
    assert jobs.find(job.id).result == {"by": "the heir"}


def test_an_orphan_is_buried_with_a_reason(jobs: Jobs, tmp_path: Path) -> None:
    buried = jobs.bury(jobs.find(orphan(tmp_path)), "its process ended")
    assert (buried.state, buried.fault, buried.error) == ("failed", "server", "its process ended")
    cancelled = jobs.cancel(orphan(tmp_path))
    assert jobs.bury(cancelled, "cancelled by the caller").state == "cancelled"


def test_questions_are_answered_one_by_one(jobs: Jobs) -> None:
    job = jobs.create("escalate_analysis", {}, ())
    jobs.ask(job, {"a": {"params": {}}, "b": {"params": {}}})
    assert jobs.respond(job.id, {"a": 1, "other": 2}).input_requests == {"b": {"params": {}}}
    answered = jobs.respond(job.id, {"b": 3})
    assert (answered.state, answered.input_requests, answered.input_responses) == (
        "input_required", {}, {"a": 1, "b": 3},
    )  # fmt: skip
    again = jobs.claim(answered)
    assert again is not None
    assert (again.state, again.input_responses) == ("working", {"a": 1, "b": 3})


def test_waiting_for_an_answer_it_is_cancelled_at_once(jobs: Jobs) -> None:
    job = jobs.create("escalate_analysis", {}, ())
    jobs.ask(job, {"a": {"params": {}}})
    assert jobs.cancel(job.id).state == "cancelled"


def test_ids_are_not_guessed(jobs: Jobs) -> None:
    ids = {jobs.create("load_evidence", {}, ()).id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) >= len("job-") + 20 for one in ids)
