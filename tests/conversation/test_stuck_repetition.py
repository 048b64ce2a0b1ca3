"""When the same failure counts again, and when it does not; and that a call may tell of events in any shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation.transcripts.sessions import sessions
from deep_code_reasoning.conversation.measure import measure
from deep_code_reasoning.conversation.policy import decide
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversation.stuck.events import Edit, Event, Run, events_of
from deep_code_reasoning.conversation.stuck.recent import recent_events
from deep_code_reasoning.conversation.stuck.repetition import Repetition, repetition_of
from deep_code_reasoning.conversation.stuck.transcript import read_tail, recorded
from deep_code_reasoning.errors import OutsideRootsError, UsageError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import EscalationThresholds

RED = "FAILED tests/test_a.py::test_x - AssertionError: assert 1 == 2"
BLUE = "FAILED tests/test_b.py::test_y - AssertionError: assert 1 == 2"


def run(output: str, command: str = "pytest tests/test_a.py") -> Run:
    return Run(command, command, output, bool(output))


def edit(name: str = "src/a.py", text: str = "x") -> Edit:
    return Edit(name, (("", text),))


def found(*events: Event) -> tuple[int, int]:
    repetition = repetition_of(events)
    return repetition.repeated, repetition.returned


def test_it_counts_once_for_each_edit_that_did_not_help() -> None:
    assert found(run(RED)) == (0, 0)
    assert found(run(RED), edit(), run(RED)) == (1, 0)
    assert found(run(RED), edit(), edit(), run(RED), edit(), run(RED)) == (2, 0)


def test_a_run_again_without_an_edit_says_nothing() -> None:
    assert found(run(RED), run(RED), run(RED), run(RED)) == (0, 0)


def test_what_is_repaired_counts_no_more() -> None:
    assert found(run(RED), edit(), run(RED), edit(), run("")) == (0, 0)


def test_fewer_failures_are_progress() -> None:
    both = f"{RED}\n{BLUE}"
    assert found(run(both), edit(), run(both), edit(), run(RED)) == (0, 0)
    assert found(run(both), edit(), run(both), edit(), run(both)) == (2, 0)


def test_what_comes_back_is_counted_apart() -> None:
    luck = [edit(), run(""), run(RED)]
    assert found(run(RED), *luck, *luck) == (0, 2)


def test_what_comes_back_after_much_other_work_was_broken_anew() -> None:
    work = [edit(), run(""), *[edit(text=str(n)) for n in range(6)], run(RED)]
    assert found(run(RED), *work, *work, *work) == (0, 0)


def test_edits_elsewhere_do_not_count_for_a_failure_nobody_works_on() -> None:
    both = f"{RED}\n{BLUE}"
    suite = [edit("docs_tool/render.py", "1"), run(both, "pytest")]
    assert found(run(both, "pytest"), *suite, *suite, *suite, *suite) == (0, 0)


def test_approaches_are_told_apart_and_undone_ones_named() -> None:
    one = Edit("src/a.py", (("a", "b"),))
    back = Edit("src/a.py", (("b", "a"),))
    repetition = repetition_of([run(RED), one, run(RED), back, run(RED), one, run(RED)])
    assert (repetition.repeated, repetition.edits, repetition.approaches, repetition.undone) == (3, 3, 2, 2)


CALL = {"tool": "Bash", "input": {"command": "pytest tests/test_a.py"}, "output": RED, "exit_code": 1}
EDIT = {"tool": "Edit", "input": {"file_path": "src/a.py", "old_string": "a", "new_string": "b"}, "output": "ok"}
SHAPES: dict[str, list[Any]] = {
    "calls": [CALL, EDIT, CALL],
    "camel case": [
        {"toolName": "Bash", "toolInput": {"command": "pytest tests/test_a.py"}, "toolResponse": {"stdout": RED}},
        {"toolName": "Edit", "toolInput": {"filePath": "src/a.py", "oldString": "a", "newString": "b"}},
        {"toolName": "Bash", "toolInput": {"command": "pytest tests/test_a.py"}, "error": RED},
    ],
    "bare": [
        {"command": "pytest tests/test_a.py", "output": RED},
        {"path": "src/a.py", "old_str": "a", "new_str": "b"},
        {"command": "pytest tests/test_a.py", "output": RED},
    ],
    "texts and a diff": [RED, "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n", RED],
    "several edits in one": [CALL, {"tool": "MultiEdit", "input": {"file_path": "a.py", "edits": [
        {"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]}}, CALL],
    "messages": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Bash", "input": CALL["input"]}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": RED, "is_error": True}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "2", "name": "Edit", "input": EDIT["input"]}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "2", "content": "ok"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "3", "name": "Bash", "input": CALL["input"]}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "3", "content": [
            {"type": "text", "text": RED}]}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("given", SHAPES.values(), ids=SHAPES)
def test_events_of_any_shape(given: list[Any]) -> None:
    assert repetition_of(recent_events(given, None, ())).repeated == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["tool", "input", "output", "command", "role",
        "message", "content", "type", "edits", "file_path", "old_string", "diff", "error", "x"]) | st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(json_values))
def test_any_json_is_taken(items: list[Any]) -> None:
    repetition_of(recent_events(items, None, ()))
    repetition_of(events_of(items))


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_taken_for_a_transcript(lines: list[bytes]) -> None:
    assert list(recorded([b'{"message": ' + line for line in lines])) is not None


def stuck_transcript() -> bytes:
    return b"\n".join(next(one for one in sessions() if one.name == "back and forth").transcript())


def test_of_a_long_transcript_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    noise = json.dumps({"type": "user", "message": {"content": "x" * 900}}).encode()
    path.write_bytes(b"\n".join([noise] * 20_000) + b"\n" + stuck_transcript() + b'\n{"message": {"con')
    assert path.stat().st_size > 18_000_000
    repetition = repetition_of(one.event for one in read_tail(path, 1_000_000))
    assert repetition.repeated == 5 and repetition.undone >= 3


def test_a_session_is_a_reason_beside_the_measures(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(stuck_transcript())
    request = EscalationRequest.from_call({"transcript": str(path)}, required=False)
    thresholds = EscalationThresholds()
    decision = decide(measure(request, thresholds=thresholds, roots=[tmp_path], work=Work()), thresholds)
    assert decision.escalate
    assert [reason.measure for reason in decision.triggers] == ["repeated_failure"]
    assert "5 times again in spite of 6 edits (3 approaches that differ), 4 of which" in decision.triggers[0].text
    assert decision.measured["repetition"]["repeated"] == 5
    with pytest.raises(OutsideRootsError):
        measure(request, thresholds=thresholds, roots=[tmp_path / "elsewhere"], work=Work())
    with pytest.raises(UsageError, match="is no file"):
        gone = EscalationRequest(transcript=str(tmp_path / "gone.jsonl"))
        measure(gone, thresholds=thresholds, roots=[tmp_path], work=Work())


def test_events_of_a_call_are_counted_and_not_kept() -> None:
    request = EscalationRequest.from_call({"recentEvents": [CALL, EDIT, CALL]}, required=False)
    assert request.as_json()["recent_events"] == 3
    with pytest.raises(UsageError, match="characters"):
        EscalationRequest.from_call({"recent_events": ["x" * 1_000_001]}, required=False)


def test_without_events_the_reasons_are_the_missions() -> None:
    assert repetition_of([]) == Repetition()
    assert len(decide(measure(EscalationRequest(), thresholds=EscalationThresholds(), roots=[], work=Work()),
                      EscalationThresholds()).reasons) == 5  # fmt: skip
