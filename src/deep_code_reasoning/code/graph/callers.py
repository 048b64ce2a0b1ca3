"""Who calls a function: files that mention its name, and in them the calls that lead to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.code.graph.execution_path import Caller
from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.names import family_of
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.progress import Progress

MOST_FILES = 100
MOST_CALLERS = 60


def callers_of(program: Program, resolver: Resolver, entry: Definition, levels: int) -> tuple[list[Caller], list[str]]:
    """Level by level upwards, and what was left out."""
    found: list[Caller] = []
    notes: list[str] = []
    known = {entry.key}
    level = [entry]
    for number in range(1, levels + 1):
        above: list[Definition] = []
        for target in level:
            for caller, one in _direct(program, resolver, target, number, notes):
                found.append(caller)
                if one is not None and one.key not in known:
                    known.add(one.key)
                    above.append(one)
                if len(found) >= MOST_CALLERS:
                    notes.append(f"callers: ended at {MOST_CALLERS}")
                    return found, notes
        level = above
    return found, notes


def _direct(
    program: Program, resolver: Resolver, target: Definition, level: int, notes: list[str]
) -> Iterator[tuple[Caller, Definition | None]]:
    family = family_of(target.path)
    names = {target.simple}
    if target.simple in ("__init__", "constructor", "initialize", "__construct"):
        names = {target.owner}
    pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in names) + rb")\b")
    same = [path for path in program.names.paths if family_of(path) == family]
    mentioned = []
    for done, (path, data) in enumerate(program.texts(same)):
        if done % 500 == 0:
            program.work.report(Progress("callers", done, len(same), "files", f"level {level}"))
        if pattern.search(data):
            mentioned.append(path)
    if len(mentioned) > MOST_FILES:
        folder = target.path.rpartition("/")[0]
        mentioned.sort(
            key=lambda path: (path != target.path, not path.startswith(folder), "test" in path.lower(), path)
        )
        notes.append(
            f"callers of {target.name}: {len(mentioned)} files mention the name, the nearest {MOST_FILES} were read"
        )
    for path in mentioned[:MOST_FILES]:
        facts = program.facts(path)
        for call in facts.outline.of("call") if facts else ():
            if call.method not in names:
                continue
            assert facts
            around = facts.at(call.line)
            resolution = resolver.resolve(call, facts, around)
            if any(one.key == target.key for one in resolution.targets):
                where = around.name if around else "(top of the file)"
                text = " ".join(call.text.split())[:160]
                line = around.line if around else call.line
                yield (
                    Caller(level, where, path, line, call.line, text, target.name, resolution.confidence),
                    around,
                )
