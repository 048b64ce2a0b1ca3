"""Checks what an analysis cites against the brief that the specialist was given.

A citation holds when its `ref` is in the brief (an item's id, a reference that an item shows, or a `path:line` whose
line is shown) and its quote stands there, white space aside. A claim without a citation that holds is uncited. A root
cause's confidence becomes `stated * (1/2 + 1/2 * cited claims / claims)`, so that one without any proof keeps half.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.context.render.code_window import shown_lines

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.specialists.analysis import Analysis, Citation, RootCause

_SHORTEST_QUOTE = 3
_OPENING = re.compile(r'^<(evidence-[0-9a-f]{12}) id="', re.MULTILINE)
_LINE_NUMBER = re.compile(r"^ {0,4}\d+(?:[► ]|$)", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """An item of the brief; `text` without fence, white space normalised; `lines` are those a code item shows."""

    id: str
    text: str
    lines: frozenset[int] = frozenset()


def check_citations(analysis: Analysis, brief: Brief) -> tuple[Analysis, tuple[str, ...]]:
    """The analysis with citations and claims marked and confidences lowered, and what did not hold."""
    sections = sections_of(brief.text)
    problems: list[str] = []
    causes = [_checked(cause, sections, problems) for cause in analysis.root_causes]
    causes.sort(key=lambda cause: -cause.confidence)
    return analysis.model_copy(update={"root_causes": causes}), tuple(problems)


def sections_of(brief: str) -> list[Section]:
    """The fence is read off the first item: no text inside an item can hold it."""
    first = _OPENING.search(brief)
    if not first:
        return []
    fence = first.group(1)
    found = re.findall(rf'^<{fence} id="([^"]*)" kind="([^"]*)" title="[^"]*">\n(.*?)\n</{fence}>$', brief, re.M | re.S)
    return [_section(id_, kind, text) for id_, kind, text in found]


def _section(id_: str, kind: str, text: str) -> Section:
    if kind != "code":
        return Section(id_, _plain(text))
    lines = frozenset(number for number, _ in shown_lines(text))
    return Section(id_, _plain(_LINE_NUMBER.sub("", text)), lines)


def _checked(cause: RootCause, sections: list[Section], problems: list[str]) -> RootCause:
    claims = []
    for claim in cause.claims:
        citations = [c.model_copy(update={"problem": _problem(c, sections)}) for c in claim.citations]
        uncited = not any(c.problem is None for c in citations)
        problems.extend(f"{c.ref}: {c.problem}" for c in citations if c.problem)
        if not citations:
            problems.append(f"no citation for: {claim.text[:120]}")
        claims.append(claim.model_copy(update={"citations": citations, "uncited": uncited}))
    if not claims:
        problems.append(f"no claim supports: {cause.description[:120]}")
    cited = sum(not claim.uncited for claim in claims) / len(claims) if claims else 0.0
    lowered = round(cause.confidence * (0.5 + 0.5 * cited), 4)
    return cause.model_copy(
        update={"claims": claims, "confidence": lowered, "stated_confidence": cause.confidence},
    )


def _problem(citation: Citation, sections: list[Section]) -> str | None:
    where = _pointed_at(citation.ref.strip().strip("<>`[]"), sections)
    if not where:
        return "not in the brief"
    quote = _plain(citation.quote.strip().strip("\"'`").removesuffix("…").removesuffix("..."))
    if len(quote) < _SHORTEST_QUOTE:
        return "no quote to check"
    return None if any(quote in section.text for section in where) else "the quote does not stand there"


def _pointed_at(ref: str, sections: list[Section]) -> list[Section]:
    """The item with that id, else the code that shows that line, else the items that show the reference."""
    if exact := [section for section in sections if section.id == ref]:
        return exact
    path, _, line = ref.removeprefix("code:").rpartition(":")
    if line.partition("-")[0].isdigit():
        number = int(line.partition("-")[0])
        if code := [s for s in sections if number in s.lines and _same_file(path, s.id.removeprefix("code:"))]:
            return code
    if ref.startswith("span:"):
        trace_id, _, span_id = ref.removeprefix("span:").partition("/")
        return [s for s in sections if ref in s.text or (s.id == f"trace:{trace_id}" and f"span={span_id}" in s.text)]
    whole = re.compile(rf"(?<![\w:/]){re.escape(ref)}(?![\w/])")
    return [s for s in sections if whole.search(s.text)] if ":" in ref else []


def _same_file(path: str, id_: str) -> bool:
    shown = re.sub(r":\d+$", "", id_)
    return bool(path) and (shown == path or shown.endswith("/" + path) or path.endswith("/" + shown))


def _plain(text: str) -> str:
    return " ".join(text.split())
