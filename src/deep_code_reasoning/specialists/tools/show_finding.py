"""A finding or a suspect of the diagnosis."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.finding import Finding
from deep_code_reasoning.specialists.tools.found import Found, Paged

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.tools.desk import Desk

_SUSPECT = re.compile(r"suspect[ :#-]*(\d+)", re.IGNORECASE)
_MOST_NAMED = 10


class Parameters(Paged, frozen=True, kw_only=True):
    id: str


def answer(desk: Desk, asked: Parameters, work: Work) -> list[Found]:
    findings = desk.diagnosis.findings
    if asked.id.strip().lower() == "all":
        listed = "".join(f"{f.id} · {f.severity} {f.role} · {f.title}\n" for f in findings)
        return [Found("verdict", "verdict", f"{len(findings)} findings", conclusion.verdict(desk.diagnosis) + listed)]
    if suspect := _SUSPECT.fullmatch(asked.id.strip()):
        rank = int(suspect[1])
        named = next((s for s in desk.diagnosis.suspects if s.rank == rank), None)
        if named is None:
            raise UsageError(f"suspect {rank}: there are {len(desk.diagnosis.suspects)}")
        return [Found(f"suspect:{rank}", "verdict", named.kind, "\n".join(conclusion.suspect_lines(named)))]
    if found := next((f for f in findings if f.id == asked.id.strip()), None):
        return [Found(found.id, "finding", found.title, _whole(found))]
    known = ", ".join(f.id for f in findings[:_MOST_NAMED])
    raise UsageError(f'no finding {asked.id!r}; there are {len(findings)}: {known}; "all" lists them')


def _whole(found: Finding) -> str:
    references = "".join(f"reference: {e.ref}" + (f" ({e.note})" if e.note else "") + "\n" for e in found.evidence)
    return conclusion.finding(found) + references
