"""The verb: whom a change reaches, within its tree, in other trees, and at run time."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from deep_code_reasoning.code.index.exclusion import EMPTY
from deep_code_reasoning.running_code.evidence import investigation_for, opened
from deep_code_reasoning.running_code.impact.changed_kinds import KindSeen, changes_in
from deep_code_reasoning.running_code.impact.contract_users import (
    broken_if_gone,
    contract_changes,
    contracts_in,
    users_of,
)
from deep_code_reasoning.running_code.impact.fields import fields_gone, users_of_field
from deep_code_reasoning.running_code.impact.reached import Touched, touched_in
from deep_code_reasoning.running_code.impact.report import (
    TYPES,
    Affected,
    FunctionReached,
    Impact,
    ImpactReport,
    ImpactType,
    OperationSeen,
)
from deep_code_reasoning.running_code.impact.scope import Scope, scopes_of
from deep_code_reasoning.running_code.impact.signatures import (
    FITS,
    affected_by,
    signature_changes,
)
from deep_code_reasoning.running_code.impact.upstream import upstream
from deep_code_reasoning.running_code.operations import Operations, RunBy, operations_of, runs

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work

MOST_TOLD = 20
"""Parties reached that one impact names; the rest are counted."""
MOST_LEFT_OUT = 10
MOST_CHANGES = 100
"""Functions with another signature whose callers are looked for."""
_NEVER = (
    "calls made by reflection, by names built at run time, and from languages without a grammar here",
    "generated clients, and configuration that routes or deploys the code",
)


@dataclass(frozen=True)
class ChangeScope:
    """`types`: empty for all. `revision`: a commit or A..B; None: the work tree against HEAD."""

    files: tuple[str, ...]
    service_names: tuple[str, ...] = ()
    types: tuple[ImpactType, ...] = TYPES
    revision: str | None = None


def cross_system_impact(
    desk: Investigations,
    change: ChangeScope,
    *,
    root: Path | None = None,
    roots: Sequence[Path],
    evidence: Sequence[str] = (),
    investigation: str | None = None,
    work: Work,
) -> ImpactReport:
    """What the files change, whom that reaches, and how that is known; without a model, nothing is run.

    Raises UsageError where no file can be looked at, OutsideRootsError, EvidenceError.
    """
    started = time.monotonic()
    scopes = scopes_of(
        change.files, root=root, revision=change.revision, roots=roots, settings=desk.settings, work=work
    )
    name = investigation_for(desk, evidence, investigation, work)
    report = ImpactReport(investigation=name)
    kinds: list[KindSeen] = []
    touched: list[Touched] = []
    asked: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for scope in scopes:
        seen, found, left = changes_in(scope.files)
        asked |= {**scope.left_out, **left}
        left_out |= scope.program.names.left_out
        kinds += found
        touched += touched_in(scope, seen, list(left), report.not_looked_at)
        report.scope += _told(scope, seen.functions, left)
    run_by: dict[int, list[RunBy]] = {}
    if name is not None:
        with opened(desk, name, work) as tables:
            operations = operations_of(tables, work)
            run_by = {id(one): _runs(one, operations) for one in touched}
            report.operations = _operations(run_by.values(), operations)
            report.owners = _owners(report.operations, change, operations)
            keys = [(one.service, one.operation) for one in report.operations]
            report.services = upstream(tables, operations, keys, report.owners)
    report.functions = [_function(one, run_by.get(id(one), [])) for one in touched]
    rates = {f"{one.service} {one.operation}": one.calls_per_second for one in report.operations}
    if "breaking" in change.types:
        report.impacts += _breaking(scopes, asked, report)
    report.impacts += [one for kind in kinds for one in _of_kind(kind, touched, run_by, change.types)]
    report.impacts = _ordered(_with_rate(report.impacts, report.functions, rates))
    _say_what_was_left(report, scopes, asked, left_out, change)
    report.seconds = time.monotonic() - started
    return report


def _runs(touched: Touched, operations: Operations) -> list[RunBy]:
    scope = touched.scope
    program = scope.before if touched.state == "removed" else scope.program
    return runs(operations, program, touched.keys, contracts_in(scope, (key[0] for key in touched.keys)))


def _told(scope: Scope, functions: Mapping[str, Sequence], left: Mapping[str, str]) -> Iterator[dict]:
    for file in scope.files:
        row = {"file": file.path, "state": file.state, "compared": scope.compared}
        if functions.get(file.path) and file.is_diff:
            row["functions"] = [f"{one.name} ({one.state})" for one in functions[file.path]][:MOST_TOLD]
        yield row | ({"why": left[file.path]} if file.path in left else {})


def _operations(found: Iterable[list[RunBy]], seen: Operations) -> list[OperationSeen]:
    best: dict[tuple[str, str], RunBy] = {}
    for run in (run for some in found for run in some):
        key = (run.operation.service, run.operation.name)
        if key not in best or best[key].confidence < run.confidence:
            best[key] = run
    told = [
        OperationSeen(
            one.operation.service,
            one.operation.name,
            f"{one.key[2]} ({one.key[0]}:{one.key[1]})",
            one.how,
            one.confidence,
            one.operation.calls,
            seen.rate(one.operation.calls),
            one.operation.errors,
            one.operation.p50_ms,
            one.operation.p99_ms,
            one.operation.traces / seen.traces if seen.traces else 0.0,
            (one.operation.exemplar,),
        )
        for one in best.values()
    ]
    return sorted(told, key=lambda one: (-one.confidence, -one.calls, one.service, one.operation))


def _owners(found: Sequence[OperationSeen], change: ChangeScope, seen: Operations) -> dict[str, str]:
    """Services that run the code: seen to, else named by the caller, else of the name of a folder of a file."""
    owners = {one.service: f"runs it: {one.operation}" for one in found}
    known = {one.service for one in seen.all}
    for service in change.service_names:
        if service in known:
            owners.setdefault(service, "named by the caller")
    if not owners:
        for file in change.files:
            for part in PurePosixPath(file).parts[:-1]:
                if part in known:
                    owners.setdefault(part, f"a folder of {file} bears its name")
    return owners


def _function(touched: Touched, run_by: Sequence[RunBy]) -> FunctionReached:
    one = touched.one
    names = dict.fromkeys(f"{run.operation.service} {run.operation.name}" for run in run_by)
    return FunctionReached(one.name, one.path, one.line, touched.state, touched.affected(), tuple(names))


def _breaking(scopes: Sequence[Scope], left_out: Container[str], report: ImpactReport) -> Iterator[Impact]:
    for scope in scopes:
        changes = list(islice(signature_changes(scope, left_out), MOST_CHANGES + 1))
        if len(changes) > MOST_CHANGES:
            report.not_looked_at.append(f"callers of changed functions beyond the first {MOST_CHANGES}")
            changes.pop()
        for change, (affected, notes) in zip(changes, affected_by(changes, scope), strict=True):
            report.not_looked_at += [f"{change.before.name}: {note}" for note in notes]
            place = change.after or change.before
            text = "" if change.after else "(the line is of the state before)"
            yield _impact(change.kind, change.what, place.path, place.line, place.name, affected, text=text)
        for gone in contract_changes(scope):
            one = gone.before
            affected = users_of(one, scope, scopes, broken_if_gone(gone))
            line = gone.after.line if gone.after else one.line
            yield _impact(f"{one.kind}-removed", gone.what, one.file, line, one.function, affected)
        for missing in fields_gone(scope):
            affected = users_of_field(missing, scope, scopes)
            yield _impact("field-removed", missing.what, missing.file, missing.line, None, affected, text=missing.text)


def _impact(
    kind: str,
    what: str,
    file: str,
    line: int | None,
    function: str | None,
    affected: Sequence[Affected],
    *,
    text: str = "",
    name: ImpactType = "breaking",
) -> Impact:
    """`confidence`: the greatest of those that do not fit any more; 0 where all fit."""
    sure = [one.confidence for one in affected if one.confidence is not None and one.state != FITS]
    confidence = max(sure) if sure else 0.0 if affected else None
    refs = dict.fromkeys(f"code:{one.file}:{one.line}" for one in affected if one.file and one.line)
    own = f"code:{file}:{line}" if line else f"code:{file}"
    more = f" ({len(affected)} in all)" if len(affected) > MOST_TOLD else ""
    return Impact(
        name, kind, what + more, file, line, function, text, tuple(affected[:MOST_TOLD]),
        confidence=confidence, evidence=(own, *list(refs)[:MOST_TOLD]),
    )  # fmt: skip


def _of_kind(
    kind: KindSeen, touched: Sequence[Touched], run_by: Mapping[int, list[RunBy]], types: Sequence[ImpactType]
) -> Iterator[Impact]:
    """Reached are the callers of the function in which it stands; of a whole file's kind, those of all it touched.

    What only the words of lines tell may not be so at all: its confidence is unknown.
    """
    around = [one for one in touched if one.one.path == kind.path and kind.function in (None, one.one.name)]
    if kind.function is None:
        around = [one for one in around if one.state != "in scope"]
    affected = [party for one in around for party in one.affected()]
    running = [run for one in around for run in run_by.get(id(one), [])]
    affected += [
        Affected(run.operation.service, f"{run.operation.name}: {run.how}", run.confidence, state="seen to run it")
        for run in running
    ]
    distinct = sorted(dict.fromkeys(affected), key=lambda one: -(one.confidence or 0))
    for name in types:
        if name in kind.types:
            what = kind.what + ("" if kind.by == "syntax" else " (by the words of changed lines)")
            told = _impact(kind.name, what, kind.path, kind.line, kind.function, distinct, text=kind.text, name=name)
            yield told if kind.by == "syntax" else replace(told, confidence=None)


def _with_rate(
    impacts: Iterable[Impact], functions: Sequence[FunctionReached], rates: Mapping[str, float | None]
) -> Iterator[Impact]:
    """The operations that run the function of an impact, and how often they are called a second, all together."""
    for impact in impacts:
        own = [one for one in functions if one.file == impact.file and impact.function in (None, one.name)]
        names = tuple(dict.fromkeys(name for one in own for name in one.operations))
        known = [rate for name in names if (rate := rates.get(name)) is not None]
        yield replace(impact, operations=names, calls_per_second=sum(known) if known else None)


def _ordered(impacts: Iterable[Impact]) -> list[Impact]:
    """By type; those that surely reach someone first, then the most often called, then by place."""
    return sorted(
        dict.fromkeys(impacts),
        key=lambda one: (
            TYPES.index(one.type),
            -(one.confidence if one.confidence is not None else 0.001),
            -(one.calls_per_second or 0.0),
            one.kind == "declaration-changed",
            one.file,
            one.line or 0,
        ),
    )


def _say_what_was_left(
    report: ImpactReport,
    scopes: Sequence[Scope],
    asked: Mapping[str, str],
    left_out: Mapping[str, str],
    change: ChangeScope,
) -> None:
    """First of what was asked for, then of the trees that were searched for who is reached."""
    report.not_looked_at[:0] = [f"{path}: {why}" for path, why in asked.items()]
    told = [(path, why) for path, why in left_out.items() if path not in asked and why != EMPTY]
    report.not_looked_at += [f"{path}: {why}" for path, why in told[:MOST_LEFT_OUT]]
    if len(told) > MOST_LEFT_OUT:
        report.not_looked_at.append(f"{len(told) - MOST_LEFT_OUT} more source files of the trees that were left out")
    for scope in scopes:
        if scope.other_changed:
            report.not_looked_at.append(f"{scope.other_changed} other files that {scope.compared} changed")
    if any(file.state == "no history" for scope in scopes for file in scope.files):
        report.not_looked_at.append("what changed: there is no history to compare with, so nothing is told as breaking")
    names = ", ".join(scope.root.name for scope in scopes)
    said = f"other repositories than {names}: give `root` a folder that holds them, or name their files"
    report.not_looked_at.append(said)
    if report.investigation is None:
        report.not_looked_at.append("run time: no evidence or investigation was given")
    else:
        unknown = [one for one in change.service_names if one not in report.owners]
        report.not_looked_at += [f"service {one}: no span of it in the evidence" for one in unknown]
    report.not_looked_at += _NEVER
    report.not_looked_at = list(dict.fromkeys(report.not_looked_at))
