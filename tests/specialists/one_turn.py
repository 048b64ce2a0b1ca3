"""One turn about a brief, as a conversation's first one is asked, without the conversation around it."""

from __future__ import annotations

from deep_code_reasoning.context.brief import Brief
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.catalogue import Model, find_model
from deep_code_reasoning.specialists.citations import Sources
from deep_code_reasoning.specialists.exchange import first_request
from deep_code_reasoning.specialists.fitting import check_fits
from deep_code_reasoning.specialists.port import Message, Provider
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.providers.opening import open_provider
from deep_code_reasoning.specialists.tools.toolbox import Toolbox
from deep_code_reasoning.specialists.turn import Turn, TurnResult, take_turn

KEY = "test-key-0123456789"
SCRIPTED = Model("m-1", "scripted", context_window=200_000, max_output_tokens=60_000)


def gemini(url: str, model: str = "gemini-4-argon") -> tuple[Model, Provider]:
    settings = Settings(keys={"google": KEY}, google_base_url=url)
    entry = find_model(f"google:{model}", settings)
    return entry, open_provider(entry, settings)


def ask(
    brief: Brief,
    provider: Provider,
    entry: Model = SCRIPTED,
    *,
    question: str = "Why do payments fail?",
    more: str = "",
    depth_level: int = 3,
    seconds: float = 60.0,
    theory: str = "",
    toolbox: Toolbox | None = None,
    work: Work | None = None,
) -> TurnResult:
    """`more` goes behind the brief, as what a second round brought does; `theory` is held back at first."""
    text = more + prompt("brief", brief="", question=question, depth_level=depth_level).lstrip()
    turn = Turn(
        entry, prompt("system", analysis_type="cross_system"), (Message("us", brief.text),), text,
        depth_level=depth_level, seconds=seconds, blind=bool(theory), theory=theory,
    )  # fmt: skip
    work = work or Work()
    check_fits(entry, first_request(turn, toolbox), provider, work)
    return take_turn(turn, provider, toolbox=toolbox, sources=Sources(brief.text, text), work=work)
