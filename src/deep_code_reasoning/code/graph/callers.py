"""Who calls functions: files that mention their names, and in them the calls that lead to them.

Several functions are asked for at once: for each level upwards the text of the tree is searched once for the names of
all, and a file's calls are resolved once. What is told of each is what would be told of it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deep_code_reasoning.code.graph.execution_path import Caller
from deep_code_reasoning.code.graph.facts import Definition
from deep_code_reasoning.code.graph.mentioned import mentioned
from deep_code_reasoning.code.graph.names import family_of
from deep_code_reasoning.code.graph.program import Program, shared_folders
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.progress import Progress

LONGEST_CALL = 160
MOST_FILES = 80
"""That are parsed for one function at each level."""
MOST_CALLERS = 60
REPORT_EACH = 200
_CONSTRUCTORS = frozenset({"__init__", "constructor", "initialize", "__construct"})
_Key = tuple[str, int, str]
"""Path, line, qualified name: without the syntax tree of the file, which is let go."""


@dataclass(eq=False)
class Climb:
    """From one function upwards: its callers level by level, and in `notes` what was left out."""

    level: list[_Key]
    found: list[Caller] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    known: set[_Key] = field(default_factory=set)

    @property
    def wanted(self) -> dict[str, set[_Key]]:
        """By the name that a call of it bears."""
        found: dict[str, set[_Key]] = {}
        for key in self.level:
            around, _, simple = key[2].rpartition(".")
            name = around.rpartition(".")[2] if simple in _CONSTRUCTORS else simple
            found.setdefault(name, set()).add(key)
        return found

    @property
    def family(self) -> str:
        return family_of(self.level[0][0])


@dataclass(frozen=True)
class _Call:
    """A call that leads to some function. `around`: the function it stands in, None for the top of the file."""

    name: str
    path: str
    line: int
    text: str
    around: _Key | None
    targets: tuple[_Key, ...]
    confidence: float


def callers_of(program: Program, resolver: Resolver, entries: Sequence[Definition], levels: int) -> list[Climb]:
    """Of each entry, in their order."""
    climbs = [Climb([entry.key], known={entry.key}) for entry in entries]
    for number in range(1, levels + 1):
        climbing = [one for one in climbs if one.level]
        if not climbing:
            break
        _climb(program, resolver, climbing, number)
    return climbs


def _climb(program: Program, resolver: Resolver, climbs: Sequence[Climb], number: int) -> None:
    mentions = _mentions(program, climbs, number)
    files = [_nearest(climb, mentions, number) for climb in climbs]
    names: dict[str, set[str]] = {}
    for climb, paths in zip(climbs, files, strict=True):
        for path in paths:
            names.setdefault(path, set()).update(climb.wanted)
    known: dict[str, list[_Call]] = {}

    def calls_in(path: str) -> list[_Call]:
        if path not in known:
            known[path] = _calls(program, resolver, path, names[path])
        return known[path]

    for done, (climb, paths) in enumerate(zip(climbs, files, strict=True)):
        program.work.report(Progress("callers", done, len(climbs), "functions", f"level {number}"))
        _take(climb, (call for path in paths for call in calls_in(path)), number)


def _take(climb: Climb, calls: Iterable[_Call], number: int) -> None:
    wanted = climb.wanted
    climb.level = []
    for call in calls:
        among = wanted.get(call.name, ())
        target = next((key for key in call.targets if key in among), None)
        if target is None:
            continue
        line, where = call.around[1:] if call.around else (call.line, "(top of the file)")
        climb.found.append(Caller(number, where, call.path, line, call.line, call.text, target[2], call.confidence))
        if call.around is not None and call.around not in climb.known:
            climb.known.add(call.around)
            climb.level.append(call.around)
        if len(climb.found) >= MOST_CALLERS:
            climb.notes.append(f"callers: ended at {MOST_CALLERS}")
            climb.level = []
            return


def _calls(program: Program, resolver: Resolver, path: str, names: set[str]) -> list[_Call]:
    """Of one of the names, that lead to something."""
    facts = program.facts(path)
    found = []
    for call in facts.outline.of("call") if facts else ():
        if call.method not in names or facts is None:
            continue
        around = facts.at(call.line)
        resolution = resolver.resolve(call, facts, around)
        if resolution.targets:
            text = " ".join(call.text.split())[:LONGEST_CALL]
            targets = tuple(one.key for one in resolution.targets)
            key = around.key if around else None
            found.append(_Call(call.method, path, call.line, text, key, targets, resolution.confidence))
    return found


def _mentions(program: Program, climbs: Sequence[Climb], number: int) -> dict[str, set[str]]:
    """Path -> the names that its text holds, of files in a language in which one of them can be called."""
    families = {climb.family for climb in climbs}
    paths = [path for path in program.names.paths if family_of(path) in families]
    found_in = mentioned({name for climb in climbs for name in climb.wanted})
    found: dict[str, set[str]] = {}
    for done, (path, data) in enumerate(program.texts(paths)):
        if done % REPORT_EACH == 0:
            program.work.report(Progress("callers", done, len(paths), "files", f"level {number}"))
        if held := found_in(data):
            found[path] = held
    return found


def _nearest(climb: Climb, mentions: Mapping[str, set[str]], number: int) -> list[str]:
    """Files that hold one of the names; where there are too many the nearest to the first function."""
    names, family, near = climb.wanted.keys(), climb.family, climb.level[0][0]
    found = [path for path, held in mentions.items() if not names.isdisjoint(held) and family_of(path) == family]
    if len(found) > MOST_FILES:
        found.sort(key=lambda path: (-shared_folders(path, near), "test" in path.lower(), path))
        climb.notes.append(
            f"callers, level {number}: {len(found)} files mention a name, the nearest {MOST_FILES} were read"
        )
    return found[:MOST_FILES]
