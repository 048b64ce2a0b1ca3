"""A journal entry's fields as a log record (systemd.journal-fields)."""

from __future__ import annotations

from deep_code_reasoning.sources.instants import MAX_NANOS
from deep_code_reasoning.sources.logs.log_record import NO_TIME, LogRecord
from deep_code_reasoning.sources.logs.severity import severity_number, syslog_severity
from deep_code_reasoning.sources.logs.text_message import complete

_UNIT_SUFFIX = ".service"
_DROPPED = ("__CURSOR", "__MONOTONIC_TIMESTAMP", "__SEQNUM", "__SEQNUM_ID")  # places in the journal, not the record's
_ATTRIBUTES = {
    "_PID": "process.pid",
    "_COMM": "process.executable.name",
    "_EXE": "process.executable.path",
    "CODE_FILE": "code.file.path",
    "CODE_LINE": "code.line.number",
    "CODE_FUNC": "code.function.name",
    "_TRANSPORT": "journald.transport",
}


def journal_record(fields: dict[str, str]) -> LogRecord:
    """The sender's time (_SOURCE_REALTIME_TIMESTAMP) is preferred, the journal's is then the observed one."""
    rest = {name: text for name, text in fields.items() if name not in _DROPPED}
    received = _micros(rest.pop("__REALTIME_TIMESTAMP", None))
    sent = _micros(rest.pop("_SOURCE_REALTIME_TIMESTAMP", None))
    record = LogRecord(time=sent or received, observed_time=received if sent else None)
    if record.time is None:
        record.notes = (NO_TIME,)
    if word := syslog_severity(rest.get("PRIORITY", "")):
        del rest["PRIORITY"]
        record.severity_text, record.severity_number = word, severity_number(word)
    message, _, below = rest.pop("MESSAGE", "").partition("\n")
    record.body = message
    record.host = rest.pop("_HOSTNAME", None)
    unit = rest.pop("_SYSTEMD_UNIT", None) or rest.pop("UNIT", None)
    if unit and unit.endswith(_UNIT_SUFFIX):
        record.service_name = unit.removesuffix(_UNIT_SUFFIX)
    elif unit:
        record.attributes["systemd.unit"] = unit
    for name, text in rest.items():
        record.attributes[_ATTRIBUTES.get(name, name)] = text
    complete(record, below.split("\n") if below else [])
    return record


def _micros(text: str | None) -> int | None:
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 17:
        return None
    return nanos if (nanos := int(text) * 1_000) <= MAX_NANOS else None
