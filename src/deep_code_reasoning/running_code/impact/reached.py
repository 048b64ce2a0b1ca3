"""The functions in question and who calls them within their tree, up to three calls away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deep_code_reasoning.changes.diffs.seen import Seen
from deep_code_reasoning.code.graph.callers import callers_of
from deep_code_reasoning.code.graph.execution_path import Caller
from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.running_code.impact.contract_users import contract_changes
from deep_code_reasoning.running_code.impact.report import Affected
from deep_code_reasoning.running_code.impact.scope import Scope, facts_in
from deep_code_reasoning.running_code.operations import Key

MOST_FUNCTIONS = 60
MOST_LEVELS = 3
MOST_BYTES = 3 << 30
"""Of the tree, times the functions; with more, fewer levels are told, as each may parse many files a function."""


@dataclass(eq=False)
class Touched:
    """`keys`: the function itself and who calls it, with the confidence of the chain of calls."""

    scope: Scope
    one: Definition
    state: str
    callers: list[Caller] = field(default_factory=list)
    keys: dict[Key, float] = field(default_factory=dict)

    def affected(self) -> tuple[Affected, ...]:
        return tuple(
            Affected(
                caller.function,
                f"calls {caller.calls}" if caller.level == 1 else f"calls {caller.calls}, {caller.level} calls away",
                self.keys.get((caller.file, caller.line, caller.function), caller.confidence),
                caller.file,
                caller.call_line,
            )
            for caller in self.callers
        )


def touched_in(scope: Scope, seen: Seen, left_out: Sequence[str], notes: list[str]) -> list[Touched]:
    """Of changed files the functions that the change touched; of others every function."""
    found = [
        one
        for file in scope.files
        if file.path not in left_out
        for one in _of_file(scope, file.path, file.is_diff, seen)
    ]
    known = {(one.one.path, one.one.name) for one in found}
    found += [one for one in _answering(scope) if (one.one.path, one.one.name) not in known]
    if len(found) > MOST_FUNCTIONS:
        changed = [one for one in found if one.state != "in scope"]
        found = [*changed, *(one for one in found if one.state == "in scope")]
        notes.append(
            f"{len(found) - MOST_FUNCTIONS} of {len(found)} functions in scope: only {MOST_FUNCTIONS} are told"
        )
        found = found[:MOST_FUNCTIONS]
    _with_callers(scope, found, notes)
    return found


def _of_file(scope: Scope, path: str, is_diff: bool, seen: Seen) -> Iterator[Touched]:
    if not is_diff:
        facts = facts_in(scope.program, path)
        yield from (
            Touched(scope, one, "in scope") for one in (facts.definitions if facts else ()) if not one.is_local_lambda
        )
        return
    for function in seen.functions.get(path, ()):
        program = scope.before if function.state == "removed" else scope.program
        facts = facts_in(program, path)
        named = [one for one in (facts.definitions if facts else ()) if one.name == function.name]
        if named:
            one = min(named, key=lambda one: abs(one.line - function.line))
            yield Touched(scope, one, function.state)


def _answering(scope: Scope) -> Iterator[Touched]:
    """Functions that the change left as they are, but for the route or topic by which they are reached."""
    told = set()
    for gone in contract_changes(scope):
        one = gone.before
        for program in (scope.program, scope.before):
            facts = facts_in(program, one.file)
            named = [other for other in (facts.definitions if facts else ()) if other.name == one.function]
            if named and (one.file, one.function) not in told:
                told.add((one.file, one.function))
                yield Touched(scope, named[0], f"its {one.kind} changed" if program is scope.program else "removed")


def _with_callers(scope: Scope, found: Sequence[Touched], notes: list[str]) -> None:
    if not found:
        return
    size = max(scope.program.names.bytes, 1) * len(found)
    levels = min(MOST_LEVELS, max(1, MOST_BYTES // size))
    if levels < MOST_LEVELS:
        notes.append(f"callers beyond {levels} calls: the tree is large for {len(found)} functions")
    for is_gone in (False, True):
        some = [one for one in found if (one.state == "removed") is is_gone]
        if not some:
            continue
        program = scope.before if is_gone else scope.program
        above = callers_of(program, Resolver(program), [one.one for one in some], levels)
        for touched, climb in zip(some, above, strict=True):
            touched.callers = climb.found
            notes.extend(f"{touched.one.name}: {one}" for one in climb.notes)
            touched.keys = _chain(touched)


def _chain(touched: Touched) -> dict[Key, float]:
    """The confidence of a chain is the product of its calls', of several chains the greatest."""
    found: dict[Key, float] = {touched.one.key: 1.0}
    by_name: dict[tuple[int, str], float] = {(0, touched.one.name): 1.0}
    for caller in touched.callers:  # level by level
        below = by_name.get((caller.level - 1, caller.calls), 1.0)
        sure = below * caller.confidence
        key = (caller.file, caller.line, caller.function)
        found[key] = max(found.get(key, 0.0), sure)
        name = (caller.level, caller.function)
        by_name[name] = max(by_name.get(name, 0.0), sure)
    return found
