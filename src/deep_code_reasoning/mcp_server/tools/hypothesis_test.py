"""`hypothesis_test`: what a hypothesis predicts, and what the evidence says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.hypothesising.requests import HypothesisRequest
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True
_LISTS = ("predictions", "rivals", "ruled_out", "can_be_tested")


def paths(arguments: Mapping[str, Any]) -> list[str]:
    ground = HypothesisRequest.from_call(arguments).ground
    return [*ground.evidence, *ground.code_scope.files]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.hypothesising import Hypothesising

    request = HypothesisRequest.from_call(arguments)
    told = Hypothesising(desk.settings, trust_arguments=False, consent=desk.consent).test(request, work=work).as_json()
    return Result(
        {name: value for name, value in told.items() if name not in _LISTS},
        {name: told[name] for name in _LISTS if name in told},
    )
