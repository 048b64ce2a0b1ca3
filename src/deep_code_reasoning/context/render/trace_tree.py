"""A trace as an indented tree of text: one line a span, runs of like siblings as one line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from deep_code_reasoning.context.visible import one_line

Span = Mapping[str, Any]
_SHORTEST_RUN = 3
_LONGEST_VALUE = 300
_KEY_COLUMNS = (
    ("http_request_method", "method"), ("http_route", "route"), ("http_response_status_code", "http"),
    ("rpc_method", "rpc"), ("db_query_text", "sql"), ("messaging_destination_name", "destination"),
    ("server_address", "peer"), ("error_type", "error.type"), ("status_message", "message"),
)  # fmt: skip


@dataclass(frozen=True)
class Clocks:
    """How far ahead each host's clock runs of the reference, in nanoseconds; absent where nobody could tell."""

    ahead: Mapping[str, int]

    def shift(self, host: str | None, entry_host: str | None) -> int | None:
        """Nanoseconds to add to a time of `host` to read it on the clock of `entry_host`; None where unknown."""
        if host == entry_host:
            return 0
        ahead, entry_ahead = self.ahead.get(host or ""), self.ahead.get(entry_host or "")
        return None if ahead is None or entry_ahead is None else entry_ahead - ahead


def trace_tree(spans: Sequence[Span], clocks: Clocks, pointed_at: Collection[str], errors: Mapping[int, str]) -> str:
    """`spans` of one trace with the columns of span_tree; span ids in `pointed_at` are marked and shown with their
    attributes; `errors` are recorded exceptions by span number.
    """
    children: dict[int | None, list[Span]] = {}
    for span in sorted(spans, key=lambda s: (s["start_time_unix_nano"], s["span_number"])):
        children.setdefault(span["parent_number"], []).append(span)
    known = {span["span_number"] for span in spans}
    roots = [s for parent, group in children.items() if parent not in known for s in group]
    if not roots:
        return "(no spans)\n"
    tree = _Tree(children, clocks, pointed_at, errors, entry=min(roots, key=lambda s: (s["is_orphan"], s["depth"])))
    lines = ["offset, duration (self) · service · operation · kind"]
    pending = [(span, 0, run) for span, run in reversed(tree.runs(roots))]
    while pending:
        span, depth, run = pending.pop()
        lines.append("  " * depth + tree.line(span, run))
        if len(run) == 1:
            below = tree.runs(children.get(span["span_number"], []))
            pending.extend((child, depth + 1, its_run) for child, its_run in reversed(below))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Tree:
    children: Mapping[int | None, list[Span]]
    clocks: Clocks
    pointed_at: Collection[str]
    errors: Mapping[int, str]
    entry: Span

    def runs(self, siblings: Sequence[Span]) -> list[tuple[Span, list[Span]]]:
        """Siblings in order of start; neighbours alike are one run, unless something points at them."""
        found = []
        for _, group in groupby(siblings, key=self._likeness):
            alike = list(group)
            runs = [alike] if len(alike) >= _SHORTEST_RUN else [[span] for span in alike]
            found.extend((run[0], run) for run in runs)
        return found

    def _likeness(self, span: Span) -> tuple:
        alone = span["span_id"] if span["span_id"] in self.pointed_at else ""
        below = tuple(child["name"] for child in self.children.get(span["span_number"], []))
        return (span["service_name"], span["name"], span["kind"], span["status_code"], span["host"], alone, below[:5])

    def line(self, span: Span, run: Sequence[Span]) -> str:
        what = f"{one_line(span['service_name'] or '?')} · {one_line(span['name'])} · {span['kind']}"
        first = f"{self._offset(span)} {self._times(run)} · {what}"
        return "  ".join([first, *self._details(span, collapsed=len(run) > 1)])

    def _offset(self, span: Span) -> str:
        shift = self.clocks.shift(span["host"], self.entry["host"])
        offset = span["start_time_unix_nano"] - self.entry["start_time_unix_nano"] + (shift or 0)
        return f"{offset / 1e6:+.3f}" + ("" if shift is not None else "?")

    def _times(self, run: Sequence[Span]) -> str:
        durations = [span["duration_nano"] for span in run]
        own = sum(span["self_time_nano"] for span in run)
        if len(run) == 1:
            return f"{durations[0] / 1e6:.3f} ({own / 1e6:.3f})"
        last = run[-1]["start_time_unix_nano"] + run[-1]["duration_nano"]
        return (
            f"×{len(run)} each {min(durations) / 1e6:.3f}..{max(durations) / 1e6:.3f}, sum {sum(durations) / 1e6:.3f}"
            f" ({own / 1e6:.3f}), over {(last - run[0]['start_time_unix_nano']) / 1e6:.3f}"
        )

    def _details(self, span: Span, *, collapsed: bool) -> list[str]:
        details = ["ERROR"] if span["status_code"] == "error" else []
        details += [f"{label}={_short(span[name])}" for name, label in _KEY_COLUMNS if span.get(name) not in (None, "")]
        if span["host"] != self.entry["host"] and span["host"]:
            details.append(f"host={span['host']}")
        if span["is_orphan"]:
            details.append("(its parent was not read)")
        if collapsed:
            return details
        if error := self.errors.get(span["span_number"]):
            details.append(f"exception={_short(error)}")
        if span["span_id"] in self.pointed_at or span["status_code"] == "error":
            if span["code_file_path"]:
                details.append(f"code={span['code_file_path']}:{span['code_line_number'] or '?'}")
            details += [f"{pair['key']}={_short(pair['value'])}" for pair in (span["attributes"] or [])[:12]]
            details.append(f"span={span['span_id']}")
        if span["span_id"] in self.pointed_at:
            details.append("◄ evidence")
        return details


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
