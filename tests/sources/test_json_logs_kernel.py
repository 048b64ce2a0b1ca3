"""The kernel of JSON logs against the plain road: the same rows from the same bytes, wherever the input is cut."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.kernels.columns import CHECKED
from deep_code_reasoning.sources import stream as streams
from deep_code_reasoning.sources import window as windows
from deep_code_reasoning.sources import window_documents
from deep_code_reasoning.sources.logs import compiled_json_logs, json_log_layout, log_columns
from deep_code_reasoning.sources.logs.json_records import JsonRecords
from deep_code_reasoning.sources.logs.log_keys import key_names
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream, Limits
from sources.reading import Reading

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

KEYS = st.one_of(
    st.sampled_from([key for keys in key_names().values() for key in keys]),
    st.sampled_from(["Timestamp", "MESSAGE", "logLevel", "Service", "traceId", "spanID", "user", "a.b", "a", "", "ä"]),
    st.sampled_from(["elapsed_ms", "requestId", "k" * 70, 'quo"te', "http"]),
)
TIMES = st.sampled_from(
    [
        *(
            "2026-09-22T10:30:00.123Z",
            "2026-09-22T10:30:00+02:00",
            "2026-09-22 10:30:00,5",
            "2026-09-22T10:30:00.1234567890Z",
        ),
        *(
            "2026-02-30T10:30:00Z",
            "1969-12-31T23:59:59Z",
            "2262-04-11T23:47:17Z",
            "soon",
            "",
            "1790000000",
            "2026-09-22T10:30Z",
        ),
        *(1790000000, 1790000000.25, 1790000000123, 1790000000123.5, 1790000000123456789, 17, 9.3e18, -1, True, None),
        *(1790000000.1234567, 1790000000.123456, 99999999999.9999999, 1790000000.0, 12345678901234567890),
    ]
)
LEVELS = st.sampled_from(
    ["INFO", "warn", "Error", "[ERROR]", "30", "loud", "", "ERROR3", 30, 9, 65, 70, -10, 2.5, None, True]
)
WORDS = st.sampled_from(
    ["", "x", "hello world", "naïve 😀", 'a "quoted" \\ / path', "tab\tline\n", "\x7f\x00", "\u2028", "v" * 40]
)
IDS = st.sampled_from(
    ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "0" * 32, "0" * 16, "ABCDEF0123456789", "1", "", 7]
)
RAW_NUMBERS = st.sampled_from(
    [
        *(
            "0",
            "-0",
            "-0.0",
            "0.0",
            "0.0001",
            "0.00001",
            "1.50",
            "1.5",
            "1e3",
            "320.488",
            "123456789012345.6",
            "1234567890123456.7",
        ),
        *(
            "01",
            "-",
            "1.",
            ".5",
            "999999999999999999",
            "9999999999999999999",
            "-12",
            "1E+2",
            "NaN",
            "0.123456789012345",
            "1.e3",
        ),
    ]
)
RAW_TEXTS = st.sampled_from(
    [
        *('"\\ud83d\\ude00 \\u00e9"', '"\\ud83d"', '"\\x"', '"a\\/b"', '"open', '"\x01"', "tru", "nul", "falsey"),
        *(
            '[1,2.5,"a",true,null]',
            '[1 ,"x y",\ttrue, null ]',
            '["é, ü", -1.5]',
            "[1, 2]",
            "[]",
            "[[1]]",
            '["\\n"]',
            "{}",
            "{ }",
            '{"b":1,"c":{"d":"x"}}',
            '{"b":1,"b":2}',
        ),
        *('{"name":"n2"}', '{"b":[{"c":1}]}', '{"":1}', '{"b":{"c":{}}', '{"type":"T","message":"m"}'),
    ]
)
VALUES = st.one_of(
    st.one_of(TIMES, LEVELS, WORDS, IDS, st.booleans(), st.none()).map(lambda value: json.dumps(value)),
    WORDS.map(lambda word: json.dumps(word, ensure_ascii=False)),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.integers().map(str),
    RAW_NUMBERS,
    RAW_TEXTS,
)
BETWEEN = st.sampled_from(
    [
        *(
            "",
            "  ",
            "starting up",
            "java.lang.IllegalStateException: no",
            "\tat a.B.c(B.java:7)",
            "  indented  ",
            "\0\0",
            "]",
        ),
        *(
            '["not an object"]',
            '[{"time":1790000000,"msg":"m"},{}]',
            "{",
            '{"broken',
            "2026-09-22 10:30:00 ERROR text",
            "{}",
        ),
        *('{\n  "time": 1790000000,\n  "msg": "pretty"\n}', '{"time":1790000000,', "\x1e"),
    ]
)


def written(draw: st.DrawFn, members: list[str]) -> str:
    colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :\t", " , ")]))
    return "{" + comma.join(member.replace(":", colon, 1) if '":' in member else member for member in members) + "}"


@st.composite
def records(draw: st.DrawFn) -> str:
    """A record as loggers write it, with a few members that are odd or stand for the same column."""
    usual = [
        '"time":' + json.dumps(draw(st.one_of(st.just("2026-09-22T10:30:00.5Z"), TIMES))),
        '"level":' + json.dumps(draw(st.one_of(st.just("info"), LEVELS))),
        '"msg":' + json.dumps(draw(WORDS), ensure_ascii=draw(st.booleans())),
        '"service":' + json.dumps(draw(st.sampled_from(["cart", "cart", "payment", "s" * 30, "caf\u00e9", 'q"q', ""]))),
        '"host":' + json.dumps(draw(st.sampled_from(["n1", "n2", "", 5]))),
        '"trace_id":' + json.dumps(draw(IDS)),
    ]
    members = [member for member in usual if draw(st.integers(0, 5))]
    odd = draw(st.lists(st.tuples(KEYS, VALUES), max_size=4, unique_by=lambda pair: pair[0]))
    members += [f"{json.dumps(key, ensure_ascii=False)}:{value}" for key, value in odd]
    return written(draw, draw(st.permutations(members)))


@st.composite
def logs(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.one_of(records(), records(), records(), BETWEEN), min_size=1, max_size=8))
    return draw(st.sampled_from(["\n", "\r\n"])).join(parts) + draw(st.sampled_from(["", "\n"]))


def read(data: bytes, kernels: Kernels | None, limits: Limits | None = None) -> Reading:
    reading = Reading("json-lines", {}, [])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.jsonl"
        path.write_bytes(data)
        for part in JsonRecords(EvidenceStream(path, kernels=kernels, limits=limits)).run():
            if isinstance(part, Batch):
                part.rows.validate(full=True)
                reading.rows.setdefault(part.table, []).extend(part.rows.to_pylist())
            else:
                reading.skipped.append(part)
    return reading


def assert_equal(compiled: Reading, plain: Reading) -> None:
    """Everything but the order of rows: the number of a log is its place in the file."""
    for table, key in (("logs", "log_number"), ("resources", "resource_number")):
        found = sorted(compiled.rows.get(table, []), key=lambda row: row[key])
        names = plain.rows[table][0] if table in plain.rows else ()
        assert [dict.fromkeys(names) | row for row in found] == plain.rows.get(table, [])
    assert compiled.skipped == plain.skipped


@pytest.fixture(autouse=True)
def _is_compiled(kernels: Kernels) -> None:
    assert kernels.find(compiled_json_logs.KERNEL)  # else the plain road would be compared with itself


@FAST
@given(st.lists(records(), min_size=1, max_size=4))
def test_records_give_the_same_rows(kernels: Kernels, sent: list[str]) -> None:
    data = "".join(f"{record}\n" for record in sent).encode("utf-8", "surrogatepass")
    assert_equal(read(data, kernels), read(data, None))


@FAST
@given(logs())
def test_text_and_documents_between_records_are_read_in_order(kernels: Kernels, sent: str) -> None:
    data = sent.encode("utf-8", "surrogatepass")
    assert_equal(read(data, kernels), read(data, None))


@FAST
@given(logs(), st.data())
def test_damaged_logs_give_the_same_rows(kernels: Kernels, sent: str, data: st.DataObject) -> None:
    text = bytearray(sent.encode("utf-8", "surrogatepass") or b"{")
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert_equal(read(bytes(text), kernels), read(bytes(text), None))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Windows, and parts of them, so small that they end within records."""
    monkeypatch.setattr(streams, "CHUNK_BYTES", 97)
    monkeypatch.setattr(log_columns, "PART_BYTES", 70)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 200)
    monkeypatch.setattr(window_documents, "WINDOW_BYTES", 200)
    yield


@FAST
@given(st.lists(logs(), max_size=3), st.sampled_from([None, 150]))
def test_windows_that_end_within_records_give_the_same_rows(
    kernels: Kernels, narrow: None, sent: list[str], line_bytes: int | None
) -> None:
    data = "\n".join(sent).encode("utf-8", "surrogatepass")
    limits = Limits(line_bytes=line_bytes) if line_bytes else None
    assert_equal(read(data, kernels, limits), read(data, None, limits))


def rows_of_kernel(data: bytes, kernels: Kernels) -> int:
    """How many records the kernel itself read."""
    from deep_code_reasoning.sources.logs import log_layout

    kernel = kernels.find(compiled_json_logs.KERNEL)
    assert kernel
    import numpy as np

    window = windows.Window(EvidenceStream(Path("unread.jsonl")))
    columns = log_columns.JsonLogColumns(len(data), 0, window, len(data), log_columns.LogMemory())
    tables = json_log_layout.key_table(), compiled_json_logs.level_table()
    scratch = np.zeros(json_log_layout.SCRATCH_SIZE, np.int64)
    kernel(np.frombuffer(data + bytes(32), np.uint8), len(data), *tables, scratch, *columns.json_arguments)
    return int(columns.state[log_layout.ROWS])


USUAL: list[dict[str, Any]] = [
    {
        "level": "error",
        "ts": 1790000000.25,
        "logger": "cart",
        "caller": "a.go:1",
        "msg": "failed",
        "trace_id": "a" * 32,
    },
    {"level": 30, "time": 1790000000000, "pid": 1, "hostname": "n1", "msg": "up\n", "req": {"id": 7, "ip": "::1"}},
    {"event": "saved", "timestamp": "2026-09-22T10:30:00.123456Z", "level": "info", "tags": ["a", "b"], "none": None},
    {
        "@timestamp": "2026-09-22T10:30:00.000Z",
        "log.level": "INFO",
        "message": "hi",
        "service.name": "é",
        "timestamp": 1790000000,
    },
    {
        "time": "2026-09-22T10:30:00+02:00",
        "level": "WARN",
        "msg": "x",
        "service": "cart",
        "pod": "p",
        "host": "n",
        "ms": 1.5,
    },
]


@pytest.mark.parametrize("record", USUAL)
def test_what_loggers_write_takes_the_kernel(kernels: Kernels, record: dict[str, Any]) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        data = json.dumps(record | {"tags": ["a"]}, separators=separators).replace('["a"]', "true").encode() + b"\n"
        assert rows_of_kernel(data * 3, kernels) == 3
        assert_equal(read(data * 3, kernels), read(data * 3, None))


def test_producers_beyond_the_room_for_them_are_kept(kernels: Kernels) -> None:
    lines = [f'{{"time":1790000000,"msg":"m","host":"host-of-some-length-{number}"}}' for number in range(40_000)]
    data = "\n".join(lines).encode()
    assert_equal(read(data, kernels), read(data, None))


def test_a_file_that_breaks_off_is_told(kernels: Kernels) -> None:
    import gzip

    data = gzip.compress(b'{"time":1790000000,"msg":"m"}\n' * 10_000)[:-20]
    compiled, plain = read(data, kernels), read(data, None)
    assert_equal(compiled, plain)
    assert any(isinstance(part, Skipped) for part in compiled.skipped)


@pytest.mark.parametrize(
    "record",
    [
        '{"time":1790000000,"msg":"m","level":%d}',
        '{"time":1790000000,"msg":"m","key-%d":1,"level":"info"}',
        '{"time":1790000000,"msg":"m","req":{"id":{"of-%d":true}},"level":"info"}',
    ],
)
def test_more_levels_and_keys_than_are_remembered(
    kernels: Kernels, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_columns, "PART_BYTES", 8_000)
    data = "".join(f"{record % number}\n" for number in range(1_500)).encode()
    assert_equal(read(data, kernels), read(data, None))


@pytest.mark.parametrize("different", [3, 1_200])
def test_attribute_keys_are_codes_of_texts_that_differ(kernels: Kernels, tmp_path: Path, different: int) -> None:
    """Parquet's writer takes them for the numbers of its own dictionary. More keys than are remembered are texts."""
    record = '{"time":1790000000,"msg":"m","user":1,"of-%d":2,"a":{"b":3},"a.b2":4}\n'
    path = tmp_path / "shop.jsonl"
    path.write_text("".join(record % (number % different) for number in range(different)) * 2)
    parts = JsonRecords(EvidenceStream(path, kernels=kernels)).run()
    rows = next(part.rows for part in parts if isinstance(part, Batch))
    keys = rows.column("attributes").values.field("key")
    assert rows.schema.metadata == CHECKED
    assert keys.to_pylist()[:4] == ["user", "of-0", "a.b2", "a.b"]
    if different > 256:
        assert keys.type == pa.string()
    else:
        assert sorted(keys.dictionary.to_pylist()) == ["a.b", "a.b2", "of-0", "of-1", "of-2", "user"]


def test_memory_that_was_used_before_shows_nothing_of_it(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that has everything, and one that has the least, lie where the other lay in the part before."""
    monkeypatch.setattr(log_columns, "PART_BYTES", 4_000)
    full = '{"time":"2026-09-22T10:30:00Z","level":"info","msg":"%d","trace_id":"%032x","span_id":"%016x",'
    full += '"service":"cart","host":"n1","logger":"a","event.name":"b","exception.type":"c","none":null,"user":"u"}\n'
    least = '{"time":1790000000,"msg":"%d"}\n'
    parts = [full % (number, number, number) for number in range(1, 101)] + [least % number for number in range(400)]
    data = "".join(parts * 3).encode()
    assert rows_of_kernel(data, kernels) == len(parts) * 3
    assert_equal(read(data, kernels), read(data, None))
