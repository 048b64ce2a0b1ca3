"""A coding agent's hook: after a call of a tool it asks whether the session goes round in circles.

The input is what Claude Code writes to a hook's standard input: `hook_event_name`, `session_id`, `transcript_path`, and
for a tool `tool_name`, `tool_input`, `tool_use_id` with `tool_response`, or `error` where it failed. The answer is the
hook's output: `additionalContext` for the agent, `systemMessage` for the person; None where there is nothing to say.

Almost every call ends after a look at its own output: where that shows no failure, nothing is read. The transcript is
the user's own file, named by the user's own program, so no root limits it; of it the last megabytes are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.conversation.policy import EscalationDecision, repetition_reasons
from deep_code_reasoning.conversation.stuck.events import Event, Run, call_events, events_of, text_of
from deep_code_reasoning.conversation.stuck.failures import failures_of
from deep_code_reasoning.conversation.stuck.repetition import Repetition, repetition_of
from deep_code_reasoning.conversation.stuck.transcript import read_tail

if TYPE_CHECKING:
    from deep_code_reasoning.settings import EscalationThresholds, Settings

QUIET_MINUTES = 30.0
MOST_INPUT_BYTES = 16_000_000
_ADVICE = (
    "More of the same is unlikely to help. If evidence beyond this code is at hand (traces, logs, metrics, deploys, "
    "several services), call should_escalate or escalate_analysis of deep-code-reasoning with what was tried and that "
    "evidence; else state what all attempts have assumed and test that first."
)


def answer(payload: bytes, settings: Settings, *, quiet_minutes: float = QUIET_MINUTES) -> dict[str, Any] | None:
    """The hook's output, at most once in `quiet_minutes` for a session; what was said is kept as a decision.

    Raises msgspec.DecodeError where the payload is no JSON, OSError where the transcript cannot be read.
    """
    import msgspec

    told = msgspec.json.decode(payload)
    if not isinstance(told, dict):
        return None
    decision = decide(told, settings.escalate_when)
    if decision is None or not decision.escalate:
        return None
    from deep_code_reasoning.conversation.ledger import Ledger
    from deep_code_reasoning.conversation.request import EscalationRequest

    ledger = Ledger(settings.state_dir)
    if not ledger.may_tell(str(told.get("session_id")), quiet_minutes * 60):
        return None
    ledger.record_decision(EscalationRequest(transcript=_transcript(told)), decision)
    said = f"deep-code-reasoning: {'; '.join(reason.text for reason in decision.triggers)}."
    event = str(told.get("hook_event_name") or "PostToolUse")
    return {
        "systemMessage": said,
        "hookSpecificOutput": {"hookEventName": event, "additionalContext": f"{said} {_ADVICE}"},
    }


def decide(told: dict[str, Any], thresholds: EscalationThresholds) -> EscalationDecision | None:
    """None where the call that just ended shows no failure."""
    newest = _newest(told)
    if not any(isinstance(one, Run) and failures_of(one.output, failed=bool(one.failed)).found for one in newest):
        return None
    path = _transcript(told)
    recorded = read_tail(Path(path)) if path and Path(path).is_file() else []
    events = [one.event for one in recorded]
    call_id = told.get("tool_use_id")
    if not call_id or all(one.call_id != call_id for one in recorded):
        events += newest
    repetition = repetition_of(events)
    return decision_of(repetition, thresholds)


def decision_of(repetition: Repetition, thresholds: EscalationThresholds) -> EscalationDecision:
    """By what the agent did alone; nothing else was measured."""
    reasons = repetition_reasons(repetition, thresholds)
    return EscalationDecision(
        escalate=any(reason.exceeded for reason in reasons),
        reasons=tuple(sorted(reasons, key=lambda reason: not reason.exceeded)),
        measured={"repetition": repetition.as_json()},
        unread=(),
    )


def _newest(told: dict[str, Any]) -> list[Event]:
    given = told.get("tool_input")
    if isinstance(given, dict):
        error = told.get("error")
        output = text_of(error or told.get("tool_response"))
        return list(call_events(str(told.get("tool_name")), given, output, bool(error) or None))
    prompt = told.get("prompt")
    return list(events_of([prompt])) if isinstance(prompt, str) and "\n" in prompt else []


def _transcript(told: dict[str, Any]) -> str | None:
    path = told.get("transcript_path")
    return path if isinstance(path, str) and "\0" not in path else None
