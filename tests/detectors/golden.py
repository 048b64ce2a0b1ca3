"""Golden pages: a detector's documentation that is also its test.

A page is `tests/detectors/<family>/<name>.md`. Each `## title` opens a case: prose, then fenced blocks that hold a
table each (columns parted by `|`, the first line names them). Blocks that give evidence:

    ```clocks          host | offset_ms | drift_ppm: how far a host's clock is ahead of the times on this page; it is
                       stepped by step_ms at step_at_ms
    ```spans           trace span parent service host kind name start_ms dur_ms status message
    ```events          trace span at_ms name (an exception: name `exception`, columns exception.type ...)
    ```links           trace span to_trace to_span
    ```logs            at_ms service host severity body trace span
    ```metrics         at_ms service host kind name unit value count sum min max bounds buckets
    ```deploys         at_ms service kind version sha
    ```windows         window | from_ms | to_ms, for `baseline` and `incident`
    ```findings        what is expected, in order, or the word `none`

Any block may come more than once. Columns may be left out. A column with a dot in its name is an attribute, one that
starts with `resource.` an attribute of the resource; a column `attributes` holds `key=value; key=value`. Times are
true times in milliseconds from the page's epoch; what the evidence holds is what the hosts' clocks showed.
`spans 40x every 500ms vary 20%` plays the block forty times, traces renamed, durations scaled to within 20 %.

In `findings` only the columns given are compared: code severity role service operation resource host peer location,
`numbers` (`offset_ms=60±2; pairs=4; late_ms>=40`), `evidence` (`span:t1/b; trace:t1`, each must be among the
finding's), `support` (`3/4 vs 0/10`: symptomatic, healthy), `interval_ms` (`1000..2000±5`), `title~` (text in
the title).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deep_code_reasoning.finding import Finding
from deep_code_reasoning.incident import Incident, TimeWindow
from detectors.golden_evidence import EPOCH, span_ids, trace_ids

PAGES = Path(__file__).parent
Row = dict[str, str]


@dataclass
class Block:
    """One fenced table. `repeat` times, each `every_ms` later, durations scaled by up to 1 ± `vary`."""

    kind: str
    rows: list[Row]
    line: int
    repeat: int = 1
    every_ms: float = 0.0
    vary: float = 0.0


@dataclass
class Case:
    page: Path
    title: str
    blocks: list[Block] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page.parent.name}/{self.page.stem}: {self.title}"

    def of(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block.kind == kind]

    def rows(self, kind: str) -> list[Row]:
        return [row for block in self.of(kind) for row in block.rows]

    @property
    def rule_name(self) -> str:
        return self.page.stem.replace("_", "-")

    def incident(self) -> Incident:
        windows = {row["window"]: _window(row) for row in self.rows("windows")}
        unknown = set(windows) - {"baseline", "incident"}
        assert not unknown, f"{self}: no such window {unknown}"
        return Incident(windows.get("baseline"), windows.get("incident"), origin="given" if windows else "none")

    @property
    def expected(self) -> list[Row]:
        assert self.of("findings"), f"{self}: a case needs a findings block, or one that says none"
        return self.rows("findings")


def pages() -> list[Path]:
    return sorted(PAGES.glob("*/*.md"))


def cases(page: Path) -> list[Case]:
    """The cases of a page, in order."""
    return list(_parse(page, page.read_text(encoding="utf-8")))


FENCE = re.compile(r"^```(\w+)(.*)$")
REPEAT = re.compile(r"^\s*(\d+)x every ([\d.]+)ms(?: vary ([\d.]+)%)?\s*$")


def _parse(page: Path, text: str) -> Iterator[Case]:
    case: Case | None = None
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if line.startswith("## "):
            if case:
                yield case
            case = Case(page, line[3:].strip())
        elif (fence := FENCE.match(line)) and case:
            body = []
            for _, inner in lines:
                if inner.startswith("```"):
                    break
                body.append(inner)
            case.blocks.append(_block(page, number, fence[1], fence[2], body))
    if case:
        yield case


KINDS = {"clocks", "spans", "events", "links", "logs", "metrics", "deploys", "windows", "findings"}


def _block(page: Path, line: int, kind: str, options: str, body: list[str]) -> Block:
    place = f"{page.name}:{line}"
    assert kind in KINDS, f"{place}: no block {kind!r}; known are {sorted(KINDS)}"
    block = Block(kind, _table(place, body), line)
    if options.strip():
        match = REPEAT.match(options)
        assert match, f"{place}: {options!r}; expected as `40x every 500ms vary 20%`"
        block.repeat, block.every_ms = int(match[1]), float(match[2])
        block.vary = float(match[3] or 0) / 100
    return block


def _table(place: str, body: list[str]) -> list[Row]:
    lines = [line for line in body if line.strip()]
    if not lines or lines == ["none"]:
        return []
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        assert len(cells) == len(header), f"{place}: {len(header)} columns, but {len(cells)} in {line!r}"
        rows.append({name: cell for name, cell in zip(header, cells, strict=True) if cell})
    return rows


def _window(row: Row) -> TimeWindow:
    return TimeWindow(_nanoseconds(row["from_ms"]), _nanoseconds(row["to_ms"]))


def _nanoseconds(milliseconds: str) -> int:
    return EPOCH + round(float(milliseconds) * 1e6)


SUBJECT = ("service", "operation", "resource", "host", "peer")


def differences(row: Row, finding: Finding) -> list[str]:
    """What of an expected row the finding does not hold; empty when it matches."""
    told: list[str] = []
    for column, wanted in row.items():
        if column in ("code", "severity", "role"):
            got = getattr(finding, column)
            told += [] if got == wanted else [f"{column} {got!r}, expected {wanted!r}"]
        elif column in SUBJECT:
            got = getattr(finding.subject, column)
            told += [] if got == wanted else [f"{column} {got!r}, expected {wanted!r}"]
        elif column == "location":
            at = finding.subject.location
            got = f"{at.file}:{at.line}" if at and at.line else at and at.file
            told += [] if got == wanted else [f"location {got!r}, expected {wanted!r}"]
        elif column == "title~":
            told += [] if wanted in finding.title else [f"title {finding.title!r} lacks {wanted!r}"]
        else:
            told += COMPARISONS[column](wanted, finding)
    return told


NUMBER = re.compile(r"^([\w.]+)\s*(>=|<=|>|<|=)\s*(.+?)(?:±([\d.]+))?$")


def _numbers(wanted: str, finding: Finding) -> list[str]:
    told = []
    for part in _parts(wanted):
        match = NUMBER.match(part)
        assert match, f"numbers {part!r}: expected as `late_ms=40±2` or `late_ms>=40`"
        key, sign, text, tolerance = match.groups()
        got = finding.numbers.get(key)
        if got is None or not _holds(got, sign, text, float(tolerance or 0)):
            told.append(f"{key} is {got!r}, expected {part}")
    return told


def _holds(got: float | int | str, sign: str, text: str, tolerance: float) -> bool:
    if isinstance(got, str):
        return sign == "=" and got == text
    value = float(text)
    slack = tolerance + 1e-9 * abs(value)
    if sign == "=":
        return abs(got - value) <= slack
    return {">=": got >= value - slack, "<=": got <= value + slack, ">": got > value, "<": got < value}[sign]


def _evidence(wanted: str, finding: Finding) -> list[str]:
    held = {item.ref for item in finding.evidence}
    return [f"evidence lacks {part} ({_ref(part)})" for part in _parts(wanted) if _ref(part) not in held]


def _ref(text: str) -> str:
    """`span:t1/b` and `trace:t1` with the page's names turned into ids; other references as they are."""
    kind, _, name = text.partition(":")
    if kind == "trace":
        return f"trace:{trace_ids(name)}"
    if kind == "span":
        trace, _, span = name.partition("/")
        return f"span:{trace_ids(trace)}/{span_ids(trace, span)}"
    return text


def _support(wanted: str, finding: Finding) -> list[str]:
    held = finding.support
    got = held and f"{held.symptomatic_with}/{held.symptomatic} vs {held.healthy_with}/{held.healthy}"
    return [] if got == wanted else [f"support {got}, expected {wanted}"]


INTERVAL = re.compile(r"^([-\d.]+)\.\.([-\d.]+?)(?:±([\d.]+))?$")


def _interval(wanted: str, finding: Finding) -> list[str]:
    match = INTERVAL.match(wanted)
    assert match, f"interval_ms {wanted!r}: expected as `1000..2000±5`"
    if finding.interval is None:
        return [f"no interval, expected {wanted}"]
    got = [(edge - EPOCH) / 1e6 for edge in (finding.interval.start, finding.interval.end)]
    slack = float(match[3] or 0)
    near = all(abs(g - float(w)) <= slack for g, w in zip(got, match.groups()[:2], strict=True))
    return [] if near else [f"interval {got[0]}..{got[1]} ms, expected {wanted}"]


COMPARISONS = {"numbers": _numbers, "evidence": _evidence, "support": _support, "interval_ms": _interval}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
