"""Opens the references that have no tool of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.show import show
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_KINDS = {"log": "logs", "template": "logs", "metric": "metric", "deploy": "deploys"}
_OTHERS = "show_trace, show_commit, show_finding and read_file open the others"


class Parameters(Paged, frozen=True, kw_only=True):
    ref: str


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    kind = _KINDS.get(asked.ref.partition(":")[0])
    if kind is None:
        raise UsageError(f"reference {asked.ref!r}: opened are {', '.join(f'{k}:' for k in _KINDS)}; {_OTHERS}")
    work.on_cancel(desk.tables.interrupt)
    return [Found(asked.ref, kind, "", show(desk.tables, asked.ref, roots=desk.roots))]
