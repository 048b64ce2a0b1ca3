"""Binary fields of the journal's export format: values of several lines, and lengths that lie."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.reading import read_bytes


def binary(name: bytes, value: bytes, length: int | None = None) -> bytes:
    return name + b"\n" + (len(value) if length is None else length).to_bytes(8, "little") + value + b"\n"


def entry(number: int, message: bytes) -> bytes:
    return b"__REALTIME_TIMESTAMP=%d\n%s\n" % (1_791_882_000_000_000 + number, message)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.text(max_size=600).map(str.encode), min_size=1, max_size=8))
def test_what_is_written_is_read(values: list[bytes], tmp_path: Path) -> None:
    data = b"".join(entry(number, binary(b"FIELD", value)) for number, value in enumerate(values))
    reading = read_bytes(data, tmp_path)
    assert reading.reader == "journald"
    assert [row["attributes"]["FIELD"].encode() for row in reading.rows["logs"]] == values
    assert reading.skipped == []


def test_a_length_that_lies_costs_its_field(tmp_path: Path) -> None:
    reading = read_bytes(entry(0, binary(b"MESSAGE", b"abc", 2)) + entry(1, b"MESSAGE=next\n"), tmp_path)
    assert [row["body"] for row in reading.rows["logs"]] == ["", "next"]
    assert reading.reasons == ["journal field that is neither NAME=value nor of the length that it tells"]
