"""What the syntax of a path shows of its cost: loops around calls that wait, loops in loops, what a lock holds up.

Counted, never turned into an order of growth: how often a loop runs is not in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.code.graph.effects import Effect, body_of, io_of
from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Step
from deep_code_reasoning.code.graph.facts import Facts
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.loops import is_loop_call, loop_around
from deep_code_reasoning.code.outline import Part
from deep_code_reasoning.running_code.bottleneck.report import Smell

WAITS = frozenset({"remote", "database", "file", "queue"})
QUERY_IN_LOOP, CALL_IN_LOOP = "query-in-loop", "call-in-loop"
NESTED_LOOPS, IO_UNDER_LOCK, AWAIT_IN_LOOP = "nested-loops", "io-under-lock", "await-in-loop"
KINDS = (QUERY_IN_LOOP, CALL_IN_LOOP, NESTED_LOOPS, IO_UNDER_LOCK, AWAIT_IN_LOOP)
MOST_TOLD = 4
_OVER = re.compile(r"\b(?:in|of|range|each)\s+([\w.$@>\-]+(?:\(\))?)|:\s*([\w.]+(?:\(\))?)\s*\)")


def smells_of(path: ExecutionPath, program: Program) -> list[Smell]:
    """Those with most loops around them first, then most waiting calls, then most locks."""
    below = _waiting_below(path)
    found: dict[tuple, Smell] = {}
    waiting: list[tuple[Step, int, float]] = [(path.entry, 0, 1.0)]
    while waiting:
        step, around, sure = waiting.pop()
        sure *= step.confidence
        for one in _of_step(step, program, around, sure):
            _keep(found, one)
        for child in step.steps:
            loops = _loops_of_call(child, program)
            for one in _of_call(step, child, around, loops, below, sure):
                _keep(found, one)
            waiting.append((child, around + len(loops), sure))
    return sorted(
        found.values(), key=lambda one: (-one.loops, -one.io, -one.locks, -one.confidence, one.file, one.line)
    )


def _keep(found: dict[tuple, Smell], one: Smell) -> None:
    key = (one.kind, one.file, one.line, one.what)
    if key not in found or (found[key].loops, found[key].confidence) < (one.loops, one.confidence):
        found[key] = one


def _of_step(step: Step, program: Program, around: int, sure: float) -> Iterator[Smell]:
    """What stands in the function itself; a function told at another step is told there."""
    facts = program.facts(step.file)
    part = _part(step, facts) if facts else None
    if facts is None or part is None or step.kind == "class":
        return
    body = body_of(facts, part)
    leads_on = {(child.call_line, child.call) for child in step.steps if child.confidence == 1}
    for call in body.calls:
        loops = loops_around(call)
        effect = None if (call.line, _shown(call)) in leads_on else io_of(call, facts)
        if effect is not None and (loops or around):
            kind = QUERY_IN_LOOP if effect.kind == "database" else CALL_IN_LOOP
            yield _smell(
                kind, f"{_what(effect)} {_rounds(loops, around)}", step, call.line, around + len(loops), 1, 0, sure
            )
        if effect is not None and (locks := body.locks_around(call)):
            told = f"{_what(effect)} while {', '.join(locks)} is held"
            yield _smell(IO_UNDER_LOCK, told, step, call.line, around + len(loops), 1, len(locks), sure)
    yield from _nested(step, facts, part, sure)
    for one in facts.outline.of("await"):
        loops = loops_around(one) if part.start <= one.start and one.end <= part.end else []
        if loops and next(one.around("function"), None) is part:
            told = f"awaits one after another {_rounds(loops, around)}"
            yield _smell(AWAIT_IN_LOOP, told, step, one.line, around + len(loops), 1, 0, sure)


def _nested(step: Step, facts: Facts, function: Part, sure: float) -> Iterator[Smell]:
    deepest: dict[int, list[Part]] = {}
    for loop in [*facts.outline.of("loop"), *(one for one in facts.outline.of("call") if is_loop_call(one))]:
        if (
            not (function.start <= loop.start and loop.end <= function.end)
            or next(loop.around("function"), None) is not function
        ):
            continue
        all_around = [loop, *loops_around(loop)]
        outer = all_around[-1].start
        if len(all_around) > len(deepest.get(outer, ())):
            deepest[outer] = all_around
    for loops in deepest.values():
        if len(loops) > 1:
            over = ", ".join(over_what(one) for one in reversed(loops))
            yield _smell(
                NESTED_LOOPS,
                f"loops nested {len(loops)} deep over {over}",
                step,
                loops[-1].line,
                len(loops),
                0,
                0,
                sure,
            )


def _of_call(
    step: Step, child: Step, around: int, loops: list[Part], below: dict[tuple, list[Effect]], sure: float
) -> Iterator[Smell]:
    """A call of a step below which something waits."""
    effects = below.get(_key(child), [])
    if not effects or child.call_line is None:
        return
    first = ", ".join(dict.fromkeys(_what(one) for one in effects[:MOST_TOLD]))
    sure *= child.confidence
    if loops:
        kind = QUERY_IN_LOOP if any(one.kind == "database" for one in effects) else CALL_IN_LOOP
        told = f"calls {child.function}, which {first}, {_rounds(loops, around)}"
        yield _smell(kind, told, step, child.call_line, around + len(loops), len(effects), 0, sure)
    if child.locks_held:
        told = f"calls {child.function}, which {first}, while {', '.join(child.locks_held)} is held"
        yield _smell(
            IO_UNDER_LOCK, told, step, child.call_line, around + len(loops), len(effects), len(child.locks_held), sure
        )


def _waiting_below(path: ExecutionPath) -> dict[tuple, list[Effect]]:
    """By function: its own calls that wait, and those of all it calls; each function's once."""
    calls: dict[tuple, set[tuple]] = {}
    own: dict[tuple, list[Effect]] = {}
    for step in path.steps():
        key = _key(step)
        own.setdefault(key, []).extend(one for one in step.effects if one.kind in WAITS and one not in own.get(key, ()))
        calls.setdefault(key, set()).update(_key(child) for child in step.steps if not child.is_spawned)
    found = {}
    for key in own:
        seen, open_keys = {key}, [key]
        while open_keys:
            fresh = calls.get(open_keys.pop(), set()) - seen
            seen |= fresh
            open_keys += sorted(fresh)
        found[key] = [effect for one in sorted(seen) for effect in own.get(one, ())]
    return found


def loops_around(part: Part) -> list[Part]:
    """The innermost first."""
    found: list[Part] = []
    loop = loop_around(part)
    while loop is not None:
        found.append(loop)
        loop = loop_around(loop)
    return found


def over_what(loop: Part) -> str:
    if loop.role == "call":
        return loop.receiver[-60:] or f"a loop at line {loop.line}"
    first, end = (max(0, offset - loop.start) for offset in loop.body)
    raw = loop.text.encode()
    head = " ".join(raw[:first].decode("utf-8", "replace").split())
    if not re.search(r"\w", head):  # a comprehension: what it makes stands before what it runs over
        head = " ".join(raw[end:].decode("utf-8", "replace").split())
    if match := _OVER.search(head):
        return match[1] or match[2]
    return f"`{head[:60].rstrip(' {:')}`" if head else f"a loop at line {loop.line}"


def _rounds(loops: list[Part], around: int) -> str:
    if not loops:
        return f"in a function that {around} loops around its callers run"
    over = ", ".join(over_what(one) for one in reversed(loops))
    said = f"in a loop over {over}" if len(loops) == 1 else f"in loops nested {len(loops)} deep over {over}"
    return said + (f", itself within {around} more" if around else "")


def _loops_of_call(child: Step, program: Program) -> list[Part]:
    facts = program.facts(child.call_file) if child.call_file else None
    if facts is None or child.in_loop is None:
        return []
    calls = [one for one in facts.outline.of("call") if one.line == child.call_line and _shown(one) == child.call]
    return loops_around(calls[0]) if calls else []


def _shown(call: Part) -> str:
    """As trace.py shows it."""
    text = re.sub(r"\s+", " ", call.text)
    return text if len(text) <= 160 else text[:159] + "…"


def _what(effect: Effect) -> str:
    verbs = {
        "database": "queries with",
        "remote": "calls",
        "file": "reads or writes by",
        "queue": "sends or receives by",
    }
    return f"{verbs.get(effect.kind, effect.kind)} {effect.text}"


def _smell(kind: str, what: str, step: Step, line: int, loops: int, io: int, locks: int, sure: float) -> Smell:
    return Smell(kind, what, step.function, step.file, line, loops, io, locks, sure, (f"code:{step.file}:{line}",))


def _part(step: Step, facts: Facts) -> Part | None:
    return next((one.part for one in facts.definitions if one.key == _key(step)), None)


def _key(step: Step) -> tuple[str, int, str]:
    return step.file, step.line, step.function
