"""OTLP protobuf that is cut, damaged, padded or too large: what is whole is read, and the rest told by place."""

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.stream import Limits
from sources.test_otlp_protobuf import QUICK, binary, claim, field, framed, messages, numbers_of, spans_request


@settings(QUICK, max_examples=150)
@given(data=st.data())
def test_mutated_bytes_never_raise(data: st.DataObject, tmp_path: Path) -> None:
    several = data.draw(st.lists(messages, min_size=1, max_size=3))
    content = bytearray(framed(*(message.SerializeToString() for message in several)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 20)))
        content[start:end] = data.draw(st.binary(max_size=8))
    assert 0 <= claim(bytes(content)) <= 100
    binary(bytes(content), tmp_path)


@QUICK
@given(content=st.binary(max_size=300))
@example(content=b"\xff" * 300)
@example(content=b"\0" * 300)
@example(content=b"\x0a" * 300)
def test_noise_is_not_claimed(content: bytes, tmp_path: Path) -> None:
    assert claim(content) == 0
    binary(content, tmp_path)


@QUICK
@given(cut=st.integers(1, 700))
def test_a_truncated_file_keeps_its_whole_records(cut: int, tmp_path: Path) -> None:
    frame = framed(spans_request(1, 2, 3, 4))
    content = frame * 3
    content = content[: -min(cut, len(content) - 1)]
    reading = binary(content, tmp_path)
    one = len(field(2, spans_request(1)[4:])) - 2  # a span's bytes, about
    whole, rest = divmod(len(content), len(frame))
    assert numbers_of(reading)[: 4 * whole] == [1, 2, 3, 4] * whole
    assert len(numbers_of(reading)) >= 4 * whole + max(0, rest - 20) // one - 1
    assert len(reading.skipped) == (1 if rest else 0)
    assert all(whole * len(frame) <= skip.offset <= len(content) for skip in reading.skipped)


@QUICK
@given(cut=st.integers(1, 80))
def test_a_writer_that_was_killed_and_restarted(cut: int, tmp_path: Path) -> None:
    """Half a frame, and whole ones behind it: all of those are found."""
    half = framed(spans_request(4, 5))
    content = (
        framed(spans_request(1, 2, 3)) + half[: max(5, len(half) - cut)] + framed(spans_request(6), spans_request(7, 8))
    )
    reading = binary(content, tmp_path)
    found = numbers_of(reading)
    assert found[:3] == [1, 2, 3]
    assert found[-3:] == [6, 7, 8]
    swallowed = cut == len(framed(spans_request(6)))  # a whole frame fills the gap: all is well-formed
    assert reading.skipped or swallowed


def test_one_damaged_record_costs_itself(tmp_path: Path) -> None:
    content = bytearray(framed(spans_request(1, 2, 3), spans_request(4)))
    place = content.index(b"pay", content.index(b"pay") + 1) - 1  # the length of the second name
    content[place] = 0x7F
    reading = binary(bytes(content), tmp_path)
    assert numbers_of(reading) == [1, 3, 4]
    assert [(skip.offset, skip.reason) for skip in reading.skipped] == [
        (place + 1, "OTLP record that is not well-formed protobuf")
    ]


def test_zeros_between_frames(tmp_path: Path) -> None:
    """Messages without content, and what a file has where a machine lost power."""
    for zeros in (4, 8, 4096):
        reading = binary(framed(spans_request(1)) + b"\0" * zeros + framed(spans_request(2)), tmp_path)
        assert (numbers_of(reading), reading.skipped) == ([1, 2], [])
    for zeros in (1, 2, 3, 4097):
        reading = binary(framed(spans_request(1)) + b"\0" * zeros + framed(spans_request(2)), tmp_path)
        assert numbers_of(reading) == [1, 2]


def test_a_resource_larger_than_allowed_costs_itself(tmp_path: Path) -> None:
    large = spans_request(2, attributes=[{"key": "k", "value": {"stringValue": "x" * 100_000}}])
    reading = binary(framed(spans_request(1), large, spans_request(3)), tmp_path, Limits(document_bytes=50_000))
    assert numbers_of(reading) == [1, 3]
    assert reading.reasons == ["document larger than what is read as a whole"]
