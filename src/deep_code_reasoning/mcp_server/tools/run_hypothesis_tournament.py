"""`run_hypothesis_tournament`: hypotheses against each other, round by round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.hypothesising.requests import TournamentRequest
from deep_code_reasoning.mcp_server.pages import Result

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

LASTS = True
_LISTS = ("ranking", "rounds", "notes", "rivals", "ruled_out")


def paths(arguments: Mapping[str, Any]) -> list[str]:
    ground = TournamentRequest.from_call(arguments).ground
    return [*ground.evidence, *ground.code_scope.files]


def call(desk: Investigations, arguments: Mapping[str, Any], work: Work) -> Result:
    from deep_code_reasoning.hypothesising import Hypothesising

    request = TournamentRequest.from_call(arguments)
    told = (
        Hypothesising(desk.settings, trust_arguments=False, consent=desk.consent)
        .tournament(request, work=work)
        .as_json()
    )
    return Result(
        {name: value for name, value in told.items() if name not in _LISTS}, {name: told[name] for name in _LISTS}
    )
