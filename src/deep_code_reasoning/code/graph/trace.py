"""From an entry point along its calls, to a depth: what runs, with which arguments, under which locks and loops."""

from __future__ import annotations

import re
import time

from deep_code_reasoning.code.graph.callers import callers_of
from deep_code_reasoning.code.graph.data_flow import flows_into
from deep_code_reasoning.code.graph.effects import Body, body_of, io_of, is_awaited, is_spawn
from deep_code_reasoning.code.graph.entry_point import Entry, entry_of
from deep_code_reasoning.code.graph.execution_path import ExecutionPath, Step, Unresolved
from deep_code_reasoning.code.graph.facts import Definition, Facts
from deep_code_reasoning.code.graph.parameters import arguments_of
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.resolve import Resolution, Resolver
from deep_code_reasoning.code.loops import loop_around
from deep_code_reasoning.code.outline import Part
from deep_code_reasoning.progress import Progress

MOST_STEPS = 1_000
MOST_UNRESOLVED = 500
MOST_FOLLOWED = 4
"""Candidates of one call; with more, none is followed, and the call counts as not resolved."""
LONGEST_CALL = 160
MOST_REFERRED = 20
MOST_CALLER_LEVELS = 3


def trace(program: Program, at: Entry, *, max_depth: int = 10, include_data_flow: bool = True) -> ExecutionPath:
    """Raises UsageError where the entry names nothing."""
    started = time.monotonic()
    resolver = Resolver(program)
    definition, notes = entry_of(program, at)
    tracing = _Tracing(program, resolver, max_depth, include_data_flow)
    entry = tracing.step(definition, None)
    tracing.grow(entry, definition)
    tracing.notes[:0] = notes
    (above,) = callers_of(program, resolver, [definition], min(max_depth, MOST_CALLER_LEVELS))
    left_out = len(program.names.left_out)
    if left_out:
        one = next(iter(program.names.left_out))
        tracing.notes.append(f"{left_out} files were not read, or in part; {one}: {program.names.left_out[one]}")
    return ExecutionPath(
        entry,
        max_depth,
        above.found,
        list(tracing.unresolved.values()),
        [*tracing.notes, *above.notes],
        len(program.names.paths),
        program.parsed,
        time.monotonic() - started,
    )


class _Tracing:
    def __init__(self, program: Program, resolver: Resolver, max_depth: int, with_flow: bool) -> None:
        self._program, self._resolver = program, resolver
        self._max_depth, self._with_flow = max_depth, with_flow
        self._expanded: dict[tuple, int] = {}
        self._count = 0
        self.unresolved: dict[tuple, Unresolved] = {}
        self.notes: list[str] = []

    def step(self, one: Definition, above: Step | None) -> Step:
        self._count += 1
        depth = above.depth + 1 if above else 0
        return Step(self._count, depth, one.name, one.kind, one.path, one.line, one.end_line)

    def grow(self, entry: Step, definition: Definition) -> None:
        """Level by level, so that where it ends for being too much, what is near the entry is told whole."""
        level = [(entry, definition, frozenset({definition.key}))]
        while level:
            below: list[tuple[Step, Definition, frozenset]] = []
            for step, one, above in level:
                self._program.work.report(Progress("trace", self._count, None, "steps", step.function))
                below += self._expand(step, one, above)
            level = below

    def _expand(self, step: Step, one: Definition, above: frozenset) -> list[tuple[Step, Definition, frozenset]]:
        facts = self._program.facts(one.path)
        if facts is None or one.kind == "class":
            return []
        if one.key in self._expanded:
            step.cut = f"told at step {self._expanded[one.key]}"
            return []
        part = _same(one, facts)
        if part is None:
            step.cut = "the file has changed since it was read"
            return []
        body = body_of(facts, part)
        step.effects = body.effects
        if step.depth >= self._max_depth:
            step.cut = f"depth {self._max_depth} reached, with {len(body.calls)} calls below" if body.calls else ""
            return []
        self._expanded[one.key] = step.number
        found: list[tuple[Step, Definition, frozenset]] = []
        io = []
        for call in body.calls:
            if _is_literal_called(call):
                continue  # what it does is told as done here
            resolution = self._resolver.resolve(call, facts, one)
            reached = self._followed(step, call, resolution, body, facts, one)
            for child, target in reached:
                if target.key in above:
                    child.cut = f"calls itself again ({target.name} is above)"
                else:
                    found.append((child, target, above | {target.key}))
            if resolution.confidence < 1 and (effect := io_of(call, facts)):
                io.append(effect)
            found += self._referred(step, call, facts, one, above)
        step.effects = tuple(sorted({*step.effects, *io}, key=lambda effect: (effect.line, effect.kind)))
        return found

    def _followed(
        self, step: Step, call: Part, found: Resolution, body: Body, facts: Facts, one: Definition
    ) -> list[tuple[Step, Definition]]:
        targets = found.targets
        if not targets or len(targets) > MOST_FOLLOWED or self._count + len(targets) > MOST_STEPS:
            self._leave(step, call, found)
            return []
        reached = []
        for target in targets:
            child = self.step(target, step)
            child.how, child.confidence = found.how, found.confidence
            self._call(child, call, body, facts)
            if self._with_flow and target.kind != "class":
                child.flows = flows_into(self._program, self._resolver, call, target)
            step.steps.append(child)
            reached.append((child, target))
        return reached

    def _call(self, child: Step, call: Part, body: Body, facts: Facts) -> None:
        child.call_file, child.call_line, child.call = facts.path, call.line, _shown(call)
        loop = loop_around(call)
        child.in_loop = f"{loop.node.type.replace('_', ' ')} at line {loop.line}" if loop else None
        child.is_awaited, child.is_spawned = is_awaited(call), _is_spawned(call)
        if not child.is_spawned:
            child.locks_held = tuple(dict.fromkeys(body.locks_around(call)))

    def _referred(
        self, step: Step, call: Part, facts: Facts, one: Definition, above: frozenset
    ) -> list[tuple[Step, Definition, frozenset]]:
        """Functions that are handed over by name: what a thread or a pool runs, handlers, callbacks."""
        found = []
        for argument in arguments_of(call)[:MOST_REFERRED]:
            if argument.text.count("::") and call.language.name == "java":  # a call of its own
                continue
            resolution = self._resolver.referred(argument.text, facts, one, call.start)
            if len(resolution.targets) != 1 or self._count >= MOST_STEPS:
                continue
            target = resolution.targets[0]
            child = self.step(target, step)
            child.how, child.confidence, child.is_reference = resolution.how, resolution.confidence, True
            child.call_file, child.call_line, child.call = facts.path, call.line, _shown(call)
            child.is_spawned = is_spawn(call)
            step.steps.append(child)
            if target.key in above:
                child.cut = f"calls itself again ({target.name} is above)"
            else:
                found.append((child, target, above | {target.key}))
        return found

    def _leave(self, step: Step, call: Part, found: Resolution) -> None:
        why = found.why
        if len(found.targets) > MOST_FOLLOWED:
            names = ", ".join(f"{one.name} ({one.path}:{one.line})" for one in found.targets[:3])
            why = f"{len(found.targets)} candidates by {found.how}: {names} ..."
        elif found.targets:
            why = f"more than {MOST_STEPS} steps"
            if why not in self.notes:
                self.notes.append(f"the path was ended at {MOST_STEPS} steps; a smaller depth tells it whole")
        key = (step.file, step.function, call.callee)
        if known := self.unresolved.get(key):
            self.unresolved[key] = Unresolved(
                known.function, known.file, known.line, known.call, known.why, known.times + 1
            )
        elif len(self.unresolved) < MOST_UNRESOLVED:
            self.unresolved[key] = Unresolved(step.function, step.file, call.line, _shown(call), why)


def _is_spawned(call: Part) -> bool:
    """`go run()`, `spawn(run())`: the call itself is what runs beside, or it stands within what does."""
    part: Part | None = call
    while part is not None and part.role not in ("function",):
        if part.role == "spawn" or (part is not call and part.role == "call" and is_spawn(part)):
            return True
        part = part.within
    return False


def _is_literal_called(call: Part) -> bool:
    """`func() { ... }()`, `(() => { ... })()`"""
    called = call.node.child_by_field_name("function")
    while called is not None and called.type == "parenthesized_expression" and called.named_children:
        called = called.named_children[0]
    return called is not None and call.language.parts.get(called.type) == "lambda"


def _same(one: Definition, facts: Facts) -> Part | None:
    """The part of a definition in the file as it is held now (it may have been read anew since)."""
    return next((other.part for other in facts.by_name.get(one.simple, ()) if other.key == one.key), None)


def _shown(call: Part) -> str:
    text = re.sub(r"\s+", " ", call.text)
    return text if len(text) <= LONGEST_CALL else text[: LONGEST_CALL - 1] + "…"
