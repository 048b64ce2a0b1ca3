"""A turn with the real tools under each provider's real SDK: looked up, told to answer, answered, cited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.catalogue import Model
from deep_code_reasoning.specialists.citations import Sources
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.tools.tool_budget import ToolBudget
from deep_code_reasoning.specialists.turn import Turn, take_turn
from specialists.tools.at_hand import toolbox

server = pytest.importorskip("specialists.stubs.server")
asking = pytest.importorskip("specialists.providers.asking")
every = pytest.importorskip("specialists.providers.test_every_provider")


@pytest.mark.parametrize("name", ["google", "openai", "anthropic", "lab"])
def test_what_a_tool_showed_reaches_the_answer(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToolBudget, "of_depth", lambda depth: ToolBudget(1, 8))
    entry = Model(asking.request(name).model, name, context_window=1_000_000, capabilities=("code_execution",))
    system = prompt("system", analysis_type="execution_trace")
    turn = Turn(entry, system, (), "why?", "execution_trace", seconds=60, key="s1")
    claim = {"text": "c", "citations": [{"ref": "query:e004eb", "quote": "1"}]}
    final = json.dumps({"root_causes": [{"type": "code", "description": "d", "confidence": 1, "claims": [claim]}]})
    with toolbox(tmp_path) as tools, server.stub(every.called(name), every.SAYS[name](final)) as provider:
        asked = asking.provider(name, provider.url)
        result = take_turn(turn, asked, toolbox=tools, sources=Sources(), work=Work())
    first, second = (seen.body for seen in provider.seen)
    assert all(tool in body for body in (first, second) for tool in ("find_code", "show_commit"))
    assert "query:e004eb" in second and "all 1 calls are used" in second
    assert result.tool_calls == 1 and result.analysis.root_causes[0].description == "d"
    assert result.problems == ("query:e004eb: no quote to check",), "one character proves nothing"
