"""Functions that are gone or take other arguments, and what becomes of each call of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from deep_code_reasoning.code.graph.callers import LONGEST_CALL, callers_of
from deep_code_reasoning.code.graph.execution_path import Caller
from deep_code_reasoning.code.graph.facts import Definition, Facts
from deep_code_reasoning.code.graph.parameters import Argument, Parameter, arguments_of, fits
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.code.outline import Part
from deep_code_reasoning.running_code.impact.report import Affected
from deep_code_reasoning.running_code.impact.scope import Scope, facts_in

BROKEN, OTHERWISE, CHECK, FITS = "broken", "means otherwise", "to be checked", "fits"
_LETS_THROUGH = frozenset({"javascript", "typescript", "tsx", "php", "ruby"})
"""Languages in which a call with too many or too few arguments may run."""


@dataclass(frozen=True, eq=False)
class SignatureChange:
    """`kind`: function-removed, parameters-changed, declaration-changed (types, defaults, visibility)."""

    kind: str
    what: str
    before: Definition
    after: Definition | None
    others: tuple[Definition, ...] = ()
    """All that bear the name now: a call may mean another one of them."""


def signature_changes(scope: Scope, left_out: Container[str] = ()) -> Iterator[SignatureChange]:
    for file in scope.files:
        if file.state not in ("changed", "deleted") or file.path in left_out:
            continue
        old = facts_in(scope.before, file.path)
        new = facts_in(scope.program, file.path) if file.after is not None else None
        if old is None or (file.after is not None and new is None):
            continue
        yield from _of_file(old, new)


def _of_file(old: Facts, new: Facts | None) -> Iterator[SignatureChange]:
    left: dict[str, list[Definition]] = {}
    for one in new.definitions if new else ():
        left.setdefault(one.name, []).append(one)
    for one in old.definitions:
        if one.part.nearest("function") is not None or one.is_local_lambda:  # known there only
            continue
        there = left.get(one.name, [])
        same = [other for other in there if other.parameters == one.parameters]
        if not there:
            yield SignatureChange("function-removed", f"{one.name} is no longer there", one, None)
        elif not same and len(there) >= sum(other.name == one.name for other in old.definitions):
            other = next((more for more in there if not _was_there(more, old)), there[0])
            yield SignatureChange("parameters-changed", _parameters(one, other), one, other, tuple(there))
        elif not same:
            yield SignatureChange("function-removed", f"{_shown(one)} is no longer there", one, None)
        elif all(_head(other) != _head(one) for other in same):
            told = f"{one.name} is declared otherwise: `{_head(one)[:90]}` -> `{_head(same[0])[:90]}`"
            yield SignatureChange("declaration-changed", told, one, same[0])


def _was_there(one: Definition, old: Facts) -> bool:
    return any(one.name == other.name and one.parameters == other.parameters for other in old.definitions)


def affected_by(changes: Sequence[SignatureChange], scope: Scope) -> Iterator[tuple[list[Affected], list[str]]]:
    """For each change: every call that led to the function as it was, by what becomes of it, the broken first; and what
    was left out."""
    new = Resolver(scope.program)
    above = callers_of(scope.before, Resolver(scope.before), [one.before for one in changes], 1)
    for change, climb in zip(changes, above, strict=True):
        yield _affected(change, climb.found, scope.program, new), climb.notes


def _affected(
    change: SignatureChange, callers: Sequence[Caller], program: Program, resolver: Resolver
) -> list[Affected]:
    found: list[Affected] = []
    for caller in callers:
        if told := _now(change, caller, program, resolver):
            state, why, line = told
            how = "call resolved by " + (
                "name, or one of several" if caller.confidence < 1 else "scope, import or type"
            )
            found.append(Affected(caller.function, f"{how}; {why}", caller.confidence, caller.file, line, state))
    order = {BROKEN: 0, OTHERWISE: 1, CHECK: 2, FITS: 3}
    return sorted(found, key=lambda one: (order[one.state], -(one.confidence or 0), one.file, one.line or 0))


def _now(change: SignatureChange, caller: Caller, program: Program, resolver: Resolver) -> tuple[str, str, int] | None:
    """What becomes of the call, why, and on which line it stands now; None where it is gone as well."""
    facts = facts_in(program, caller.file)
    calls = _calls(caller, change.before, facts)
    if facts is None or not calls:
        return None
    told = [(*_of_call(change, call, caller.call, facts, resolver), call.line) for call in calls]
    return min(told, key=lambda one: (BROKEN, OTHERWISE, CHECK, FITS).index(one[0]))


def _calls(caller: Caller, target: Definition, facts: Facts | None) -> list[Part]:
    """The call as it stands now: on its line, else (the file changed too) in the function of that name."""
    if facts is None:
        return []
    names = {target.simple, target.owner}
    named = [call for call in facts.outline.of("call") if call.method in names]
    here = [call for call in named if call.line == caller.call_line and _around(facts, call) == caller.function]
    return here or [call for call in named if _around(facts, call) == caller.function]


def _around(facts: Facts, call: Part) -> str:
    around = facts.at(call.line)
    return around.name if around else "(top of the file)"


def _of_call(change: SignatureChange, call: Part, was: str, facts: Facts, resolver: Resolver) -> tuple[str, str]:
    """`was`: the text of the call before; one that was rewritten along with the function is taken to mean what it says
    now, as far as its arguments fit."""
    after = change.after
    if after is None:
        found = resolver.resolve(call, facts, facts.at(call.line))
        if found.targets:
            one = found.targets[0]
            return FITS if found.confidence == 1 else CHECK, f"now leads to {one.name} ({one.path}:{one.line})"
        return BROKEN, "calls what is gone"
    if change.kind == "declaration-changed":
        return CHECK, "types and defaults are not checked"
    arguments = arguments_of(call)
    is_rewritten = " ".join(call.text.split())[:LONGEST_CALL] != was
    if is_rewritten and any(_accepts(one, arguments) for one in change.others):
        return FITS, "was changed along, its arguments fit"
    if any(one is not after and _accepts(one, arguments) for one in change.others):
        return CHECK, f"may mean another of {len(change.others)} of the name"
    names = {one.name.lstrip("$@:") for one in after.parameters}
    is_open = any(one.is_many for one in after.parameters)
    for one in arguments:
        if one.name and one.name not in names and not is_open:
            return BROKEN, f"gives {one.name}=, which is no parameter"
    if not fits(arguments, after.takes, loose=False):
        told = f"gives {len(arguments)} arguments, {_takes(after)} are taken"
        return (OTHERWISE if facts.language.name in _LETS_THROUGH else BROKEN), told
    if moved := _moved(arguments, change.before.parameters, after.parameters):
        return OTHERWISE, moved
    return FITS, "its arguments fit"


def _accepts(one: Definition, arguments: Sequence[Argument]) -> bool:
    names = {parameter.name.lstrip("$@:") for parameter in one.parameters}
    is_open = any(parameter.is_many for parameter in one.parameters)
    return fits(arguments, one.takes, loose=False) and all(not a.name or a.name in names or is_open for a in arguments)


def _moved(arguments: Sequence[Argument], before: Sequence[Parameter], after: Sequence[Parameter]) -> str:
    """An argument without a name that another parameter receives now; a renamed parameter is the same one."""
    old, new = [one.name for one in before], [one.name for one in after]
    for one in arguments:
        at = one.position
        if one.name or at >= len(old) or at >= len(new) or old[at] == new[at]:
            continue
        if old[at] in new or new[at] in old:
            return f"its argument {at + 1} was {old[at]} and is {new[at]} now"
    return ""


def _parameters(one: Definition, other: Definition) -> str:
    was, now = _named(one), _named(other)
    told = []
    if gone := [name for name in was if name not in now]:
        told.append(f"parameter {', '.join(gone)} removed")
    told += [f"parameter {name} added{_default(now[name])}" for name in now if name not in was]
    both = [name for name in was if name in now]
    if both != [name for name in now if name in was]:
        told.append("parameters in another order")
    told += [
        f"parameter {name} has {'a' if now[name].is_optional else 'no'} default"
        for name in both
        if was[name].is_optional != now[name].is_optional
    ]
    return f"{one.name}: {'; '.join(told) or 'other parameters'} ({_shown(one)} -> {_shown(other)})"


def _default(one: Parameter) -> str:
    return "" if one.is_optional or one.is_many else " without a default"


def _named(one: Definition) -> dict[str, Parameter]:
    return {parameter.name or f"#{number}": parameter for number, parameter in enumerate(one.parameters, 1)}


def _shown(one: Definition) -> str:
    return f"{one.simple}({', '.join(parameter.name for parameter in one.parameters)[:80]})"


def _takes(one: Definition) -> str:
    fewest, most = one.takes
    return f"{fewest} or more" if most is None else str(fewest) if fewest == most else f"{fewest} to {most}"


def _head(one: Definition) -> str:
    """The declaration as written, from the start of its line to its body."""
    part = one.part
    start = part.data.rfind(b"\n", 0, part.start) + 1
    body = part.node.child_by_field_name("body") or part.node.child_by_field_name("value")
    end = body.start_byte if body is not None and body.start_byte > part.start else part.start
    end = end if end > part.start else part.data.find(b"\n", part.start) % (len(part.data) + 1)
    return " ".join(part.data[start:end].decode("utf-8", "replace").split())
