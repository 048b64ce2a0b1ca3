"""What a monitor said when it fired: a JSON object (or several) with service, metric, threshold and time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.instants import any_nanos
from deep_code_reasoning.sources.json_documents import records
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_AN_ALERT = "JSON that is not an alert (a metric or a monitor, and when it fired)"
BAD_TIME = "alert whose fired_at cannot be read (kept without it)"

_MARKS = {"fired_at", "firedat", "threshold", "observed", "monitor"}


class AlertJson:
    name = "alert"
    accepts = "an alert as JSON (service, metric, threshold, observed, fired_at, severity, monitor, summary)"

    def claims(self, sample: Sample) -> int:
        """Only a small file in which each object has a metric or monitor and at least two marks of an alert."""
        import msgspec

        if not sample.complete or sample.head.lstrip()[:1] not in (b"{", b"["):
            return 0
        try:
            value = msgspec.json.decode(sample.head.strip())
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return 0
        alerts = value if isinstance(value, list) else [value]
        return 80 if alerts and all(_is_alert(alert) for alert in alerts) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.arrow_tables import Rows

        rows = Rows("alerts")
        for record in records(stream):
            if isinstance(record, Skipped):
                yield record
                continue
            if not _is_alert(record.value):
                yield Skipped(record.line, record.offset, NOT_AN_ALERT)
                continue
            row = _row(record.value, record.offset)
            if row[0] is None:
                yield Skipped(record.line, record.offset, BAD_TIME)
            rows.add(row)
        if len(rows):
            yield rows.take()


READER = AlertJson()


def _is_alert(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    keys = {key.lower() for key in value}
    return bool(keys & {"metric", "monitor"}) and len(keys & _MARKS) >= 2


def _row(alert: dict[str, Any], offset: int) -> list[Any]:
    fields = {key.lower(): value for key, value in alert.items()}
    fired = any_nanos(fields.get("fired_at", fields.get("firedat")))
    summary, monitor = _text(fields.get("summary")), _text(fields.get("monitor"))
    return [
        fired[0] if fired else None,
        _text(fields.get("service")),
        _text(fields.get("metric")),
        _number(fields.get("threshold")),
        _number(fields.get("observed")),
        _text(fields.get("severity")),
        f"{monitor}: {summary}" if monitor and summary else summary or monitor,
        offset,
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
