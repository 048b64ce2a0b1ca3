"""Routes, topics, RPC methods and fields that a change takes away or alters, and who names them elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from deep_code_reasoning.code.graph.facts import Facts
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.running_code.impact.report import Affected
from deep_code_reasoning.running_code.impact.scope import FileState, Scope, facts_in
from deep_code_reasoning.running_code.impact.signatures import BROKEN, CHECK
from deep_code_reasoning.running_code.routes import (
    SHORTEST,
    Contract,
    agree,
    contracts_of,
    longest_name,
    rpc_methods,
    segments_of,
    text_of,
)

MOST_FILES = 80
"""That name one contract and are parsed."""
MOST_USERS = 60


@dataclass(frozen=True)
class ContractChange:
    """`after`: what took its place in the same function or on the same line, None where nothing did."""

    before: Contract
    after: Contract | None

    @property
    def what(self) -> str:
        kind = self.before.kind
        now = f", {self.after.text} is there now" if self.after else ""
        return f"{kind} {self.before.text} is no longer declared{now}"


def contract_changes(scope: Scope) -> Iterator[ContractChange]:
    for file in scope.files:
        if not file.is_diff or file.before is None:
            continue
        old, new = _both(scope, file)
        kept = {(one.kind, one.text) for one in new}
        come = [one for one in new if (one.kind, one.text) not in {(other.kind, other.text) for other in old}]
        for one in old:
            if (one.kind, one.text) in kept:
                continue
            near = [more for more in come if more.kind == one.kind and more.function == one.function]
            yield ContractChange(one, near[0] if len(near) == 1 else None)


def _both(scope: Scope, file: FileState) -> tuple[list[Contract], list[Contract]]:
    sides: list[list[Contract]] = []
    for program, data in ((scope.before, file.before), (scope.program, file.after)):
        facts = facts_in(program, file.path) if data is not None else None
        found = [*contracts_of(facts)] if facts else []
        sides.append([*found, *rpc_methods(file.path, data or b"")])
    return sides[0], sides[1]


def contracts_in(scope: Scope, paths: Iterable[str]) -> list[Contract]:
    """What the files declare now and what they declared before: what ran may be of either state."""
    found: dict[tuple, Contract] = {}
    for path in dict.fromkeys(paths):
        for program in dict.fromkeys((scope.program, scope.before)):
            facts = facts_in(program, path)
            for one in contracts_of(facts) if facts else ():
                found.setdefault((one.kind, one.text, one.file, one.function), one)
    return list(found.values())


def users_of(contract: Contract, own: Scope, scopes: Sequence[Scope], state: str) -> list[Affected]:
    """Places in other files that name it, of all trees.

    Confidence: 1 / (declarations of the trees that agree with what is named, the one in question among them, and one
    more where the place names no folder or host of the declaring file: it may mean a program that is not here).
    """
    word = longest_name(contract)
    if len(word) < SHORTEST:
        return []
    places: list[tuple[Scope, Facts, int, str, str]] = []
    declared = 1
    for scope in scopes:
        for facts in _mentioning(scope.program, word, contract.file if scope is own else None):
            others = list(contracts_of(facts))
            declared += sum(one.kind == contract.kind and _means(contract, one.text) for one in others)
            is_declared = {(one.line, one.text) for one in others if one.kind == "route"}
            for part, line, text in _named(facts, contract):
                if (line, text) not in is_declared:
                    around = facts.at(line)
                    places.append((scope, facts, line, around.name if around else "(top of the file)", part))
    found = []
    for scope, facts, line, who, text in places[:MOST_USERS]:
        is_named = _names_owner(text, contract, own, scope)
        count = declared + (not is_named)
        where = facts.path if len(scopes) == 1 else f"{scope.root.name}/{facts.path}"
        how = f"names the {contract.kind} `{text[:80]}`" + ("" if is_named else ", and no host or service of it")
        found.append(Affected(who, how, 1 / count, where, line, state))
    return sorted(found, key=lambda one: (-(one.confidence or 0), one.file, one.line or 0))


def _mentioning(program: Program, word: str, without: str | None) -> Iterator[Facts]:
    paths, wanted, count = [path for path in program.names.paths if path != without], word.encode(), 0
    for path, data in program.texts(paths):
        if wanted not in data:
            continue
        if (facts := program.facts(path)) is not None:
            yield facts
        count += 1
        if count >= MOST_FILES:
            return


def _named(facts: Facts, contract: Contract) -> Iterator[tuple[str, int, str]]:
    if contract.kind == "rpc":
        word = longest_name(contract)
        for call in facts.outline.of("call"):
            if call.method.lower() == word.lower() and call.receiver:
                yield " ".join(call.callee.split()), call.line, call.callee
        return
    for part in facts.outline.of("string"):
        text = text_of(part)
        if len(text) <= 400 and _means(contract, text):
            yield text, part.line, text


def _means(contract: Contract, text: str) -> bool:
    return agree(contract.text, text) if contract.kind == "route" else text == contract.text


def _names_owner(text: str, contract: Contract, own: Scope, scope: Scope) -> bool:
    """The same tree's tests apart: a host or a first segment that is a folder of the declaring file, or its tree."""
    owners = {
        part.lower() for part in (*PurePosixPath(contract.file).parts[:-1], own.root.name) if len(part) >= SHORTEST
    }
    host = re.match(r"[a-z][a-z+]*://([^/:]+)", text)
    words = {host[1].lower(), host[1].split(".")[0].lower()} if host else set()
    extra = segments_of(text)[: -len(contract.segments)] if contract.kind == "route" else ()
    words |= {segment.lower() for segment in extra if segment}
    return bool(words & owners) or (contract.kind == "topic" and scope is own)


def broken_if_gone(change: ContractChange) -> str:
    return BROKEN if change.after is None or change.after.segments != change.before.segments else CHECK
