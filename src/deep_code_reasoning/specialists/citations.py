"""Checks what an analysis cites against what the specialist was given: a brief, what was sent since, tool answers.

A citation holds when its `ref` is there (an item's id, a reference that an item shows, or a `path:line` whose line is
shown) and its quote stands there: the same words and signs in the same order, but for white space, numbers of lines and
an ellipsis at the end. What a query returns of its own text does not hold: the model wrote it.

    support of a claim  = citations that hold / citations            (0 without any)
    confidence          = stated * (1/2 + 1/2 * mean support of the claims)    (support 0 without any claim)

So a root cause without any proof keeps half of what was stated, and each citation that does not hold costs its share.
A claim without a citation that holds is marked `uncited`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from deep_code_reasoning.context.render.code_window import shown_lines

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis, Citation, Claim, RootCause, RuledOutApproach
    from deep_code_reasoning.specialists.port import Message, ToolCall

Part = TypeVar("Part", "Claim", "RuledOutApproach")

_SHORTEST_QUOTE = 3
_OPENING = re.compile(r'^<(evidence-[0-9a-f]{12}) id="', re.MULTILINE)
_LINE_NUMBER = re.compile(r"^ *(\d+)[►:| ]?", re.MULTILINE)
# Where an item shows references: by the form in which we write them, so that data which only speaks of one shows none.
_SHOWN = {
    "finding": re.compile(r"^(?:evidence|reference): (\S+)", re.MULTILINE),
    "logs": re.compile(r"^\S.*?\[(log:\d+)\]", re.MULTILINE),
    "trace": re.compile(r"  span=(\w+)"),
}
# Items that are no evidence: what the caller says, and words of ours about a call.
_SAID = ("question", "theory", "note")
_MOST_TOLD = 120


@dataclass(frozen=True)
class Section:
    """An item; `text` without fence, white space normalised; `refs` are references that it shows. `source`: of code,
    the lines that are shown by their numbers. `asked`: the letters of the query whose answer it is."""

    id: str
    text: str
    refs: frozenset[str] = frozenset()
    source: Mapping[int, str] = field(default_factory=dict)
    asked: str = ""
    is_evidence: bool = True


class Sources:
    """What an analysis may cite: the items of the texts we sent, and those of every tool answer."""

    def __init__(self, *texts: str, history: Iterable[Message] = ()) -> None:
        """`texts`: a brief and what was sent after it. `history`: earlier turns, for the answers of tools in them."""
        self.sections: list[Section] = [section for text in texts for section in sections_of(text)]
        calls: dict[str, ToolCall] = {}
        for message in history:
            calls |= {call.id: call for call in message.calls}
            for answer in message.answers:
                if not answer.is_error:
                    self.add(answer.text, calls.get(answer.call_id))

    def add(self, text: str, call: ToolCall | None = None) -> None:
        """The items of a text, which `call` asked for."""
        asked = _letters(str(call.arguments.get("sql", ""))) if call else ""
        self.sections += [replace(section, asked=asked) for section in sections_of(text)]


def check_citations(analysis: Analysis, sources: Sources) -> tuple[Analysis, tuple[str, ...]]:
    """The analysis with citations and claims marked and confidences lowered, and what did not hold."""
    problems: list[str] = []
    causes = [_checked(cause, sources.sections, problems) for cause in analysis.root_causes]
    causes.sort(key=lambda cause: -cause.confidence)
    ruled_out = [_checked_part(ruled, sources.sections, problems) for ruled in analysis.ruled_out]
    return analysis.model_copy(update={"root_causes": causes, "ruled_out": ruled_out}), tuple(problems)


def sections_of(text: str) -> list[Section]:
    """The fence is read off the first item: no text inside an item can hold it."""
    if not (fence := fence_of(text)):
        return []
    found = re.findall(rf'^<{fence} id="([^"]*)" kind="([^"]*)" title="[^"]*">\n(.*?)\n</{fence}>$', text, re.M | re.S)
    return [_section(id_, kind, body) for id_, kind, body in found]


def fence_of(text: str) -> str | None:
    """The mark that the items of a text stand between."""
    first = _OPENING.search(text)
    return first.group(1) if first else None


def _section(id_: str, kind: str, text: str) -> Section:
    if kind in _SAID:
        return Section(id_, "", is_evidence=False)
    if kind != "code":
        shown = frozenset(_SHOWN[kind].findall(text)) if kind in _SHOWN else frozenset()
        if kind == "trace":
            shown = frozenset(f"span:{id_.removeprefix('trace:')}/{span}" for span in shown)
        return Section(id_, _plain(text), shown)
    source = dict(shown_lines(text))
    with_gaps = [line if number - 1 in source else f"⋮\n{line}" for number, line in source.items()]
    return Section(id_, _plain("\n".join(with_gaps)), source=source)


def _checked(cause: RootCause, sections: Sequence[Section], problems: list[str]) -> RootCause:
    claims: list[Claim] = []
    support = 0.0
    for claim in cause.claims:
        checked = _checked_part(claim, sections, problems)
        holding = sum(citation.problem is None for citation in checked.citations)
        support += holding / len(checked.citations) if checked.citations else 0.0
        if not checked.citations:
            problems.append(f"no citation for: {claim.text[:_MOST_TOLD]}")
        claims.append(checked.model_copy(update={"uncited": not holding}))
    if not claims:
        problems.append(f"no claim supports: {cause.description[:_MOST_TOLD]}")
    mean = support / len(claims) if claims else 0.0
    lowered = round(cause.confidence * (0.5 + 0.5 * mean), 4)
    return cause.model_copy(
        update={"claims": claims, "confidence": lowered, "stated_confidence": cause.confidence},
    )


def _checked_part(part: Part, sections: Sequence[Section], problems: list[str]) -> Part:
    citations = [c.model_copy(update={"problem": _problem(c, sections)}) for c in part.citations]
    problems.extend(f"{c.ref}: {c.problem}" for c in citations if c.problem)
    return part.model_copy(update={"citations": citations})


def _problem(citation: Citation, sections: Sequence[Section]) -> str | None:
    where = _pointed_at(citation.ref.strip().strip("<>`[]"), sections)
    if not where:
        return "not in the brief"
    if not any(section.is_evidence for section in where):
        return "what was said about it is no evidence"
    quote = citation.quote.strip().strip("\"'`").removesuffix("…").removesuffix("...")
    plain = _plain(quote)
    own = _letters(plain)
    if len(plain) < _SHORTEST_QUOTE or not own:
        return "no quote to check"
    standing = [section for section in where if plain in section.text or _stands_numbered(quote, section)]
    if not standing:
        return "the quote does not stand there"
    return None if any(own not in section.asked for section in standing) else "the quote is the query's own text"


def _stands_numbered(quote: str, section: Section) -> bool:
    """A quote with line numbers before its lines: each number has to be the line's own."""
    numbers = [
        (int(found[1]), line[found.end() :]) for line in quote.splitlines() if (found := _LINE_NUMBER.match(line))
    ]
    bare = _plain(_LINE_NUMBER.sub("", quote))
    return (
        bool(numbers)
        and len(bare) >= _SHORTEST_QUOTE
        and bare in section.text
        and all(_plain(line) in _plain(section.source.get(number, "\0")) for number, line in numbers)
    )


def _pointed_at(ref: str, sections: Sequence[Section]) -> list[Section]:
    """The items with that id, else the code that shows that line, else the items that show the reference."""
    if exact := [section for section in sections if section.id == ref]:
        return exact
    path, _, line = ref.removeprefix("code:").rpartition(":")
    if line.partition("-")[0].isdigit():
        number = int(line.partition("-")[0])
        if code := [s for s in sections if number in s.source and _same_file(path, s.id.removeprefix("code:"))]:
            return code
    return [section for section in sections if ref in section.refs]


def _same_file(path: str, id_: str) -> bool:
    shown = re.sub(r":\d+$", "", id_)
    return bool(path) and (shown == path or shown.endswith("/" + path) or path.endswith("/" + shown))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _letters(text: str) -> str:
    """Letters and digits alone, in one case: SQL may put a text together from parts."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
