"""Opens one reference of a finding as text, for the person who checks it. Nothing is redacted: it stays here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.gather.sql import query
from deep_code_reasoning.context.gather.traces import clocks
from deep_code_reasoning.context.render import change as render_change
from deep_code_reasoning.context.render.code_window import code_window
from deep_code_reasoning.context.render.log_excerpt import log_excerpt
from deep_code_reasoning.context.render.trace_tree import trace_tree
from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.source_trees import SourceTrees
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import UsageError

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables

_MOST = 10_000
_AROUND = 20
_KINDS = (
    "trace:ID, span:TRACE/SPAN, log:N, template:ID, metric:SERVICE/NAME, commit:REPOSITORY@SHA, deploy:ID, "
    "code:PATH:LINE"
)


def show(tables: Tables, ref: str, *, roots: Sequence[Path]) -> str:
    """Raises UsageError for a reference of no known kind, and for one that names nothing here."""
    kind, _, rest = ref.partition(":")
    openers = {
        "trace": _trace, "span": _trace, "log": _log, "template": _template, "metric": _metric, "commit": _commit,
        "deploy": _deploy,
    }  # fmt: skip
    if kind == "code" and rest:
        return visible(_code(rest, SourceTrees(tables, roots)))
    if kind not in openers or not rest:
        raise UsageError(f"reference {ref!r}: expected one of {_KINDS}")
    text = openers[kind](tables, rest)
    if not text:
        raise UsageError(f"reference {ref!r}: nothing of that name in investigation {tables.investigation}")
    return visible(text)


def _trace(tables: Tables, rest: str) -> str:
    trace_id, _, span_id = rest.partition("/")
    spans = tables.dicts(query("trace_spans"), trace_id=trace_id, most=_MOST)
    if not spans or (span_id and span_id not in {span["span_id"] for span in spans}):
        return ""
    errors = dict(tables.rows(query("trace_exceptions"), trace_id=trace_id))
    return trace_tree(spans, clocks(tables), {span_id}, errors)


def _log(tables: Tables, number: str) -> str:
    if not (number.isascii() and number.isdecimal()):
        return ""
    records = tables.dicts(query("numbered_logs"), numbers=[int(number)], around=_AROUND, most=_MOST)
    return log_excerpt(records, [int(number)]) if records else ""


def _template(tables: Tables, template_id: str) -> str:
    rows = (
        tables.rows(query("template"), template_id=template_id)
        if template_id.isascii() and template_id.isdecimal()
        else []
    )
    examples = tables.dicts(query("template_logs"), template_id=template_id, most=_AROUND) if rows else []
    return "".join(
        f"{template}\nseen {count} times, by {', '.join(services)}\n" for template, count, services in rows
    ) + (log_excerpt(examples, [record["log_number"] for record in examples]) if examples else "")


def _metric(tables: Tables, rest: str) -> str:
    service, _, name = rest.partition("/")
    points = tables.rows(query("metric"), service=service, name=name, most=_MOST)
    return "".join(
        f"{time.isoformat()}Z {value:.6g} {unit or ''} {' '.join(attributes or ())}".rstrip() + "\n"
        for time, value, unit, attributes in points
    )


def _commit(tables: Tables, rest: str) -> str:
    changes = tables.dicts(query("commit"), sha=rest.rpartition("@")[2])
    texts = []
    for found in changes:
        files = tables.dicts(query("commit_files"), sha=found["sha"], repository=found["repository"], most=_MOST)
        texts.append(f"commit:{found['repository']}@{found['sha']}\n" + render_change.commit(found, files))
    return "\n".join(texts)


def _deploy(tables: Tables, deploy_id: str) -> str:
    rows = tables.dicts(query("deploy"), deploy_id=deploy_id)
    return render_change.deploys(rows) if rows else ""


def _code(rest: str, trees: SourceTrees) -> str:
    path, _, line = rest.rpartition(":")
    named, number = (path, int(line)) if path and line.isdigit() else (rest, None)
    try:
        found = trees.locate(named)
        source = trees.read(found)
    except Unreadable as error:
        raise UsageError(f"code:{rest}: {error}") from None
    revision = trees.revision(source)
    head = f"{found}{', ' if revision else ''}{revision}\n"
    if number is None:
        return head + code_window(source.lines, 1, len(source.lines))
    return head + code_window(source.lines, number - _AROUND, number + _AROUND, {number})
