"""Two conversations side by side, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.cli.output import console, print_table
from deep_code_reasoning.context.visible import visible

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.sessions.comparison import Comparison, TurnComparison


def print_comparison(found: Comparison) -> None:
    """What each concluded turn by turn, then what each took."""
    for turn in found.turns:
        _print_turn(turn)
    rows = [
        [session.id, session.model, *_figures(cost)]
        for session, cost in ((found.before, found.before_cost), (found.after, found.after_cost))
    ]
    print_table(["id", "model", "tokens in", "cached", "out", "dollars", "seconds"], rows)


def _print_turn(turn: TurnComparison) -> None:
    out = console()
    same = {True: "the same first cause", False: "another first cause", None: "no cause to compare"}[turn.same_first]
    out.print(visible(f"{turn.turn}. {' '.join(turn.question.split())[:100]}"), style="bold", markup=False)
    out.print(visible(turn.error or same), markup=False)
    for pair in turn.both:
        confidences = f"{pair.before_confidence:.2f} -> {pair.after_confidence:.2f}"
        out.print(visible(f"  both    {confidences}  {pair.before}  |  {pair.after}"), markup=False)
    for cause in turn.only_before:
        out.print(visible(f"  before  {cause}"), markup=False)
    for cause in turn.only_after:
        out.print(visible(f"  after   {cause}"), markup=False)
    out.print()


def _figures(cost: Mapping[str, Any]) -> list[str]:
    dollars = "not known" if cost["dollars"] is None else f"{cost['dollars']:.4f}"
    counts = [f"{cost[name]:,}" for name in ("input_tokens", "cached_tokens", "output_tokens")]
    return [*counts, dollars, f"{cost['seconds']:.1f}"]
