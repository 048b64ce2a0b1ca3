"""Which operations of services ran a function: by the code attributes of spans, stack traces, routes and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deep_code_reasoning.code.graph.places import Places
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.run_time import CodePlace
from deep_code_reasoning.running_code.routes import Contract, agree

if TYPE_CHECKING:
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

MOST_OPERATIONS = 20_000
MOST_PLACES = 20_000
MOST_STACKS = 5_000

Key = tuple[str, int, str]
"""Of a function: file, line, qualified name."""


@dataclass(frozen=True)
class Operation:
    service: str
    name: str
    calls: int
    errors: int
    p50_ms: float
    p99_ms: float
    traces: int
    http_route: str | None
    rpc_method: str | None
    destination: str | None
    is_entry: bool
    is_exit: bool
    exemplar: str


@dataclass(frozen=True)
class Operations:
    """`seconds`: from the first span to the last; None where that is no time. `traces`: of all."""

    all: tuple[Operation, ...]
    places: tuple[tuple[str, str, CodePlace], ...]
    stacks: tuple[tuple[str, str, tuple[CodePlace, ...]], ...]
    seconds: float | None
    traces: int

    def rate(self, calls: float) -> float | None:
        return calls / self.seconds if self.seconds else None


class RunBy(NamedTuple):
    """An operation runs a function. `how` and `confidence` as in `runs`."""

    operation: Operation
    key: Key
    how: str
    confidence: float


def operations_of(tables: Tables, work: Work) -> Operations:
    from deep_code_reasoning.sources.logs.stack_traces import frames

    work.check()
    found = tuple(Operation(*row) for row in tables.rows(_sql("operations"), most=MOST_OPERATIONS))
    places = tuple(
        (service, name, CodePlace(*place))
        for service, name, *place in tables.rows(_sql("operations_places"), most=MOST_PLACES)
    )
    work.check()
    stacks = tuple(
        (service, name, tuple(CodePlace(*frame) for frame in frames(text) or ()))
        for service, name, text in tables.rows(_sql("operations_stacks"), most=MOST_STACKS)
    )
    ((seconds, traces),) = tables.rows(_sql("operations_extent"))
    return Operations(found, places, stacks, seconds or None, traces)


def runs(
    seen: Operations, program: Program, functions: Mapping[Key, float], contracts: Sequence[Contract]
) -> list[RunBy]:
    """The operations that run one of `functions` (key -> confidence that it leads to what is asked about).

    Confidence is counted, times that of the function: 1 where code attributes or a stack frame mean the function
    (places.py: one function fits); 1 / (declared routes or functions in question that agree with the operation's route,
    RPC method, destination or name + 1 where only a bare name agrees).
    """
    found: dict[tuple[str, str, Key], RunBy] = {}
    by_name = {(one.service, one.name): one for one in seen.all}
    for run in (*_by_place(seen, program, functions, by_name), *_by_name(seen, functions, contracts)):
        known = found.get((run.operation.service, run.operation.name, run.key))
        if known is None or known.confidence < run.confidence:
            found[run.operation.service, run.operation.name, run.key] = run
    return sorted(found.values(), key=lambda one: (-one.confidence, -one.operation.calls, one.operation.name))


def _by_place(
    seen: Operations,
    program: Program,
    functions: Mapping[Key, float],
    by_name: Mapping[tuple[str, str], Operation],
) -> Iterator[RunBy]:
    places = Places(program, functions)
    told = [
        *((service, name, (place,), "code attributes of its spans") for service, name, place in seen.places),
        *((service, name, some, "a stack trace in it") for service, name, some in seen.stacks),
    ]
    for service, name, some, how in told:
        operation = by_name.get((service, name))
        keys = dict.fromkeys(key for place in some if (key := places.meant(place).key) is not None)
        if operation is not None:
            yield from (RunBy(operation, key, how, functions[key]) for key in keys if key in functions)


def _by_name(seen: Operations, functions: Mapping[Key, float], contracts: Sequence[Contract]) -> Iterator[RunBy]:
    named: dict[str, list[Key]] = {}
    for key in functions:
        named.setdefault(_plain(key[2]), []).append(key)
    answering = {(one.file, one.function): one for one in contracts if one.function}
    for operation in seen.all:
        keys = list(_by_contract(operation, contracts, functions))
        for key in keys:
            kind = answering[key[0], key[2]].kind
            yield RunBy(operation, key, f"its {kind} is declared for the function", functions[key] / len(keys))
        if keys or operation.is_exit:
            continue
        by_method = named.get(_plain(operation.rpc_method or ""), [])
        for key in by_method:
            yield RunBy(operation, key, "its RPC method bears the name", functions[key] / (len(by_method) + 1))
        bare = named.get(_plain(operation.name), []) if not by_method and " " not in operation.name else []
        for key in bare:
            yield RunBy(operation, key, "its span bears the name", functions[key] / (len(bare) + 1))


def _by_contract(operation: Operation, contracts: Iterable[Contract], functions: Mapping[Key, float]) -> Iterator[Key]:
    for one in contracts:
        route = operation.http_route if operation.is_entry or not operation.is_exit else None
        fits = (one.kind == "route" and route and agree(one.text, route)) or (
            one.kind == "topic" and operation.destination == one.text and not operation.is_exit
        )
        if fits and one.function:
            yield from (key for key in functions if key[0] == one.file and key[2] == one.function)


def _plain(name: str) -> str:
    """`Cart.check_lines`, `shop.Cart/CheckLines` -> checklines"""
    last = name.replace("/", ".").replace("::", ".").rpartition(".")[2]
    return last.replace("_", "").lower()


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
