"""The kernel of text logs against the plain road: the same rows from the same bytes, wherever the input is cut."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources import stream as streams
from deep_code_reasoning.sources import window as windows
from deep_code_reasoning.sources.logs import compiled_text_logs, log_columns
from deep_code_reasoning.sources.logs.plain_text import READER
from deep_code_reasoning.sources.reader import Batch
from deep_code_reasoning.sources.stream import EvidenceStream, Limits

FAST = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

DATES = st.sampled_from(
    ["2026-10-13", "2026/10/13", "2026.10.13", "2026-02-30", "1969-12-31", "2262-04-12", "9999-12-31"]
)
CLOCKS = st.sampled_from(["09:00:00", "24:00:00", "23:59:60", "25:00:00", "9:00:00", "09.00.00", "09:00"])
FRACTIONS = st.sampled_from(["", ".1", ",123", ":123", ".123456789", ".1234567890", ".", ",", ";"])
ZONES = st.sampled_from(
    ["", "Z", " Z", " UTC", "+02:00", "+0200", " -03", "+2", "+02:5", "-00:61", " GMT", " z", "Zoo"]
)
OPENINGS = st.sampled_from(["", "", "", "[", "(", "<", "\0", " ", "INFO ", "[WARN] ", "- "])
CLOSINGS = st.sampled_from([" ", " ", " ", "] ", "", ": ", "\t", ")", " \0", " [error] 12#3: "])
HEX = "0af7651916cd43dd8448eb211c80319c"
WORDS = st.sampled_from(
    [
        *("INFO", "WARN", "WARNING", "ERROR", "FATAL", "ALERT", "[INFO]", "[warn]", "level=error", 'level="info"'),
        *("|", "| debug", "|ERR|", "INFO:", "INFO.", "INFOX", "éINFO", "INFOé", "<error>", "[errors]", "xlevel=info"),
        *(
            HEX,
            f"trace_id={HEX}",
            f"00-{HEX}-b7ad6b7169203331-01",
            f"-{HEX}",
            HEX.upper(),
            f"{HEX}a",
            f"{HEX}A",
            "0" * 32,
        ),
        *(
            "span_id=b7ad6b7169203331",
            "SpanId: B7AD6B7169203331",
            "span-id=b7ad6b7169203331a",
            "ſpan_id=b7ad6b7169203331",
        ),
        *(
            "order 7 placed",
            "Zoë",
            "x" * 118,
            "é" * 60,
            "\u00a0INFO",
            "\u2003",
            "\0",
            "\r",
            "a=b",
            "{",
            "]",
            "\x1cINFO",
        ),
    ]
)
OTHER_LINES = st.sampled_from(
    [
        *(
            "",
            " ",
            "\r",
            "\tat com.shop.Api.post(Api.java:7)",
            "java.lang.IllegalStateException: no",
            "Caused by: x: y",
        ),
        *('{"time":"2026-10-13T09:00:00Z","level":"info","msg":"m"}', "level=info msg=hello time=2026-10-13T09:00:00Z"),
        *("E1013 09:00:00.123456  1 a.go:1] broken", "Oct 13 09:00:00 web-1 sshd[7]: no", "1790000000.123 x", "\0\0"),
        *(
            "continued",
            "Traceback (most recent call last):",
            '  File "a.py", line 1, in f',
            "ValueError: no",
            "20261013-9:0:0|x",
        ),
    ]
)


@st.composite
def timed_lines(draw: st.DrawFn) -> str:
    if draw(st.booleans()):  # the usual ones, so that the kernel takes several in a row
        time = draw(
            st.sampled_from(["2026-10-13T09:00:00.123Z", "2026-10-13 09:00:00,5", "[2026-10-13T09:00:00+02:00]"])
        )
        start = f"{time} "
    else:
        clock = draw(st.sampled_from(["T", " ", "_", "-", "  "])) + draw(CLOCKS)
        start = draw(OPENINGS) + draw(DATES) + clock + draw(FRACTIONS) + draw(ZONES) + draw(CLOSINGS)
    return start + draw(st.sampled_from([" ", " ", ""])).join(draw(st.lists(WORDS, max_size=4)))


LINES = st.lists(st.one_of(timed_lines(), timed_lines(), timed_lines(), OTHER_LINES), max_size=12)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n"])


def read(data: bytes, kernels: Kernels | None, limits: Limits | None = None) -> tuple[list[dict], list[dict], list]:
    """Rows of logs by number, resources, and what was skipped."""
    tables: dict[str, list[dict]] = {"logs": [], "resources": []}
    skipped = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payment.log"
        path.write_bytes(data)
        for part in READER.read(EvidenceStream(path, kernels=kernels, limits=limits)):
            if isinstance(part, Batch):
                part.rows.validate(full=True)
                tables[part.table] += part.rows.to_pylist()
            else:
                skipped.append(part)
    names = dict.fromkeys(name for row in tables["logs"] for name in row)  # a batch leaves out what none of it has
    rows = sorted((names | row for row in tables["logs"]), key=lambda row: row["log_number"])
    return (
        [{name: row[name] for name in sorted(row) if row[name] is not None} for row in rows],
        tables["resources"],
        sorted(skipped),
    )


@FAST
@given(LINES, ENDS, st.booleans())
def test_lines_give_the_same_rows(kernels: Kernels, lines: list[str], end: str, ends: bool) -> None:
    data = (end.join(lines) + end * ends).encode()
    assert read(data, kernels) == read(data, None)


@FAST
@given(LINES, st.data())
def test_damaged_lines_give_the_same_rows(kernels: Kernels, lines: list[str], data: st.DataObject) -> None:
    text = bytearray("\n".join(["2026-10-13T09:00:00Z INFO a", *lines]).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert read(bytes(text), kernels) == read(bytes(text), None)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Windows, and parts of them, so small that records, and what continues them, are cut."""
    monkeypatch.setattr(streams, "CHUNK_BYTES", 37)
    monkeypatch.setattr(log_columns, "PART_BYTES", 25)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 60)
    yield


@FAST
@given(LINES, ENDS, st.booleans(), st.sampled_from([None, Limits(line_bytes=50)]))
def test_lines_cut_by_windows_give_the_same_rows(
    kernels: Kernels, narrow: None, lines: list[str], end: str, ends: bool, limits: Limits | None
) -> None:
    data = (end.join(lines) + end * ends).encode()
    assert read(data, kernels, limits) == read(data, None, limits)


def test_usual_lines_are_read_by_the_kernel(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a line went the plain road")

    monkeypatch.setattr(compiled_text_logs.CompiledTextLogs, "_add", never)
    line = "2026-10-13T09:00:00.{:03}Z WARN Zoë waits, trace_id=0af7651916cd43dd8448eb211c80319c\n"
    logs, _, skipped = read("".join(line.format(number) for number in range(1000)).encode(), kernels)
    assert not skipped
    assert [row["log_number"] for row in logs] == list(range(1000))
    assert {(row["severity_number"], row["trace_id"]) for row in logs} == {(13, "0af7651916cd43dd8448eb211c80319c")}


def test_the_kernel_is_taken_up_when_it_is_there(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler takes seconds; until then records of several lines go on from window to window."""

    class Late(Kernels):
        asked = 0

        def find(self, kernel):
            self.asked += 1
            return kernels.find(kernel) if self.asked > 2 else None

    late = Late(None)
    monkeypatch.setattr(compiled_text_logs, "WINDOW_BYTES", 1000)
    data = "".join(
        f"2026-10-13 09:00:00,{n:03} ERROR no\n\tat a.B.c(B.java:{n})\n" * (n % 3) for n in range(999)
    ).encode()
    assert read(data, late) == read(data, None)
    assert late.asked > 2
