"""The answer as a person reads it: what happened, when, why, what speaks against it, what to do."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deep_code_reasoning.answer import Answer
from deep_code_reasoning.cli.output import console
from deep_code_reasoning.context.visible import visible
from deep_code_reasoning.detectors.wording import figure
from deep_code_reasoning.finding import Argument, Diagnosis, Finding, Location, Suspect
from deep_code_reasoning.incident import TimeWindow, iso

PROSE_WIDTH = 120
EVIDENCE_SHOWN = 4
SUSPECTS_SHOWN = 5
FINDINGS_SHOWN = 8
RULED_OUT_SHOWN = 8
CONTEXTS_SHOWN = 3
COLOURS = {"critical": "red", "warning": "yellow", "info": "blue"}


def print_answer(answer: Answer) -> None:
    out = console(piped_width=PROSE_WIDTH)
    diagnosis = answer.diagnosis
    _verdict(out, diagnosis)
    _suspects(out, diagnosis)
    _ruled_out(out, diagnosis)
    _findings(out, diagnosis)
    _durations(out, diagnosis)
    _changes(out, diagnosis)
    _actions(out, diagnosis)
    _specialist(out, answer)
    _unread(out, diagnosis)
    _footer(out, answer)


def _print(out: Console, text: Text, indent: int) -> None:
    out.print(Padding(text, (0, 0, 0, indent), expand=False))


def _heading(out: Console, text: str) -> None:
    out.print(Text(f"\n{text}", style="bold"))


def _verdict(out: Console, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    _heading(out, "What happened")
    _print(out, Text(visible(verdict.summary)), 2)
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    facts.add_row("  verdict", Text(f"{verdict.kind}, confidence {verdict.confidence:.2f}"))
    if verdict.service:
        facts.add_row("  first failing", Text(visible(" · ".join(filter(None, (verdict.service, verdict.operation))))))
    if verdict.onset:
        facts.add_row("  onset", Text(_interval(verdict.onset)))
    if diagnosis.incident.incident:
        facts.add_row(
            "  incident",
            Text(f"{_interval(diagnosis.incident.incident)} (window: {diagnosis.incident.origin})"),
        )
    for number, note in enumerate(diagnosis.incident.notes):
        facts.add_row("" if number else "  windows", Text(visible(note)))
    if verdict.blast_radius:
        facts.add_row("  blast radius", Text(visible(", ".join(verdict.blast_radius))))
    facts.add_row("  commit to blame", Text(verdict.commit or "none"))
    out.print(facts)


def _suspects(out: Console, diagnosis: Diagnosis) -> None:
    if not diagnosis.suspects:
        return
    _heading(out, "Ranked suspects")
    for suspect in diagnosis.suspects[:SUSPECTS_SHOWN]:
        out.print(Text(f"  {suspect.rank}. {suspect.score:.2f}  {visible(_name(suspect))}", style="bold"))
        if suspect.summary not in diagnosis.verdict.summary:
            _print(out, Text(visible(suspect.summary)), 11)
        for sign, style, arguments in (("+", "green", suspect.in_favour), ("-", "red", suspect.against)):
            for argument in arguments:
                _print(out, _argument(sign, style, argument), 11)
    if len(diagnosis.suspects) > SUSPECTS_SHOWN:
        out.print(Text(f"  and {len(diagnosis.suspects) - SUSPECTS_SHOWN} more in --json", style="dim"))


def _name(suspect: Suspect) -> str:
    parts = [suspect.service or suspect.resource or suspect.kind, suspect.operation]
    if suspect.location:
        parts.append(_place(suspect.location))
    return " · ".join(filter(None, parts)) + f"  ({suspect.kind})"


def _argument(sign: str, style: str, argument: Argument) -> Text:
    text = Text(f"{sign} {argument.finding} ", style=style)
    return text.append(f"{visible(argument.reason)} ({argument.weight:+.1f} dB)", style="default")


def _ruled_out(out: Console, diagnosis: Diagnosis) -> None:
    if diagnosis.ruled_out:
        _heading(out, "Ruled out")
    titles = {finding.id: finding.title for finding in diagnosis.findings}
    for ruled in diagnosis.ruled_out[:RULED_OUT_SHOWN]:
        _print(out, Text(f"{ruled.finding}  {visible(titles.get(ruled.finding, ''))}"), 2)
        _print(out, Text(visible(ruled.reason), style="dim"), 6)


def _findings(out: Console, diagnosis: Diagnosis) -> None:
    argued = dict.fromkeys(a.finding for s in diagnosis.suspects[:SUSPECTS_SHOWN] for a in (*s.in_favour, *s.against))
    by_id = {finding.id: finding for finding in diagnosis.findings}
    shown = [by_id[name] for name in argued if name in by_id][:FINDINGS_SHOWN]
    if shown:
        _heading(out, "Evidence (open one with: dcr show REF; its rule with: dcr explain CODE)")
    for finding in shown:
        _finding(out, finding)
    rest = len(diagnosis.findings) - len(shown)
    if rest:
        out.print(Text(f"  and {rest} other findings in --json", style="dim"))


def _finding(out: Console, finding: Finding) -> None:
    _print(out, Text(f"{finding.id}  {visible(finding.title)}", style=COLOURS[finding.severity]), 2)
    numbers = "  ".join(f"{name}={_number(value)}" for name, value in finding.numbers.items())
    _print(out, Text(visible(numbers), style="dim"), 6)
    for evidence in finding.evidence[:EVIDENCE_SHOWN]:
        _print(out, Text(visible(f"{evidence.ref}  {evidence.note}")), 6)
    if len(finding.evidence) > EVIDENCE_SHOWN:
        _print(out, Text(f"and {len(finding.evidence) - EVIDENCE_SHOWN} more", style="dim"), 6)


def _durations(out: Console, diagnosis: Diagnosis) -> None:
    changed = diagnosis.differential
    if not changed or not changed.contexts:
        return
    mean, tail = changed.mean, changed.tail_95
    _heading(out, "What changed the duration of requests (the whole tree: dcr flame)")
    traffic = mean.entry_mix_ms + mean.variant_mix_ms
    parts = f"traffic mix {traffic:+,.1f}, calls {mean.calls_ms:+,.1f}, self time {mean.self_time_ms:+,.1f}"
    means = f"mean {mean.before_ms:,.1f} → {mean.after_ms:,.1f} ms ({parts})"
    tails = f"slowest twentieth {tail.before_ms:,.1f} → {tail.after_ms:,.1f} ms"
    _print(out, Text(f"{changed.requests[0]:,} and {changed.requests[1]:,} requests: {means}; {tails}"), 2)
    for one in changed.contexts[:CONTEXTS_SHOWN]:
        before, after = one.critical_path_share
        calls = " → ".join(map(figure, one.calls_a_parent)) + " a parent"
        own = " → ".join(map(figure, one.critical_path_ms_a_call)) + " ms a call"
        where = visible(f"{one.service} {one.operation}" + (f", in {one.path[0]}" if len(one.path) > 1 else ""))
        _print(out, Text(f"{one.overall_ms:+,.1f} ms  {where}"), 2)
        told = f"calls {calls}, own time {own}; {before:.0%} → {after:.0%} of the critical path"
        _print(out, Text(told, style="dim"), 6)


def _place(location: Location) -> str:
    return f"{location.file}:{location.line}" if location.line else location.file


def _changes(out: Console, diagnosis: Diagnosis) -> None:
    if not diagnosis.changes:
        return
    _heading(out, "Changes considered")
    for change in diagnosis.changes[:SUSPECTS_SHOWN]:
        where = change.service or change.repository
        place = f"  {_place(change.location)}" if change.location else ""
        _print(out, Text(visible(f"{change.score:.2f}  {change.sha[:12]}  {where}{place}")), 2)
        for reason in (*change.reasons, *change.why_not):
            _print(out, Text(visible(reason), style="dim"), 8)
    if diagnosis.no_change is not None:
        _print(out, Text(f"{diagnosis.no_change:.2f}  none of them"), 2)


def _actions(out: Console, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    if verdict.actions or verdict.remediation:
        _heading(out, "What to do" + (f": {verdict.remediation}" if verdict.remediation else ""))
    for number, action in enumerate(verdict.actions, 1):
        _print(out, Text(f"{number}. {visible(action)}"), 2)


def _specialist(out: Console, answer: Answer) -> None:
    if answer.specialist.provider == "local":
        return  # its analysis is the diagnosis above in other words
    _heading(out, f"What {answer.specialist.model} says")
    _print(out, Text(visible(answer.specialist.analysis.narrative)), 2)
    for cause in answer.specialist.analysis.root_causes:
        _print(out, Text(visible(f"{cause.confidence:.2f}  {cause.description}")), 2)


def _unread(out: Console, diagnosis: Diagnosis) -> None:
    if not diagnosis.unread:
        return
    _heading(out, "Not read, or read as noted")
    for unread in diagnosis.unread:
        _print(out, Text(visible(f"{unread.place}: {unread.reason} ({unread.count:,})")), 2)


def _footer(out: Console, answer: Answer) -> None:
    parts = [f"investigation {answer.diagnosis.investigation}"]
    if answer.load:
        parts.append(f"{answer.load.bytes / 1e6:,.1f} MB of evidence")
    parts.append(f"{answer.cost.seconds:.1f} s")
    parts.append(answer.cost.route)
    out.print(Text("\n" + " · ".join(parts), style="dim"))


def _interval(window: TimeWindow) -> str:
    return f"{iso(window.start)} to {iso(window.end)}"


def _number(value: float | int | str) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
