"""What a call about hypotheses holds, in any spelling; every call of the original server is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deep_code_reasoning.conversation.arguments import Arguments, Required
from deep_code_reasoning.conversation.request import TEXT_LIMIT, EscalationRequest
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.experiments.tournament import Config

_SCOPE = "{files: [...], entry_points?}"


@dataclass(frozen=True)
class HypothesisRequest:
    """`ground` says what to read and whom to ask; its text is empty. `test_approach`: how the caller would test it."""

    hypothesis: str
    test_approach: str
    ground: EscalationRequest

    @classmethod
    def from_call(cls, arguments: Mapping[str, Any]) -> HypothesisRequest:
        """Raises UsageError on one line that names the field."""
        call = Arguments.of(arguments)
        hypothesis = _said(call, "hypothesis", "what you believe, in a sentence")
        scope = call.object("code_scope", Required(_SCOPE))
        scope.paths("files", Required("a list of file names, [] if none"))
        ground = _ground({**call.fields, "claude_context": {"code_scope": scope.fields}})
        return cls(hypothesis, _said(call, "test_approach", "how it could be tested"), ground)


@dataclass(frozen=True)
class TournamentRequest:
    """`ground` has the caller's context: its findings and attempts compete as well."""

    issue: str
    ground: EscalationRequest
    config: Config = field(default_factory=Config)

    @classmethod
    def from_call(cls, arguments: Mapping[str, Any]) -> TournamentRequest:
        """Raises UsageError on one line that names the field."""
        call = Arguments.of(arguments)
        issue = _said(call, "issue", "what goes wrong, as text")
        context = call.object("claude_context", Required("{attempted_approaches, partial_findings, ...}"))
        given = call.object("tournament_config", {})
        config = Config(
            int(given.number("max_hypotheses", 6, least=2, most=20, whole=True)),
            int(given.number("max_rounds", 3, least=1, most=5, whole=True)),
            int(given.number("parallel_sessions", 4, least=1, most=10, whole=True)),
        )
        return cls(issue, _ground({**call.fields, "claude_context": context.fields}), config)


def _ground(fields: Mapping[str, Any]) -> EscalationRequest:
    return EscalationRequest.from_call({**fields, "analysis_type": "hypothesis_test"}, required=False)


def _said(call: Arguments, name: str, expected: str) -> str:
    text = (call.text(name, Required(expected)) or "").strip()
    if not text:
        raise UsageError(f"{call.at(name)}: empty; expected {expected}")
    if len(text) > TEXT_LIMIT:
        raise UsageError(f"{call.at(name)}: {len(text):,} characters; at most {TEXT_LIMIT:,}")
    return text
