"""`dcr ledger`: what escalations cost and found, how they ended, and what is learned from it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.output import console, print_json, print_table
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.settings import load_settings

if TYPE_CHECKING:
    from deep_code_reasoning.bookkeeping import Bookkeeping
    from deep_code_reasoning.conversation.tuning import Tuning

app = typer.Typer(help="What escalations cost and found, how they ended, and what is learned from it.")

SinceOption = Annotated[str | None, typer.Option(help="Only since then: 7d, 12h, or a time in ISO 8601.")]
ProjectOption = Annotated[Path | None, typer.Option(help="Only of this working directory.")]
LAST_NANO = 2**63 - 1  # as far as the ledger can count
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class Outcome(StrEnum):
    solved = "solved"
    partly = "partly"
    wrong = "wrong"


class Format(StrEnum):
    json = "json"
    csv = "csv"
    otlp = "otlp"


@app.callback(invoke_without_command=True)
def ledger(
    context: typer.Context,
    since: SinceOption = None,
    project: ProjectOption = None,
    rows: Annotated[int, typer.Option(help="Escalations shown, the newest first.", min=1)] = 30,
    as_json: JsonOption = False,
) -> None:
    """List escalations with their cost and outcome, and the totals."""
    if context.invoked_subcommand:
        return
    view = _books().view(since_unix_nano=_instant(since), project=_project(project), most=rows)
    if as_json:
        print_json(view.as_json())
        return
    print_table(
        ["id", "started", "task", "model", "verdict", "calls", "tokens", "dollars", "seconds", "outcome", "min saved"],
        [
            [
                row["escalation_id"],
                _time(row["started_at_unix_nano"]),
                row["analysis_type"],
                row["model"],
                (row["error"] or row["verdict_summary"] or "")[:60],
                row["calls"],
                _number(_added(row["input_tokens"], row["output_tokens"])),
                _dollars(row["dollars"]),
                _number(row["seconds"], 1),
                row["outcome"] or "-",
                _number(row["minutes_saved"]),
            ]
            for row in view.escalations
        ],
    )
    for line in _totals(view.totals):
        console().print(line, markup=False)


@app.command("show")
def show(
    id: Annotated[str, typer.Argument(help="Of an escalation or a conversation.")], as_json: JsonOption = False
) -> None:
    """Everything of one escalation: why, by which route, what was given, each call, and how it ended."""
    found = _books().show(id)
    if as_json:
        print_json(found)
        return
    for name in ("escalation_id", "project", "analysis_type", "route", "provider", "model", "verdict_summary", "error"):
        if found[name] is not None:
            print(visible(f"{name.replace('_', ' ')}: {found[name]}"))
    print(f"started: {_time(found['started_at_unix_nano'])}; took {_number(found['seconds'], 1)} s")
    print("reasons:")
    for reason in found["reasons"]:
        print(visible(f"  {'*' if reason['exceeded'] else ' '} {reason['text']}"))
    for name, value in (found["manifest"] or {}).items():
        print(visible(f"brief {name.replace('_', ' ')}: {value}"))
    print_table(
        ["turn", "task", "model", "in", "cached", "out", "thinking", "dollars", "seconds", "error"],
        [
            [
                call["turn"],
                call["task"],
                call["model"],
                *(_number(call[f"{kind}_tokens"]) for kind in ("input", "cached", "output", "thinking")),
                _dollars(call["dollars"]),
                _number(call["seconds"], 1),
                call["error"],
            ]
            for call in found["calls"]
        ],
    )
    for report in filter(None, [found["outcome"], *found["superseded_outcomes"]]):
        print(visible(_report(report)))


@app.command("export")
def export(
    format: Annotated[Format, typer.Option(help="otlp: OpenTelemetry GenAI metrics as a line of OTLP/JSON.")],
    since: SinceOption = None,
    project: ProjectOption = None,
) -> None:
    """Write the ledger to standard output: all of it as JSON, a line an escalation as CSV, or as metrics."""
    print(_books().export(format.value, since_unix_nano=_instant(since), project=_project(project)), end="")


@app.command("outcome")
def outcome(
    id: Annotated[str, typer.Argument(help="Of an escalation or a conversation.")],
    result: Annotated[Outcome, typer.Argument(help="Was the bug found?")],
    minutes_saved: Annotated[float | None, typer.Option(help="Against doing it by hand; may be negative.")] = None,
    cause_right: Annotated[
        bool | None, typer.Option("--cause-right/--cause-wrong", help="Was the named cause the cause?")
    ] = None,
    verified: Annotated[
        bool | None, typer.Option("--verified/--not-verified", help="By a test, a measurement, the fix in production.")
    ] = None,
    note: Annotated[str | None, typer.Option()] = None,
    as_json: JsonOption = False,
) -> None:
    """Report how an escalation ended. A later report supersedes; the earlier ones are kept."""
    kept = _books().record_outcome(
        id, result.value, minutes_saved=minutes_saved, cause_right=cause_right, verified=verified, note=note
    )
    if as_json:
        print_json(kept)
    else:
        print(visible(_report(kept)))


@app.command("tune")
def tune(
    write: Annotated[bool, typer.Option("--write", help="Keep the proposed thresholds.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn thresholds of escalation from reported outcomes, and show which recorded decisions would change."""
    tuning, path = _books().tune(write=write)
    if as_json:
        print_json({**tuning.as_json(), "written": str(path) if path else None})
        return
    _print_tuning(tuning)
    if path:
        print(visible(f"written: {path}" if tuning.learned else f"nothing to keep; the defaults hold ({path})"))
    elif tuning.learned:
        print("nothing is changed yet: --write keeps the proposed thresholds")


def _print_tuning(tuning: Tuning) -> None:
    print(f"{tuning.outcomes} outcomes, {tuning.decisions} decisions")
    print_table(
        ["measure", "default", "in force", "learned", "90 %", "proposed", "why"],
        [
            [
                one.measure,
                f"{one.default:,}",
                f"{one.in_force:,}",
                f"{one.learned:,}",
                f"{one.interval[0]:,} .. {one.interval[1]:,}",
                _number(one.proposed),
                one.why,
            ]
            for one in tuning.thresholds
        ],
    )
    for flip in tuning.flips[:20]:
        then = "escalate" if flip.would_be else "stay"
        print(
            visible(f"{flip.decision_id} {_time(flip.decided_at_unix_nano)}: would {then} ({'; '.join(flip.because)})")
        )
    if tuning.flips:
        print(f"{len(tuning.flips)} of {tuning.decisions} recorded decisions would change")
    if tuning.models:
        print_table(
            ["task", "model", "solved", "partly", "wrong", "rate", "90 %"],
            [
                [m.task, m.model, m.solved, m.partly, m.wrong, f"{m.mean:.2f}", "{:.2f} .. {:.2f}".format(*m.interval)]
                for m in sorted(tuning.models, key=lambda m: (m.task, -m.mean))
            ],
        )


def _books() -> Bookkeeping:
    from deep_code_reasoning.bookkeeping import Bookkeeping

    return Bookkeeping(load_settings())


def _project(path: Path | None) -> str | None:
    return str(path.resolve()) if path else None


def _instant(text: str | None) -> int | None:
    """Nanoseconds since the epoch of `7d` (ago) or a time in ISO 8601 (UTC where it names no zone)."""
    if text is None:
        return None
    if ago := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return time.time_ns() - int(ago[1]) * _SECONDS[ago[2]] * 10**9
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text!r}: expected 30m, 12h, 7d, 2w or a time like 2026-01-31T12:00") from None
    seconds = round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())
    return max(0, min(seconds * 10**9, LAST_NANO))


def _totals(totals: dict[str, Any]) -> list[str]:
    share = totals["cached_share"]
    unpriced = totals["calls_of_unknown_price"]
    return [
        f"{totals['escalations']} escalations: {totals['solved']} solved, {totals['partly']} partly, "
        f"{totals['wrong']} wrong, {totals['unreported']} unreported",
        f"{totals['calls']} calls ({totals['failed_calls']} failed): {_dollars(totals['dollars']) or 'no'} dollars"
        + (f" and {unpriced} of unknown price" if unpriced else "")
        + f", {_number(totals['input_tokens']) or '?'} tokens in"
        + (f" ({share:.0%} cached)" if share is not None else "")
        + f", {_number(totals['output_tokens']) or '?'} out",
        f"{_number(totals['seconds'], 1) or '?'} s; minutes saved, as reported: "
        f"{_number(totals['minutes_saved_reported']) or 'unknown'}; estimated from attempts: "
        f"{_number(totals['minutes_saved_estimated']) or 'unknown'}",
    ]


def _report(report: dict[str, Any]) -> str:
    parts = [f"outcome: {report['outcome']}"]
    if report["cause_right"] is not None:
        parts.append(f"the named cause was {'right' if report['cause_right'] else 'wrong'}")
    if report["verified"] is not None:
        parts.append("verified" if report["verified"] else "not verified")
    if report["minutes_saved"] is not None:
        parts.append(f"{report['minutes_saved']:g} minutes saved, as reported")
    if report["minutes_estimated"] is not None:
        parts.append(f"{report['minutes_estimated']:g} minutes by estimate from the attempts")
    return "; ".join([*parts, *filter(None, [report["note"]])])


def _added(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _number(value: float | None, digits: int = 0) -> str | None:
    return None if value is None else f"{value:,.{digits}f}"


def _dollars(value: float | None) -> str | None:
    return None if value is None else f"{value:,.4f}"


def _time(unix_nano: int) -> str:
    return datetime.fromtimestamp(unix_nano / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
