"""Names by which one program is reached from another: routes, topics of queues, methods of RPC; and who names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from deep_code_reasoning.code.graph.effects import io_of
from deep_code_reasoning.code.graph.facts import Definition, Facts
from deep_code_reasoning.code.literals import literals
from deep_code_reasoning.code.outline import Part

ContractKind = Literal["route", "topic", "rpc"]

SHORTEST = 3
LINES_BELOW = 12
"""So far below an annotation its function may begin (there may be more of them)."""
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|#\{[^{}]*\}|\{[^{}]*\}|<[^<>]*>|\(\?P[^()]*\)|:[A-Za-z_]\w*|\*+|%[sdv]")
_QUOTES = re.compile(r"^[@$A-Za-z]{0,3}#*(\"\"\"|'''|\"|'|`)|(\"\"\"|'''|\"|'|`)#*$")
_TOPIC = re.compile(r"[\w.:/-]{3,200}")
_RPC = re.compile(r"^\s*rpc\s+(\w+)\s*\(", re.MULTILINE)
_SERVICE = re.compile(r"^\s*service\s+(\w+)\s*\{", re.MULTILINE)


@dataclass(frozen=True)
class Contract:
    """`function`: what answers it, as far as the text tells."""

    kind: ContractKind
    text: str
    file: str
    line: int
    function: str | None = None

    @property
    def segments(self) -> tuple[str | None, ...]:
        return segments_of(self.text)


def contracts_of(facts: Facts) -> Iterator[Contract]:
    """Routes that a file declares, and topics that it sends to or reads from."""
    for one in literals(facts.outline):
        if one.use == "route" and any(segment for segment in segments_of(one.text)):
            call = _call_at(facts, one.line)
            answers = _answering(facts, one.line, call)
            if call is None or not _is_request(call, answers):
                yield Contract("route", one.text, facts.path, one.line, answers.name if answers else None)
    for part in facts.outline.of("string"):
        call = part.nearest("call")
        if call is None or (effect := io_of(call, facts)) is None or effect.kind != "queue":
            continue
        text = text_of(part)
        if _TOPIC.fullmatch(text):
            around = facts.at(part.line)
            yield Contract("topic", text, facts.path, part.line, around.name if around else None)


def rpc_methods(path: str, data: bytes) -> Iterator[Contract]:
    """Of a protocol buffer file, which no grammar here reads."""
    if not path.endswith(".proto"):
        return
    text = data[: 1 << 20].decode("utf-8", "replace")
    services = [(found.start(), found[1]) for found in _SERVICE.finditer(text)]
    for found in _RPC.finditer(text):
        service = next((name for at, name in reversed(services) if at < found.start()), "")
        yield Contract("rpc", f"{service}/{found[1]}", path, text.count("\n", 0, found.start(1)) + 1, found[1])


def text_of(part: Part) -> str:
    """Of a string: what is between its quotes, with its placeholders."""
    return _QUOTES.sub("", _QUOTES.sub("", part.text.strip()))


@cache
def segments_of(route: str) -> tuple[str | None, ...]:
    """Names between slashes, without host and query; None for one that is filled in."""
    plain = re.sub(r"^[a-z][a-z+]*://[^/]*", "", route.strip().split(" ")[-1].strip("^$"))
    plain = re.split(r"[?#]", _PLACEHOLDER.sub("\0", plain))[0]
    return tuple(None if "\0" in part else part for part in plain.split("/") if part)


def agree(route: str, named: str) -> bool:
    """What is `named` ends as the route does, segment by segment; at least one of those has to be a name in both.

    A text that ends in a slash is one to which something is added: `"http://stock/items/" + id`.
    """
    ours, theirs = segments_of(route), segments_of(named)
    is_open = named.endswith("/") and bool(ours) and ours[-1] is None
    return _ends_as(ours, theirs) or (is_open and _ends_as(ours, (*theirs, None)))


def _ends_as(ours: tuple[str | None, ...], theirs: tuple[str | None, ...]) -> bool:
    if not ours or len(theirs) < len(ours):
        return False
    pairs = list(zip(ours, theirs[-len(ours) :], strict=True))
    return any(one is not None and one == other for one, other in pairs) and all(
        one is None or other is None or one == other for one, other in pairs
    )


def longest_name(contract: Contract) -> str:
    """A word that whoever names the contract has to write."""
    if contract.kind == "rpc":
        return contract.text.rpartition("/")[2]
    if contract.kind == "topic":
        return contract.text
    return max((one for one in contract.segments if one), key=len, default="")


def _call_at(facts: Facts, line: int) -> Part | None:
    """The call whose text a route stands in; None where an annotation holds it."""
    for part in facts.outline.of("string"):
        if part.line == line:
            around = part.nearest("call", "annotation")
            if around is not None:
                return around if around.role == "call" and around.nearest("annotation") is None else None
    return None


def _is_request(call: Part, answers: Definition | None) -> bool:
    """`requests.get("/orders")`, `http.post(`: asks for the route, which another program declares."""
    return answers is None and bool(
        re.search(
            r"(?i)(^|\.)(requests?|httpx|axios|fetch|http|https|client|session|got|ky|rest\w*|web\w*client)(\.|$)",
            call.receiver,
        )
    )


def _answering(facts: Facts, line: int, call: Part | None) -> Definition | None:
    """The function under the annotation, or the one handed over beside the route."""
    if call is not None:
        for name in re.findall(r"[A-Za-z_]\w*", call.arguments):
            found = facts.by_name.get(name, [])
            if len(found) == 1:
                return found[0]
        inner = [one for one in facts.definitions if call.start <= one.part.start and one.part.end <= call.end]
        return inner[0] if inner else None
    below = [one for one in facts.definitions if line <= one.line <= line + LINES_BELOW]
    around = facts.at(line)
    return around or min(below, key=lambda one: one.line, default=None)
