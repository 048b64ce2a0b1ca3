"""Resources: what is kept, under an address. Each kind is a template, a way to list it, to read it, to complete it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from mcp_types import INVALID_PARAMS, Resource, ResourceTemplate, TextResourceContents

from deep_code_reasoning.errors import DcrError, UsageError
from deep_code_reasoning.mcp_server.sdk import MCPError
from deep_code_reasoning.mcp_server.wording import one_line

if TYPE_CHECKING:
    from deep_code_reasoning.settings import Settings

JSON, MARKDOWN, TEXT = "application/json", "text/markdown", "text/plain"
MOST_CHARACTERS = 100_000
MOST_COMPLETIONS = 100

Read = Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    """`read(settings, *values)` gives text, or what becomes JSON; `choices(settings)` values of the last variable."""

    template: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Read
    choices: Callable[[Settings], Sequence[str]] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"([^/?#]+)", re.escape(self.template)))


def _overview(settings: Settings, investigation: str) -> Any:
    from deep_code_reasoning import reading

    return reading.overview(settings, investigation)


def _diagnosis(settings: Settings, investigation: str) -> Any:
    from deep_code_reasoning import reading

    return {k: v for k, v in reading.last_diagnosis(settings, investigation).items() if k != "findings"}


def _findings(settings: Settings, investigation: str) -> Any:
    from deep_code_reasoning import reading

    return reading.last_diagnosis(settings, investigation)["findings"]


def _traces(settings: Settings, investigation: str) -> Any:
    from deep_code_reasoning import reading

    return [
        {**trace, "uri": f"investigation://{investigation}/traces/{trace['trace_id']}"}
        for trace in reading.exemplar_traces(settings, investigation)
    ]


def _trace(settings: Settings, investigation: str, trace_id: str) -> str:
    from deep_code_reasoning import reading

    return reading.trace_text(settings, investigation, trace_id)


def _detector(settings: Settings, code: str) -> str:
    from deep_code_reasoning.investigation import Investigations

    return Investigations(settings, trust_arguments=False).explain(code)


def _codes(settings: Settings) -> list[str]:
    from deep_code_reasoning.investigation import Investigations

    desk = Investigations(settings, trust_arguments=False)
    return [*(rule.code for rule in desk.rules()), *(pattern.code for pattern in desk.patterns())]


def _conversation(settings: Settings, session: str) -> str:
    from deep_code_reasoning.investigation import Investigations

    return Investigations(settings, trust_arguments=False).conversations().transcript(session).as_text()


def _sessions(settings: Settings) -> list[str]:
    from deep_code_reasoning.investigation import Investigations

    return [one.session_id for one in Investigations(settings, trust_arguments=False).conversations().listed()]


def _ledger(settings: Settings) -> Any:
    from deep_code_reasoning.bookkeeping import Bookkeeping

    return Bookkeeping(settings).view(project=str(Path.cwd())).as_json()


def _ledger_entry(settings: Settings, escalation: str) -> Any:
    from deep_code_reasoning.bookkeeping import Bookkeeping

    told = Bookkeeping(settings).show(escalation)
    if told.get("project") != str(Path.cwd()):
        raise UsageError(f"{escalation}: no escalation of this project")
    return told


def _here(settings: Settings) -> list[str]:
    from deep_code_reasoning import reading

    here = reading.investigation_here(settings)
    return [here] if here else []


KINDS = (
    Kind("investigation://{id}", "investigation", "Investigation", "What was loaded, and the last verdict.", JSON,
         _overview, _here),
    Kind("investigation://{id}/diagnosis", "diagnosis", "Diagnosis", "Verdict, ranked suspects and changes, what was "
         "ruled out.", JSON, _diagnosis, _here),
    Kind("investigation://{id}/findings", "findings", "Findings", "Every finding with its evidence.", JSON, _findings,
         _here),
    Kind("investigation://{id}/traces", "traces", "Exemplar traces", "The traces that findings cite.", JSON, _traces,
         _here),
    Kind("investigation://{id}/traces/{trace_id}", "trace", "Trace", "One trace as a text tree.", TEXT, _trace),
    Kind("detector://{code}", "detector", "Detector", "What a detector sees, how, and when it is not the cause.",
         MARKDOWN, _detector, _codes),
    Kind("conversation://{session_id}", "conversation", "Conversation", "What was asked and answered, turn by turn.",
         MARKDOWN, _conversation, _sessions),
    Kind("ledger://project", "ledger", "Ledger", "What escalations of this project cost and found.", JSON, _ledger),
    Kind("ledger://{escalation_id}", "ledger entry", "Ledger entry", "One escalation: why, by whom, what it cost.",
         JSON, _ledger_entry),
)  # fmt: skip


@cache
def templates() -> list[ResourceTemplate]:
    return [
        ResourceTemplate(
            uri_template=kind.template,
            name=kind.name,
            title=kind.title,
            description=kind.description,
            mime_type=kind.mime_type,
        )
        for kind in KINDS
        if "{" in kind.template
    ]


def listed(settings: Settings) -> list[Resource]:
    """The ledger, and the investigation of this working directory in all its kinds; the rest is found by completion."""
    fixed = [
        Resource(
            uri=kind.template, name=kind.name, title=kind.title, description=kind.description, mime_type=kind.mime_type
        )
        for kind in KINDS
        if "{" not in kind.template
    ]
    return fixed + [
        Resource(
            uri=kind.template.replace("{id}", quote(here, safe="")),
            name=f"{kind.name} {here}",
            title=kind.title,
            description=kind.description,
            mime_type=kind.mime_type,
        )
        for here in _here(settings)
        for kind in KINDS
        if kind.choices is _here
    ]


def contents(settings: Settings, uri: str) -> TextResourceContents:
    """Raises MCPError (invalid params, with the address) where nothing is there to be read."""
    for kind in KINDS:
        if match := kind.pattern.fullmatch(uri):
            try:
                told = kind.read(settings, *map(unquote, match.groups()))
            except DcrError as error:
                raise not_found(uri, one_line(error, {})) from None
            return TextResourceContents(uri=uri, mime_type=kind.mime_type, text=_fitting(told))
    raise not_found(uri, f"there are {', '.join(kind.template for kind in KINDS)}")


def completions(settings: Settings, template: str, variable: str, begun: str) -> list[str]:
    """Values of a template's last variable that begin like `begun`; none where they cannot be listed."""
    for kind in KINDS:
        if kind.template == template and kind.choices and template.endswith(f"{{{variable}}}") | (variable == "id"):
            found = (value for value in kind.choices(settings) if value.lower().startswith(begun.lower()))
            return sorted(found)[:MOST_COMPLETIONS]
    return []


def not_found(uri: str, why: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=f"no resource {uri[:200]!r}: {why}", data={"uri": uri})


def _fitting(read: Any) -> str:
    """As text of at most MOST_CHARACTERS; of JSON, lists lose their ends until it fits, and say how much they lost."""
    if isinstance(read, str):
        rest = len(read) - MOST_CHARACTERS
        return read if rest <= 0 else f"{read[:MOST_CHARACTERS]}… [+{rest:,} characters: query_evidence has the rest]"
    told: dict[str, Any] = {"items": read} if isinstance(read, list) else dict(read)
    lengths = {name: len(value) for name, value in told.items() if isinstance(value, list)}
    while len(text := json.dumps(told, ensure_ascii=False)) > MOST_CHARACTERS and lengths:
        longest = max(lengths, key=lambda name: len(json.dumps(told[name])))
        told[longest] = told[longest][: len(told[longest]) // 2]
        told[f"{longest}_left_out"] = lengths[longest] - len(told[longest])
        if not told[longest]:
            del lengths[longest]
    return text
