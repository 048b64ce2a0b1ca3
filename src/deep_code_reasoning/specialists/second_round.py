"""The second round of choosing code: before it analyses, the specialist says which files are missing, and gets them.

From depth 3 on, where source trees are known and the brief does not hold all of their files. It is a request of its own
that costs a few thousand tokens (the brief is not in it): what is known of the incident, which code the brief holds,
which was ranked and left out, and an outline of the trees. What it names is read, redacted and packed within a fifth of
the brief's budget, and goes along behind the brief, so that the brief's own bytes stay as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.fence import fence_for, fenced
from deep_code_reasoning.context.manifest import Item
from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.errors import CancelledError, DcrError
from deep_code_reasoning.specialists.asking import run, telling
from deep_code_reasoning.specialists.citations import fence_of
from deep_code_reasoning.specialists.port import Message, Reply, Request, Usage
from deep_code_reasoning.specialists.prices import dollars_of
from deep_code_reasoning.specialists.prompting import prompt
from deep_code_reasoning.specialists.reply_text import UnreadableReply, json_object
from deep_code_reasoning.specialists.tools.found import Found
from deep_code_reasoning.specialists.tools.named_files import outlined, resolved
from deep_code_reasoning.specialists.tree_outline import tree_outline

if TYPE_CHECKING:
    from deep_code_reasoning.context.brief import Brief
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.specialists.catalogue import Model
    from deep_code_reasoning.specialists.port import Provider
    from deep_code_reasoning.specialists.tools.desk import Desk
    from deep_code_reasoning.specialists.turn import Meter

Answered = Callable[[Reply, float | None, float], None]
FROM_DEPTH = 3
SHARE = 0.2
"""Of the brief's budget: what may be added."""
OUTLINE_TOKENS = 4_000
_MOST_LEFT_OUT = 100
_MOST_FILES = 8
_SHARE_OF_TIME = 0.25
_MOST_SECONDS = 90.0
_LARGEST_FILE = 0.5
"""Of what is left to add: a longer file comes as its outline."""
_SCHEMA = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "why": {"type": "string"}},
                "required": ["path", "why"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["files"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class SecondRound:
    """`text` goes behind the brief's and is a source of citations of its own; `items` belong to the manifest.

    `skipped` says why nothing was asked or nothing came of it. `not_found` are names that no file has.
    """

    text: str = ""
    items: tuple[Item, ...] = ()
    not_found: tuple[str, ...] = ()
    skipped: str = ""
    asked_tokens: int = 0
    usage: Usage = field(default_factory=Usage)
    dollars: float | None = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return count_tokens(self.text)

    def as_json(self) -> dict[str, Any]:
        """Without the text."""
        return {
            "added": [{"id": item.id, "tokens": item.tokens, "why": item.reason} for item in self.items],
            "not_found": list(self.not_found),
            "skipped": self.skipped,
        }


def second_round(
    brief: Brief,
    desk: Desk,
    *,
    provider: Provider,
    entry: Model,
    question: str | None,
    seconds: float,
    meter: Meter | None = None,
    answered: Answered | None = None,
    work: Work,
) -> SecondRound:
    """`seconds` of the whole turn, of which it takes at most a quarter. `answered` is told of the reply, its dollars
    and seconds, as soon as it is there. Raises CancelledError; what else goes wrong is told in `skipped`, and the
    analysis does without."""
    if not (indexes := desk.indexes(work)):
        return SecondRound(skipped="no source tree is known")
    shown = [item for item in brief.manifest.items if item.kind == "code"]
    files = {desk.names.name_of(desk.folder_called(index.name)): list(index.files) for index in indexes}
    left_out = [left for left in brief.manifest.left_out if left.kind == "code" and left.tokens]
    if not left_out and len(shown) >= sum(map(len, files.values())):
        return SecondRound(skipped="the brief holds every source file")
    started, so_far = time.monotonic(), SecondRound()
    try:
        text = prompt("second_round", known=_known(brief, desk, question, files), most=_MOST_FILES)
        request = Request(
            entry.id, prompt("second_round_system"), (Message("us", text),), _SCHEMA, "missing_files",
            min(8_192, entry.max_output_tokens), "low",
        )  # fmt: skip
        asked_tokens = count_tokens(request.system, entry.provider) + count_tokens(text, entry.provider)
        so_far = SecondRound(asked_tokens=asked_tokens)
        if meter:
            meter.before(request, entry)
            started = time.monotonic()  # a person may have been asked, whose time is not the turn's
        most = min(seconds * _SHARE_OF_TIME, _MOST_SECONDS)
        reply, dollars = run(_answer(provider, request, entry, most, meter, answered, work), work)
        so_far = replace(so_far, usage=reply.usage, dollars=dollars)
        more = _packed(_named(reply.text), brief, desk, [item.id for item in shown], work)
    except CancelledError:
        raise
    except (DcrError, TimeoutError) as error:
        what = "the files were not named" if so_far.usage == Usage() else "the files were not packed"
        said, taken = str(error) or "no answer in time", time.monotonic() - started
        return replace(so_far, skipped=f"{what}: {said}", seconds=taken)
    skipped = "" if more.items or more.not_found else "no file was named"
    told = replace(so_far, skipped=skipped, seconds=time.monotonic() - started)
    return replace(told, text=more.text, items=more.items, not_found=more.not_found)


async def _answer(
    provider: Provider,
    request: Request,
    entry: Model,
    seconds: float,
    meter: Meter | None,
    answered: Answered | None,
    work: Work,
) -> tuple[Reply, float | None]:
    started = time.monotonic()
    async with telling(request.model, seconds, work), asyncio.timeout(seconds):
        reply = await provider.ask(request)
    asked = replace(entry, provider=reply.provider or entry.provider, id=reply.model or entry.id)
    dollars = meter.after(asked, reply.usage) if meter else dollars_of(asked.provider, asked.id, reply.usage)
    if answered:
        answered(reply, dollars, time.monotonic() - started)
    return reply, dollars


def _known(brief: Brief, desk: Desk, question: str | None, files: dict[str, list[str]]) -> str:
    """Fenced and redacted: the question, the verdict, the lists and the outline."""

    def listed(items: Sequence[Any]) -> str:
        return "".join(f"{desk.names.without_places(item.id.removeprefix('code:'))}\n" for item in items)

    shown = [item for item in brief.manifest.items if item.kind == "code"]
    left_out = [left for left in brief.manifest.left_out if left.kind == "code" and left.tokens][:_MOST_LEFT_OUT]
    near = [desk.names.without_places(item.id.removeprefix("code:")) for item in (*shown, *left_out)]
    found = [
        Found("question", "question", "what is asked", question or ""),
        Found("verdict", "verdict", "what the local diagnosis says", conclusion.verdict(desk.diagnosis)),
        Found("shown", "list", "code in the brief, whole or in part", listed(shown)),
        Found("left-out", "list", "ranked code that did not fit, the best first", listed(left_out)),
        Found("outline", "list", "outline of the source trees", tree_outline(files, near, OUTLINE_TOKENS)),
    ]
    return _fenced([item for item in desk.cleaned(found) if item.text.strip()])


def _named(text: str) -> list[tuple[str, str]]:
    """Path and reason of each file that the reply names; none where it cannot be read."""
    try:
        files = json_object(text).get("files")
    except UnreadableReply:
        return []
    named = [one for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return [
        (one["path"], str(one.get("why") or ""))
        for one in named[:_MOST_FILES]
        if isinstance(one.get("path"), str) and one["path"].strip()
    ]


def _packed(
    named: Sequence[tuple[str, str]], brief: Brief, desk: Desk, shown: Sequence[str], work: Work
) -> SecondRound:
    whole = {
        desk.names.without_places(id_) for id_ in shown if not any(left.id == id_ for left in brief.manifest.left_out)
    }
    most, used = round(brief.manifest.budget_tokens * SHARE), 0
    fence = fence_of(brief.text)
    added: dict[str, tuple[Found, int, str]] = {}
    text, not_found = "", []
    for path, why in named:
        work.check()
        try:
            files = resolved(desk, path, why, work)
        except Unreadable:
            not_found.append(path)
            continue
        for file in files:
            item = _that_fits(desk, file, most - used)
            if item is None or item.id in added or item.id in whole:
                continue
            with_it = _fenced([*(item for item, _, _ in added.values()), item], fence)
            if (tokens := count_tokens(with_it)) > most:  # as it is sent: fences differ in how many they take
                continue
            added[item.id] = (item, tokens - used, why)
            text, used = with_it, tokens
    told = tuple(
        Item(item.id, item.kind, item.title, tokens, f"asked for: {desk.clean(why)}")
        for item, tokens, why in added.values()
    )
    return SecondRound(text, told, tuple(map(desk.clean, not_found)))


def _that_fits(desk: Desk, path: Path, left: int) -> Found | None:
    """The file, where it takes at most half of what is left, else its outline, else its first lines; cleaned."""
    try:
        [whole] = desk.cleaned([desk.code(path)])
        if count_tokens(whole.text) <= left * _LARGEST_FILE:
            return whole
        if (outline := outlined(desk, path)) and count_tokens(outline.text) <= left * _LARGEST_FILE:
            return desk.cleaned([outline])[0]
    except Unreadable:
        return None
    lines, used = [], 0
    for line in whole.text.split("\n"):
        used += count_tokens(line + "\n")
        if used > left * _LARGEST_FILE:
            break
        lines.append(line)
    return (
        replace(whole, title=f"the first {len(lines)} lines of {whole.title}", text="\n".join(lines)) if lines else None
    )


def _fenced(items: Sequence[Found], fence: str | None = None) -> str:
    """Between `fence` where it is in none of them, so that they read as part of the text that has it."""
    texts = [f"{item.id}\0{item.title}\0{item.text}" for item in items]
    if fence is None or any(fence.removeprefix("evidence-") in text for text in texts):
        fence = fence_for(texts)
    return "".join(fenced(Candidate(i.id, i.kind, i.title, "", 0.0, i.text), fence) for i in items)
