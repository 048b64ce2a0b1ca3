"""Random records written in a text format are read back equal; times agree with the slow road that defines them."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.instants import any_nanos, iso_nanos
from deep_code_reasoning.sources.logs.log_lines import RECORD_TOO_LONG
from deep_code_reasoning.sources.logs.log_times import iso_time, log_time
from sources.reading import Reading, read_bytes, read_path

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = datetime(2025, 10, 9, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs"]), min_size=1)
MESSAGE = st.lists(WORD, min_size=1, max_size=6).map(" ".join)
MICROS = st.integers(0, 10**12)


def instant(micros: int) -> datetime:
    return START + timedelta(microseconds=micros)


def nanos(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1) * 1000


def written(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def column(reading: Reading, name: str) -> list:
    return [row[name] for row in reading.rows["logs"]]


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.from_regex(
            r"\A(19[67]\d|20\d\d|2262)[-/.]\d\d?[-/.]\d\d?[T _]\d\d?[:.][0-6]\d[:.][0-6]\d([.,:]\d{0,12})?"
            r" ?(Z|UTC|[+-]0\d:?00)?\Z"
        ),
        MICROS.map(lambda micros: written(instant(micros))),
        st.text(max_size=24),
    )
)
def test_times_by_the_quick_road_are_those_of_the_slow_one(text: str) -> None:
    assert iso_time(text) == iso_nanos(text)
    assert log_time(text) == any_nanos(text)


@SETTINGS
@given(
    records=st.lists(st.tuples(MICROS, st.sampled_from(["info", "warn", "error"]), TEXT, TEXT), min_size=1, max_size=8)
)
def test_logfmt(records: list[tuple[int, str, str, str]], tmp_path: Path) -> None:
    texts = [
        f"time={written(instant(micros))} level={level} msg={json.dumps(body)} note={json.dumps(note)}"
        for micros, level, body, note in records
    ]
    reading = read_bytes(lines(*texts), tmp_path)
    assert reading.reader == "logfmt"
    assert column(reading, "time_unix_nano") == [nanos(instant(record[0])) for record in records]
    assert column(reading, "severity_text") == [record[1] for record in records]
    assert column(reading, "body") == [record[2] for record in records]
    assert [attributes["note"] for attributes in column(reading, "attributes")] == [record[3] for record in records]


@SETTINGS
@given(requests=st.lists(st.tuples(MICROS, WORD, st.integers(100, 599), st.integers(0, 10**9)), min_size=1, max_size=8))
def test_access_log(requests: list[tuple[int, str, int, int]], tmp_path: Path) -> None:
    texts = [
        f"10.0.0.7 - - [{instant(micros):%d/%b/%Y:%H:%M:%S} +0000] "
        f'"GET /{path}?q=1 HTTP/1.1" {status} {size} "-" "curl"'
        for micros, path, status, size in requests
    ]
    reading = read_bytes(lines(*texts), tmp_path)
    assert reading.reader == "access-log"
    assert column(reading, "body") == texts
    for row, (micros, path, status, size) in zip(reading.rows["logs"], requests, strict=True):
        attributes = row["attributes"]
        assert row["time_unix_nano"] == nanos(instant(micros).replace(microsecond=0))
        assert (attributes["url.path"], attributes["url.query"]) == (f"/{path}", "q=1")
        assert attributes["http.response.status_code"] == str(status)
        assert attributes["http.response.body.size"] == str(size)
        assert row["severity_number"] == (17 if status >= 500 else 13 if status >= 400 else 9)


@SETTINGS
@given(records=st.lists(st.tuples(MICROS, st.integers(0, 191), WORD, MESSAGE), min_size=1, max_size=8))
def test_syslog(records: list[tuple[int, int, str, str]], tmp_path: Path) -> None:
    texts = [
        f"<{priority}>1 {written(instant(micros))} {host} payment 17 - - {body}"
        for micros, priority, host, body in records
    ]
    reading = read_bytes(lines(*texts), tmp_path)
    assert reading.reader == "syslog"
    assert column(reading, "time_unix_nano") == [nanos(instant(record[0])) for record in records]
    assert column(reading, "host") == [record[2] for record in records]
    assert column(reading, "body") == [record[3] for record in records]
    facilities = [attributes["syslog.facility"] for attributes in column(reading, "attributes")]
    assert facilities == [str(record[1] // 8) for record in records]


@SETTINGS
@given(
    records=st.lists(
        st.tuples(st.integers(0, 300 * 86_400), st.integers(0, 191), WORD, MESSAGE), min_size=1, max_size=8
    ),
    changed=st.integers(0, 20 * 365),
)
@example(records=[(0, 13, "db", "on the day after the last of 64-bit time, in its year")], changed=185)
def test_syslog_of_the_bsd_kind(records: list[tuple[int, int, str, str]], changed: int, tmp_path: Path) -> None:
    """RFC 3164 has no year: it is the last in which the time is not after the file's own."""
    latest = START + timedelta(days=changed)
    whens = [latest - timedelta(seconds=seconds) for seconds, *_ in records]
    texts = [
        f"<{priority}>{when:%b} {when.day:2} {when:%H:%M:%S} {host} sshd[17]: {body}"
        for when, (_, priority, host, body) in zip(whens, records, strict=True)
    ]
    path = tmp_path / "evidence"
    path.write_bytes(lines(*texts))
    os.utime(path, (latest.timestamp(), latest.timestamp()))
    reading = read_path(path)
    assert reading.reader == "syslog"
    assert column(reading, "time_unix_nano") == [nanos(when) for when in whens]
    assert column(reading, "body") == [record[3] for record in records]
    assert column(reading, "host") == [record[2] for record in records]
    assert {row["service_name"] for row in reading.rows["logs"]} == {"sshd"}


@SETTINGS
@given(
    records=st.lists(st.tuples(MICROS, st.lists(MESSAGE, min_size=1, max_size=4)), min_size=1, max_size=6),
    is_docker=st.booleans(),
)
def test_container_lines_in_pieces(records: list[tuple[int, list[str]]], is_docker: bool, tmp_path: Path) -> None:
    texts = []
    for micros, pieces in records:
        when = written(instant(micros))
        for number, piece in enumerate(pieces, 1):
            last = number == len(pieces)
            if is_docker:
                texts.append(
                    json.dumps({"log": piece + "\n" * last, "stream": "stdout", "time": when}, separators=(",", ":"))
                )
            else:
                texts.append(f"{when} stdout {'F' if last else 'P'} {piece}")
    reading = read_bytes(lines(*texts), tmp_path)
    assert reading.reader == "container"
    assert column(reading, "body") == ["".join(pieces) for _, pieces in records]
    assert column(reading, "time_unix_nano") == [nanos(instant(micros)) for micros, _ in records]


def test_pieces_that_never_end_are_kept_and_told(tmp_path: Path) -> None:
    reading = read_bytes(lines(*[f"{written(instant(0))} stdout P piece{number} " for number in range(50)]), tmp_path)
    assert reading.only("logs")["body"] == "".join(f"piece{number} " for number in range(50))
    assert len(reading.skipped) == 1


def test_a_trace_of_100_000_lines_is_bounded_and_every_lost_line_told(tmp_path: Path) -> None:
    frames = [f"\tat com.shop.Payment.charge{number}(Payment.java:{number})" for number in range(100_000)]
    reading = read_bytes(lines("2025-10-09T00:00:00Z ERROR failed", "com.shop.Bad: no", *frames), tmp_path)
    row = reading.only("logs")
    kept = row["exception_stacktrace"].count("\n")
    assert len(row["exception_stacktrace"]) <= 256 << 10
    assert reading.reasons == [RECORD_TOO_LONG] * (100_000 - kept)
    assert reading.skipped[-1].line == 100_002


@pytest.mark.parametrize(
    "texts",
    [
        ["2025-10-09T00:00:00Z INFO one", "2025-10-09T00:00:01Z ERROR two"],
        ["time=2025-10-09T00:00:00Z level=info msg=one", "time=2025-10-09T00:00:01Z level=error msg=two"],
        [
            '{"time":"2025-10-09T00:00:00Z","level":"info","msg":"one"}',
            '{"time":"2025-10-09T00:00:01Z","level":"e","msg":"two"}',
        ],
        ["<14>1 2025-10-09T00:00:00Z h p 1 - - one", "<11>1 2025-10-09T00:00:01Z h p 1 - - two"],
        ["2025-10-09T00:00:00.0Z stdout F one", "2025-10-09T00:00:01.0Z stdout F two"],
        [
            '10.0.0.7 - - [09/Oct/2025:00:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" one',
            '10.0.0.7 - - [09/Oct/2025:00:00:01 +0000] "GET / HTTP/1.1" 200 1 "-" two',
        ],
    ],
    ids=["plain-text", "logfmt", "json-lines", "syslog", "container", "access-log"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_line_ends_and_encodings_of_windows(texts: list[str], encoding: str, tmp_path: Path) -> None:
    plain = read_bytes(lines(*texts), tmp_path)
    windows = read_bytes("\r\n".join([*texts, ""]).encode(encoding), tmp_path)
    assert windows.reader == plain.reader
    assert column(windows, "body") == column(plain, "body")
    assert [body.split()[-1] for body in column(plain, "body")] == ["one", "two"]
    assert column(windows, "time_unix_nano") == column(plain, "time_unix_nano")


def test_times_that_go_backwards_are_kept_in_the_order_of_lines(tmp_path: Path) -> None:
    reading = read_bytes(lines("2025-10-09T00:00:02Z INFO a", "2025-10-09T00:00:01Z INFO b"), tmp_path)
    assert column(reading, "log_number") == [0, 1]
    assert column(reading, "time_unix_nano") == [nanos(START) + 2 * 10**9, nanos(START) + 10**9]


@pytest.mark.parametrize(
    "content",
    [
        lines("name,price", "a,1", "b,2"),
        lines("time,price", "2025-10-09T00:00:00Z,1", "2025-10-09T00:00:01Z,2"),
        lines("We set x=1 and then y=2.", "The level=info setting is the default in a file."),
        lines("host=localhost", "port=5432", "user=shop"),
    ],
    ids=["csv", "csv with times", "prose with =", "a file of settings"],
)
def test_near_misses_are_no_logs(content: bytes, tmp_path: Path) -> None:
    assert read_bytes(content, tmp_path).count("logs") == 0


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"log": {"level": "warn"}}, {"severity_text": "warn", "severity_number": 13}),
        ({"level": "50"}, {"severity_text": "50", "severity_number": 17}),
        ({"level": 30}, {"severity_text": "30", "severity_number": 9}),
        (
            {"level": "info", "dd.trace_id": "255", "dd.span_id": "16"},
            {"trace_id": f"{255:032x}", "span_id": f"{16:016x}"},
        ),
        (
            {"severity": "INFO", "logging.googleapis.com/trace": "projects/p/traces/" + "0a" * 16},
            {"trace_id": "0a" * 16},
        ),
        ({"level": "info", "trace_id": "0A" * 16}, {"trace_id": "0a" * 16}),
        ({"level": "info", "trace_id": "0" * 32}, {"trace_id": None}),
    ],
)
def test_what_json_loggers_write(record: dict, expected: dict, tmp_path: Path) -> None:
    text = json.dumps({"time": "2025-10-09T00:00:00Z", "message": "m", **record})
    row = read_bytes(lines(text), tmp_path).only("logs")
    assert {name: row[name] for name in expected} == expected
