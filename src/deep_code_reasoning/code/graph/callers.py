"""Who calls a function: files that mention its name, and in them the calls that lead to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deep_code_reasoning.code.graph.execution_path import Caller
from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.names import family_of
from deep_code_reasoning.code.graph.program import Program, shared_folders
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.progress import Progress

LONGEST_CALL = 160
MOST_FILES = 80
"""That are parsed at each level."""
MOST_CALLERS = 60
_CONSTRUCTORS = frozenset({"__init__", "constructor", "initialize", "__construct"})


def callers_of(program: Program, resolver: Resolver, entry: Definition, levels: int) -> tuple[list[Caller], list[str]]:
    """Level by level upwards, and what was left out."""
    found: list[Caller] = []
    notes: list[str] = []
    known = {entry.key}
    level = [entry]
    for number in range(1, levels + 1):
        above: list[Definition] = []
        for caller, one in _direct(program, resolver, level, number, notes):
            found.append(caller)
            if one is not None and one.key not in known:
                known.add(one.key)
                above.append(one)
            if len(found) >= MOST_CALLERS:
                notes.append(f"callers: ended at {MOST_CALLERS}")
                return found, notes
        if not above:
            break
        level = above
    return found, notes


def _direct(
    program: Program, resolver: Resolver, targets: list[Definition], level: int, notes: list[str]
) -> Iterator[tuple[Caller, Definition | None]]:
    wanted: dict[str, dict[tuple[str, int, str], Definition]] = {}
    for target in targets:
        name = target.owner if target.simple in _CONSTRUCTORS else target.simple
        wanted.setdefault(name, {})[target.key] = target
    for path in _mentioning(program, targets[0], wanted, level, notes):
        facts = program.facts(path)
        for call in facts.outline.of("call") if facts else ():
            among = wanted.get(call.method)
            if among is None or facts is None:
                continue
            around = facts.at(call.line)
            resolution = resolver.resolve(call, facts, around)
            target = next((among[one.key] for one in resolution.targets if one.key in among), None)
            if target is not None:
                where, line = (around.name, around.line) if around else ("(top of the file)", call.line)
                text = " ".join(call.text.split())[:LONGEST_CALL]
                yield Caller(level, where, path, line, call.line, text, target.name, resolution.confidence), around


def _mentioning(program: Program, first: Definition, names: Iterable[str], level: int, notes: list[str]) -> list[str]:
    """Files that hold one of the names as a word; where there are too many the nearest to the first function."""
    pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in sorted(names)) + rb")\b")
    family = family_of(first.path)
    same = [path for path in program.names.paths if family_of(path) == family]
    found = []
    for done, (path, data) in enumerate(program.texts(same)):
        if done % 200 == 0:
            program.work.report(Progress("callers", done, len(same), "files", f"level {level}"))
        if pattern.search(data):
            found.append(path)
    if len(found) > MOST_FILES:
        near = first.path
        found.sort(key=lambda path: (-shared_folders(path, near), "test" in path.lower(), path))
        notes.append(f"callers, level {level}: {len(found)} files mention a name, the nearest {MOST_FILES} were read")
    return found[:MOST_FILES]
